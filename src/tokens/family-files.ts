import { CheckpointError } from "../errors/index.ts";
import type { AddedToken } from "./added-tokens.ts";
import type { Decoder } from "./decoders.ts";
import type { Model } from "./model.ts";
import type { Normalizer } from "./normalizers.ts";
import type { PreTokenizer } from "./pre-tokenizers.ts";
import type { StageJson } from "./stages.ts";
import { parseObject, type Role, type TokenForm, type TokenizerConfig } from "./tokenizer-config.ts";
import { readVocabulary } from "./vocabulary.ts";

/** The files of a tokenizer by name: texts, and bytes where they are binary. */
export type TokenizerFiles = ReadonlyMap<string, string | Uint8Array>;

/** A special token with its id. */
export interface SpecialToken {
  readonly token: string;
  readonly id: number;
}

/** What a family makes of its files, before special tokens have ids. */
export interface FamilyStages {
  readonly model: Model;
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer?: PreTokenizer | undefined;
  readonly decoder?: Decoder | undefined;
  /** The special tokens that the family has where the files do not say otherwise. */
  readonly special: Readonly<Partial<Record<Role, TokenForm>>>;
  /** Further tokens that are found in the text as they are. */
  readonly tokens?: readonly AddedToken[];
  /** The post-processor, once the special tokens have ids. */
  readonly post?: (special: (role: Role) => SpecialToken) => StageJson | undefined;
}

/** Opens the files of one family. */
export type FamilyReader = (files: TokenizerFiles, config: TokenizerConfig) => FamilyStages;

/** A file as text. Throws CheckpointError where it is missing. */
export function textFile(files: TokenizerFiles, name: string): string {
  const file = files.get(name);
  if (file === undefined) throw missing(files, [name]);
  return typeof file === "string" ? file : new TextDecoder().decode(file);
}

/** The first of several files that is there, as bytes. Throws CheckpointError where none is. */
export function binaryFile(files: TokenizerFiles, names: readonly string[]): { name: string; bytes: Uint8Array } {
  for (const name of names) {
    const file = files.get(name);
    if (file !== undefined) return { name, bytes: typeof file === "string" ? new TextEncoder().encode(file) : file };
  }
  throw missing(files, names);
}

function missing(files: TokenizerFiles, names: readonly string[]): CheckpointError {
  const there = [...files.keys()].join(", ") || "nothing";
  return new CheckpointError(`The tokenizer needs ${names.join(" or ")}; found ${there}. Is the download complete?`);
}

/** The vocabulary of a file with one token a line; of equal ones the last line counts. */
export function vocabularyOfLines(text: string): Map<string, number> {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return new Map(lines.map((token, id) => [token, id]));
}

/** The vocabulary of a JSON file of token to id. */
export function vocabularyOfJson(files: TokenizerFiles, name: string): Map<string, number> {
  return readVocabulary(parseObject(textFile(files, name), name), name);
}

/** The merges of merges.txt. */
export function mergesOfLines(text: string): [string, string][] {
  return text.split("\n").flatMap((line, i): [string, string][] => {
    const merge = line.replace(/\r$/, "");
    if (merge === "" || merge.startsWith("#version")) return [];
    const [left, right, more] = merge.split(" ");
    if (left !== undefined && right !== undefined && more === undefined) return [[left, right]];
    throw new CheckpointError(`merges.txt, line ${i + 1}: ${JSON.stringify(merge)} is not two tokens.`);
  });
}

/** A special token with the usual settings. */
export function form(content: string, settings: Partial<TokenForm> = {}): TokenForm {
  return {
    content,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
    ...settings,
  };
}

/** A template from lists in which "A" and "B" stand for the texts, and the rest are special tokens; ":1" is a type. */
export function template(
  single: readonly string[],
  pair: readonly string[],
  special: readonly SpecialToken[],
): StageJson {
  const piece = (written: string): unknown => {
    const typeId = written.endsWith(":1") ? 1 : 0;
    const id = written.replace(/:[01]$/, "");
    return id === "A" || id === "B" ? { Sequence: { id, type_id: typeId } } : { SpecialToken: { id, type_id: typeId } };
  };
  return {
    type: "TemplateProcessing",
    single: single.map(piece),
    pair: pair.map(piece),
    special_tokens: Object.fromEntries(
      special.map(({ token, id }) => [token, { id: token, ids: [id], tokens: [token] }]),
    ),
  };
}

/** A setting of tokenizer_config.json that is true or false. */
export function flagOf(config: TokenizerConfig, key: string, fallback: boolean): boolean {
  const value = config.json[key];
  return typeof value === "boolean" ? value : fallback;
}
