/** Texts as rows of token ids, kept small, and rows as the inputs of a model. */
import { InputError } from "../errors/index.ts";
import type { MaskableRow } from "../objectives/index.ts";
import type { Values } from "../runtime/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Encoding, Tokenizer, TokenizerInput } from "../tokens/index.ts";

/** The tokens of a text, or of a pair: ids, types, and the word of each, below 0 for tokens that were added. */
export interface TokenRow extends MaskableRow {
  readonly typeIds: Uint8Array;
}

/** How long rows are where neither the model nor the config says. */
const LENGTH = 512;

/** The most tokens of a row: what the config asks for, at most what the model reads. */
export function rowLength({ model }: TextModel, { maxLength }: { readonly maxLength?: number | undefined }): number {
  const { longest } = model.architecture;
  return Math.min(maxLength ?? longest ?? LENGTH, longest ?? Infinity);
}

/** Texts that are encoded at once. */
const TOGETHER = 1000;

/** The rows of texts; one that is too long gives several. Texts without any token of their own give none. */
export function rowsOfTexts(model: TextModel, texts: readonly string[], maxLength: number): TokenRow[] {
  const rows: TokenRow[] = [];
  for (let start = 0; start < texts.length; start += TOGETHER) {
    const { encodings } = model.encode(texts.slice(start, start + TOGETHER), { truncate: true, maxLength });
    for (const { overflowing, ...first } of encodings) {
      for (const encoding of [first, ...overflowing]) {
        const row = rowOf(encoding);
        if (row.words.some((word) => word >= 0)) rows.push(row);
      }
    }
  }
  if (rows.length === 0) throw new InputError("There is no text to learn from: every line is empty.");
  return rows;
}

/** The row of a text or a pair, cut off at a length. */
export function rowOfText(model: TextModel, input: TokenizerInput, maxLength: number): TokenRow {
  return rowOf(model.encode([input], { truncate: true, maxLength }).encodings[0]!);
}

function rowOf({ ids, typeIds, wordIds, sequenceIds, specialTokensMask }: Omit<Encoding, "overflowing">): TokenRow {
  // Words of the two texts of a pair have the same numbers.
  const words = wordIds.map((word, i) => {
    return word === undefined || specialTokensMask[i] === 1 ? -1 : 2 * word + (sequenceIds[i] ?? 0);
  });
  return { ids: Int32Array.from(ids), typeIds: Uint8Array.from(typeIds), words: Int32Array.from(words) };
}

/** Rows as the model's inputs, padded at the right; `ids` in place of their own. */
export function feedsOfRows(model: TextModel, rows: readonly TokenRow[], ids: readonly Int32Array[]): Values {
  return model.feeds(rows.map(({ typeIds }, i) => ({ ids: ids[i]!, typeIds, attentionMask: ids[i]!.map(() => 1) })));
}

/** The tokens of ids. */
export function tokensOf(tokenizer: Tokenizer, ids: Int32Array): string[] {
  return Array.from(ids, (id) => tokenizer.idToToken(id) ?? `#${id}`);
}

/** How long rows are, for people. */
export function lengthsOf(lengths: readonly number[]): string {
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return `tokens a row: median ${at(0.5)}, nine of ten at most ${at(0.9)}, longest ${sorted.at(-1)!}`;
}

/** What tokens are usually called, for a tokenizer.json without a config that says which part they play. */
const usual = { mask: ["[MASK]", "<mask>"], eos: ["</s>", "<|endoftext|>", "[SEP]"] } as const;

/** The id of the token that hides others, or that ends a text; undefined where there is none. */
export function idOf(tokenizer: Tokenizer, role: keyof typeof usual): number | undefined {
  const named = tokenizer.special[role]?.id;
  if (named !== undefined) return named;
  return usual[role].map((token) => tokenizer.tokenToId(token)).find((id) => id !== undefined);
}
