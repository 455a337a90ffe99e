import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { specialToken, type AddedToken } from "./added-tokens.ts";
import { readSettings } from "./stages.ts";

/** The parts that special tokens play. */
export const roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"] as const;
export type Role = (typeof roles)[number];

/** A special token as the files describe it, before it has an id. */
export type TokenForm = Omit<AddedToken, "id">;

/** What tokenizer_config.json, special_tokens_map.json and added_tokens.json say, put together. */
export interface TokenizerConfig {
  /** tokenizer_config.json as it is. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The special tokens that are named; null for a part that has none on purpose. */
  readonly special: Readonly<Partial<Record<Role, TokenForm | null>>>;
  /** Special tokens without a part of their own. */
  readonly additional: readonly TokenForm[];
  /** Tokens with ids, from `added_tokens_decoder` or added_tokens.json. */
  readonly added: readonly AddedToken[];
}

const flag = z.boolean().optional();
const tokenSchema = z.union([
  z.string(),
  z.object({ content: z.string(), single_word: flag, lstrip: flag, rstrip: flag, normalized: flag, special: flag }),
]);
const tokensSchema = z.union([
  z.array(tokenSchema),
  z.record(z.string(), tokenSchema).transform((tokens) => Object.values(tokens)),
]);
const decoderSchema = z.record(z.string().regex(/^\d+$/), tokenSchema);
const idsSchema = z.record(z.string(), z.number().int().nonnegative());

/** Reads the small files beside a vocabulary, each given as text. Throws CheckpointError naming the file. */
export function readTokenizerConfig(files: {
  readonly config?: string | undefined;
  readonly specialTokensMap?: string | undefined;
  readonly addedTokens?: string | undefined;
}): TokenizerConfig {
  const json = parseObject(files.config, "tokenizer_config.json");
  const decoder = json["added_tokens_decoder"];
  const map = decoder === undefined ? parseObject(files.specialTokensMap, "special_tokens_map.json") : {};
  const named = { ...json, ...map };
  const special: Partial<Record<Role, TokenForm | null>> = {};
  for (const role of roles) {
    const token = named[`${role}_token`];
    if (token === undefined) continue;
    special[role] = token === null ? null : formOf(token, `${role}_token`, true);
  }
  const more = named["additional_special_tokens"] ?? named["extra_special_tokens"] ?? [];
  const additional = readSettings(tokensSchema, more, "additional_special_tokens").map((token) =>
    formOf(token, "additional_special_tokens", true),
  );
  const added =
    decoder === undefined
      ? Object.entries(
          readSettings(idsSchema, parseObject(files.addedTokens, "added_tokens.json"), "added_tokens.json"),
        ).map(([content, id]) => ({ ...specialToken(id, content), special: false, normalized: true }))
      : Object.entries(readSettings(decoderSchema, decoder, "added_tokens_decoder")).map(([id, token]) => {
          return { ...formOf(token, "added_tokens_decoder", false), id: Number(id) };
        });
  return { json, special, additional, added: added.sort((a, b) => a.id - b.id) };
}

function formOf(token: unknown, where: string, special: boolean): TokenForm {
  const read = readSettings(tokenSchema, token, where);
  const { content, single_word, lstrip, rstrip, normalized, ...rest } =
    typeof read === "string" ? { content: read } : { ...read };
  return {
    content,
    singleWord: single_word ?? false,
    lstrip: lstrip ?? false,
    rstrip: rstrip ?? false,
    normalized: normalized ?? !special,
    special: special || (rest.special ?? false),
  };
}

/** A JSON object from the text of a file that may be missing. */
export function parseObject(text: string | undefined, name: string): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError(`${name} is not JSON (${reason}). Was it saved completely?`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CheckpointError(`${name} holds no JSON object.`);
  }
  return value as Record<string, unknown>;
}

/** The text of tokenizer_config.json for the parts that special tokens play; undefined where they play none. */
export function writeTokenizerConfig(
  special: Readonly<Partial<Record<Role, TokenForm | null>>> = {},
): string | undefined {
  const named = roles.flatMap((role) => {
    const form = special[role];
    return form === undefined || form === null ? [] : [[`${role}_token`, written(form)] as const];
  });
  if (named.length === 0) return undefined;
  const json = { tokenizer_class: "PreTrainedTokenizerFast", ...Object.fromEntries(named) };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** A token as Python writes it: its text, or all about it where it is no ordinary special token. */
function written({ content, singleWord, lstrip, rstrip, normalized, special }: TokenForm): unknown {
  if (!singleWord && !lstrip && !rstrip && !normalized && special) return content;
  return { __type: "AddedToken", content, single_word: singleWord, lstrip, rstrip, normalized, special };
}
