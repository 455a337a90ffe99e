import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import type { AddedToken } from "./added-tokens.ts";
import { readBpe } from "./bpe.ts";
import { makeDecoder, type Decoder } from "./decoders.ts";
import type { Model } from "./model.ts";
import { makeNormalizer, type Normalizer } from "./normalizers.ts";
import { makePostProcessor, type PostProcessor } from "./post-processors.ts";
import { makePreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts";
import { makeStage, readSettings, type StageJson, type StageMaker } from "./stages.ts";
import type { Role, TokenForm, TokenizerConfig } from "./tokenizer-config.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readUnigram } from "./unigram.ts";
import { readWordLevel } from "./word-level.ts";
import { readWordPiece } from "./word-piece.ts";

/** The stages of a tokenizer. All but the model may be left out. */
export interface TokenizerParts {
  readonly model: Model;
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer?: PreTokenizer | undefined;
  readonly postProcessor?: PostProcessor | undefined;
  readonly decoder?: Decoder | undefined;
  readonly addedTokens?: readonly AddedToken[];
  /** As in `tokenizer.json`; texts are cut off only where the caller asks for it. */
  readonly truncation?: unknown;
  /** As in `tokenizer.json`; texts are padded only where the caller asks for it. */
  readonly padding?: unknown;
  /** What the small files beside the vocabulary say. */
  readonly config?: TokenizerConfig | undefined;
  /** The special tokens by the part that they play; null for a part that has none on purpose. */
  readonly special?: Readonly<Partial<Record<Role, TokenForm | null>>> | undefined;
  /** `chat_template`: one template, or several by name. */
  readonly chatTemplate?: unknown;
  /** The tokenizer of the language that is translated into, where it is another one. */
  readonly target?: Tokenizer | undefined;
  /** The files that the tokenizer was opened from, where it was opened from several. */
  readonly files?: ReadonlyMap<string, string | Uint8Array> | undefined;
}

/** The contents of `tokenizer.json`, version 1.0, as Hugging Face `tokenizers` defines it. */
export interface TokenizerJson {
  readonly version: "1.0";
  readonly truncation: unknown;
  readonly padding: unknown;
  readonly added_tokens: readonly unknown[];
  readonly normalizer: StageJson | null;
  readonly pre_tokenizer: StageJson | null;
  readonly post_processor: StageJson | null;
  readonly decoder: StageJson | null;
  readonly model: StageJson;
}

const models: Readonly<Record<string, StageMaker<Model>>> = {
  BPE: readBpe,
  WordPiece: readWordPiece,
  Unigram: readUnigram,
  WordLevel: readWordLevel,
};

const addedTokenSchema = z.object({
  id: z.number().int().nonnegative(),
  content: z.string(),
  single_word: z.boolean(),
  lstrip: z.boolean(),
  rstrip: z.boolean(),
  normalized: z.boolean(),
  special: z.boolean(),
});

/** `added_tokens` of `tokenizer.json`. */
const addedTokensSchema = z.array(
  addedTokenSchema.transform(({ single_word, ...token }): AddedToken => ({ ...token, singleWord: single_word })),
);

const schema = z.object({
  version: z.literal("1.0", { error: 'expected "1.0"' }).optional(),
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  added_tokens: addedTokensSchema.default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.unknown().optional(),
});

/** Reads `tokenizer.json`, given as text or as the parsed object. Throws CheckpointError. */
export function readTokenizerJson(json: unknown): TokenizerParts {
  const read = readSettings(schema, typeof json === "string" ? parse(json) : json, "tokenizer.json");
  const stage = <Stage>(part: unknown, make: (json: unknown) => Stage): Stage | undefined =>
    part === undefined || part === null ? undefined : make(part);
  return {
    model: makeStage(legacyModel(read.model), "model", models),
    normalizer: stage(read.normalizer, makeNormalizer),
    preTokenizer: stage(read.pre_tokenizer, makePreTokenizer),
    postProcessor: stage(read.post_processor, makePostProcessor),
    decoder: stage(read.decoder, makeDecoder),
    addedTokens: read.added_tokens,
    truncation: read.truncation,
    padding: read.padding,
  };
}

/** Older files leave out the type of the model; only byte-pair encoding has merges. */
function legacyModel(json: unknown): unknown {
  if (typeof json !== "object" || json === null || "type" in json || !("merges" in json)) return json;
  return { type: "BPE", ...json };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError(`tokenizer.json is not JSON (${reason}). Was it saved completely?`);
  }
}

/**
 * Writes `tokenizer.json` with the keys in the order in which Hugging Face `tokenizers` writes them.
 * Throws CheckpointError for stages that it has no form for.
 */
export function writeTokenizerJson(parts: TokenizerParts): string {
  for (const stage of [parts.normalizer, parts.preTokenizer, parts.decoder]) {
    if (stage?.json["unwritable"] !== true) continue;
    throw new CheckpointError(
      `tokenizer.json has no form for "${stage.json.type}". Keep the files that this tokenizer was opened from; ` +
        `tokenizer.files() gives them.`,
    );
  }
  return writeJson({
    version: "1.0",
    truncation: parts.truncation ?? null,
    padding: parts.padding ?? null,
    added_tokens: addedTokensJson(parts.addedTokens ?? []),
    normalizer: parts.normalizer?.json ?? null,
    pre_tokenizer: parts.preTokenizer?.json ?? null,
    post_processor: parts.postProcessor?.json ?? null,
    decoder: parts.decoder?.json ?? null,
    model: parts.model.toJson(),
  });
}

/** JSON, with a Map written as an object in its own order: an object of ours would put keys such as "7" first. */
function writeJson(value: unknown): string {
  if (value instanceof Map) return writeObject([...(value as Map<string, unknown>)]);
  if (Array.isArray(value)) return `[${value.map(writeJson).join(",")}]`;
  if (typeof value === "object" && value !== null) return writeObject(Object.entries(value));
  return JSON.stringify(value);
}

function writeObject(entries: readonly (readonly [string, unknown])[]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${writeJson(value)}`).join(",")}}`;
}

/** Added tokens as `tokenizer.json` writes them. */
function addedTokensJson(tokens: readonly AddedToken[]): z.infer<typeof addedTokenSchema>[] {
  return [...tokens]
    .sort((a, b) => a.id - b.id)
    .map(({ id, content, singleWord, lstrip, rstrip, normalized, special }) => {
      return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special };
    });
}
