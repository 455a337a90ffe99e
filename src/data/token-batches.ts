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

/** What a batch costs beside its token places, as a share of the limit: more means fuller batches and more padding. */
const BATCH_COST = 0.25;
/** By what share that cost, and the size of a layer, varies from place to place and from epoch to epoch. */
const VARIATION = 0.3;
/** Batches are cut between pieces; so many of them fill a batch. */
const PIECES = 128;

/**
 * Packs an epoch's examples into batches by number of tokens, each example exactly once. Sentences of similar length
 * come together (Vaswani et al. 2017, section 5.1) on both sides: examples are sorted by their longer side, in layers
 * that fill a batch or more, and in a layer by how much longer the source is, rising and falling in turn, so that
 * neighbors stay similar from layer to layer. Where this order is cut is the best of all ways: fewest token places,
 * padding included, where each batch costs some places more, so that batches stay full. Equal lengths come in random
 * order, and layers and costs vary with the epoch, so that two examples of like length share a batch now and then, not
 * always. The batches are shuffled. The same lengths, seed and epoch give the same batches.
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
  const sides: Sides = {
    source: Int32Array.from(lengths, ({ source }) => roundUp(source, multiple)),
    target: Int32Array.from(lengths, ({ target }) => roundUp(target, multiple)),
  };
  const order = sortedByLength(sides, tokens, generator);
  const batches = cut(order, sides, tokens, generator);
  const oversized = order.filter((index) => longer(sides, index) > tokens);
  return { batches: shuffle(batches, generator), padding: paddingOf(batches, lengths, multiple), oversized };
}

/** Lengths of each example, rounded up. */
interface Sides {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

const longer = ({ source, target }: Sides, index: number): number => Math.max(source[index]!, target[index]!);

/** A random number near 1. */
const varied = (generator: Random): number => 1 + VARIATION * (2 * generator.uniform() - 1);

/** All examples by layers of the longer side, then by the difference of the sides, up and down in turn. */
function sortedByLength(sides: Sides, tokens: number, generator: Random): number[] {
  const shuffled = shuffle([...sides.source.keys()], generator);
  const order = sortedBy(shuffled, (index) => longer(sides, index));
  let sign = 2 * generator.below(2) - 1;
  const sorted: number[][] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    const enough = tokens * varied(generator);
    for (let sum = 0; end < order.length; end++) {
      const length = longer(sides, order[end]!);
      if (sum >= enough && length !== longer(sides, order[end - 1]!)) break;
      sum += length;
    }
    const turn = sign;
    sorted.push(sortedBy(order.slice(start, end), (index) => turn * (sides.source[index]! - sides.target[index]!)));
    sign = -sign;
  }
  return sorted.flat();
}

/** The items by rising keys, which are whole numbers; equal ones keep their order. */
function sortedBy(items: readonly number[], key: (item: number) => number): number[] {
  const keys = Float64Array.from(items, (item, place) => key(item) * items.length + place).sort();
  // Keys may be negative, places are not.
  return Array.from(keys, (value) => items[value - Math.floor(value / items.length) * items.length]!);
}

/** Neighbors that are never parted. */
interface Piece {
  /** Where the next piece begins. */
  readonly end: number;
  readonly source: number;
  readonly target: number;
}

/** One example, or more where they are a small part of a batch: fewer places to consider, and hardly emptier batches. */
function piecesOf(order: readonly number[], sides: Sides, tokens: number): Piece[] {
  const pieces: Piece[] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    let [source, target] = [0, 0];
    for (; end < order.length; end++) {
      const nextSource = Math.max(source, sides.source[order[end]!]!);
      const nextTarget = Math.max(target, sides.target[order[end]!]!);
      if (end > start && Math.max(nextSource, nextTarget) * (end + 1 - start) * PIECES > tokens) break;
      [source, target] = [nextSource, nextTarget];
    }
    pieces.push({ end, source, target });
  }
  return pieces;
}

/** Cuts the order into batches at the least cost, by dynamic programming over where the last batch begins. */
function cut(order: readonly number[], sides: Sides, tokens: number, generator: Random): number[][] {
  const pieces = piecesOf(order, sides, tokens);
  const startOf = (piece: number): number => (piece === 0 ? 0 : pieces[piece - 1]!.end);
  const least = new Float64Array(pieces.length + 1);
  const from = new Int32Array(pieces.length + 1);
  for (let last = 0; last < pieces.length; last++) {
    const perBatch = tokens * BATCH_COST * varied(generator);
    least[last + 1] = Infinity;
    let [source, target] = [0, 0];
    for (let first = last; first >= 0; first--) {
      source = Math.max(source, pieces[first]!.source);
      target = Math.max(target, pieces[first]!.target);
      const count = pieces[last]!.end - startOf(first);
      if (first < last && Math.max(source, target) * count > tokens) break;
      const cost = least[first]! + (source + target) * count + perBatch;
      if (cost < least[last + 1]!) [least[last + 1], from[last + 1]] = [cost, first];
    }
  }
  const batches: number[][] = [];
  for (let end = pieces.length; end > 0; end = from[end]!) {
    batches.push(order.slice(startOf(from[end]!), startOf(end)));
  }
  return batches;
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
