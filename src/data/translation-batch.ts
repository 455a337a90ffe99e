import { InputError } from "../errors/index.ts";
import { roundUp } from "./token-batches.ts";

/** Where a label must not count in the loss, the value that says so. */
export const IGNORED = -100;

/** Token ids in rows of equal length: B rows of T. */
export interface TokenMatrix {
  readonly data: Int32Array;
  readonly shape: readonly [rows: number, length: number];
}

/** A sentence pair as token ids; both end with the end token, as the tokenizer gives them. */
export interface TokenPair {
  readonly source: ArrayLike<number>;
  readonly target: ArrayLike<number>;
}

/** One training batch of B pairs for an encoder-decoder. */
export interface TranslationBatch {
  /** [B, S], padded at the end. */
  readonly source: TokenMatrix;
  /** [B, T]: the target shifted right behind the start token (teacher forcing), padded at the end. */
  readonly target: TokenMatrix;
  /** [B, T]: the target itself, `IGNORED` at padding. */
  readonly labels: TokenMatrix;
  /** How many labels count in the loss. */
  readonly tokens: number;
}

/** How pairs become matrices. */
export interface TranslationBatchOptions {
  /** Id of the padding token. */
  readonly pad: number;
  /** Id of the token that the decoder starts from. */
  readonly start: number;
  /** Lengths are rounded up to a multiple of this, as in `tokenBatches`; 1 unless given. */
  readonly multiple?: number | undefined;
}

/** Sequences as the rows of a matrix, filled up at their ends with `fill` to the longest, rounded up to `multiple`. */
export function padRows(rows: readonly ArrayLike<number>[], fill: number, multiple = 1): TokenMatrix {
  let longest = 0;
  for (const row of rows) longest = Math.max(longest, row.length);
  const length = roundUp(longest, multiple);
  const data = new Int32Array(rows.length * length).fill(fill);
  for (const [index, row] of rows.entries()) data.set(row, index * length);
  return { data, shape: [rows.length, length] };
}

/**
 * The matrices of a batch for an encoder-decoder (Vaswani et al. 2017, section 3.1: the decoder's input is its output
 * "offset by one position").
 * @throws InputError for no pairs, or a side without tokens.
 */
export function translationBatch(pairs: readonly TokenPair[], options: TranslationBatchOptions): TranslationBatch {
  const { pad, start, multiple = 1 } = options;
  if (pairs.length === 0) throw new InputError("A batch needs at least one pair of sentences; it got none.");
  for (const [index, { source, target }] of pairs.entries()) {
    if (source.length > 0 && target.length > 0) continue;
    const side = source.length > 0 ? "target" : "source";
    throw new InputError(
      `Pair ${index} of the batch has no ${side} tokens. Leave out empty sentences before batching.`,
    );
  }
  const source = padRows(
    pairs.map((pair) => pair.source),
    pad,
    multiple,
  );
  const labels = padRows(
    pairs.map((pair) => pair.target),
    IGNORED,
    multiple,
  );
  const [rows, length] = labels.shape;
  const shifted = new Int32Array(rows * length).fill(pad);
  let tokens = 0;
  for (const [row, { target }] of pairs.entries()) {
    shifted[row * length] = start;
    for (let t = 1; t < target.length; t++) shifted[row * length + t] = target[t - 1]!;
    tokens += target.length;
  }
  return { source, target: { data: shifted, shape: labels.shape }, labels, tokens };
}
