import { InputError } from "../errors/index.ts";
import { random, type Random, shuffle } from "../random/index.ts";
import type { PairLength } from "./text-pairs.ts";

/** How an epoch is cut into batches. */
export interface TokenBatchesOptions {
  /** The most tokens that a side of a batch may have, padding included: examples × longest. */
  readonly tokens: number;
  readonly seed: number;
  /** Epochs are counted from 0; each has its own order. */
  readonly epoch: number;
  /** Lengths are padded up to a multiple of this, and the limit counts them so: fewer different shapes. 1 unless given. */
  readonly multiple?: number | undefined;
}

/** The batches of an epoch. A run resumes at batch i of epoch e by asking for epoch e again. */
export interface TokenBatches {
  /** For each batch the numbers of its examples. */
  readonly batches: readonly (readonly number[])[];
  /** The share of all token places that is padding, on each side and on both, from 0 to 1. */
  readonly padding: { readonly source: number; readonly target: number; readonly both: number };
  /** Examples that exceed the limit alone; each makes a batch of its own. */
  readonly oversized: readonly number[];
}

/** Target lengths in a band differ by less than this; wider bands mix more and pad more. */
const BAND = 2;

/**
 * Packs an epoch's examples into batches by number of tokens, each example exactly once. Sentences of similar length
 * come together (Vaswani et al. 2017, section 5.1): examples are shuffled, sorted by bands of target lengths and in a
 * band by source length, rising and falling in turn so that neighbors stay similar from band to band, then cut into
 * batches, and the batches shuffled. Where bands begin, which of them rise and how full the first batch is changes with
 * the epoch, so that two examples of like length share a batch now and then, not always.
 * The same lengths, seed and epoch give the same batches.
 * @throws InputError unless `tokens` and `multiple` are whole numbers of at least 1.
 */
export function tokenBatches(lengths: readonly PairLength[], options: TokenBatchesOptions): TokenBatches {
  const { tokens, seed, epoch, multiple = 1 } = options;
  for (const [name, value] of Object.entries({ tokens, multiple })) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new InputError(`${name} is ${value}; batches need a whole number of at least 1.`);
    }
  }
  const generator = random(seed, "batches", epoch);
  const order = sortedByLength(lengths, generator);
  const batches: number[][] = [];
  const oversized: number[] = [];
  let batch: number[] = [];
  let longest = 0;
  let limit = tokens * (0.25 + 0.75 * generator.uniform());
  for (const index of order) {
    const length = roundUp(Math.max(lengths[index]!.source, lengths[index]!.target), multiple);
    if (length > tokens) oversized.push(index);
    if (batch.length > 0 && Math.max(longest, length) * (batch.length + 1) > limit) {
      batches.push(batch);
      [batch, longest, limit] = [[], 0, tokens];
    }
    batch.push(index);
    longest = Math.max(longest, length);
  }
  if (batch.length > 0) batches.push(batch);
  return { batches: shuffle(batches, generator), padding: paddingOf(batches, lengths, multiple), oversized };
}

/** All examples by band of target lengths, then by source length, up and down in turn; equal ones in random order. */
function sortedByLength(lengths: readonly PairLength[], generator: Random): number[] {
  const order = shuffle([...lengths.keys()], generator);
  const [phase, turn] = [generator.below(BAND), generator.below(2)];
  const band = (index: number): number => Math.floor((lengths[index]!.target + phase) / BAND);
  return order.sort((a, b) => {
    if (band(a) !== band(b)) return band(a) - band(b);
    const rising = lengths[a]!.source - lengths[b]!.source;
    return (band(a) + turn) % 2 === 0 ? rising : -rising;
  });
}

function paddingOf(
  batches: readonly (readonly number[])[],
  lengths: readonly PairLength[],
  multiple: number,
): TokenBatches["padding"] {
  const places = { source: 0, target: 0 };
  const used = { source: 0, target: 0 };
  for (const side of ["source", "target"] as const) {
    for (const batch of batches) {
      let longest = 0;
      for (const index of batch) {
        longest = Math.max(longest, lengths[index]![side]);
        used[side] += lengths[index]![side];
      }
      places[side] += roundUp(longest, multiple) * batch.length;
    }
  }
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : 1 - part / whole);
  return {
    source: share(used.source, places.source),
    target: share(used.target, places.target),
    both: share(used.source + used.target, places.source + places.target),
  };
}

/** The smallest multiple of `multiple` that is not below `length`. */
export function roundUp(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}
