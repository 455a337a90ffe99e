/** Epochs of examples that are rows of one length each: packed by length, or in a fixed order. */
import { tokenBatches, type PairLength } from "../data/index.ts";
import { random, shuffle } from "../random/index.ts";
import type { Batch, Epoch } from "../training/index.ts";

/** How rows become batches. */
export interface RowBatchOptions {
  /** The most tokens of a batch, padding included. */
  readonly batchTokens: number;
  readonly seed: number;
  /** Batches whose gradients are added up before an update. Default: 1. */
  readonly accumulate?: number | undefined;
  /** Rows of the inputs that an example makes, one after the other: each has dropout masks of its own. Default: 1. */
  readonly rowsOfExample?: number | undefined;
}

/**
 * The batches of each epoch, counted from 0: rows of like length together, each row once; of rows with two sides, of
 * like lengths of both. Where all are of one length, every batch but the last is full. `make` makes a batch of the rows
 * of these numbers; which draw it is (epoch and place in it) goes with them, for what is drawn anew each time.
 */
export function rowBatches(
  lengths: readonly (number | PairLength)[],
  { batchTokens, seed, accumulate = 1, rowsOfExample = 1 }: RowBatchOptions,
  make: (rows: readonly number[], draw: { readonly epoch: number; readonly batch: number }) => Omit<Batch, "examples">,
): (epoch: number) => Epoch {
  return (epoch) => {
    const batches = groupsOf(lengths, batchTokens, seed, epoch);
    return {
      length: Math.ceil(batches.length / accumulate),
      batch: (index) => {
        let first = 0;
        return batches.slice(index * accumulate, (index + 1) * accumulate).map((rows, i) => {
          const count = rows.length * rowsOfExample;
          const examples = Array.from({ length: count }, (_, place) => first + place);
          first += count;
          return { ...make(rows, { epoch, batch: index * accumulate + i }), examples };
        });
      },
    };
  };
}

/** Every row once, in batches of like length; the same ones each time. */
export function batchedOnce<T>(
  lengths: readonly number[],
  batchTokens: number,
  make: (rows: readonly number[]) => T,
): T[] {
  return groupsOf(lengths, batchTokens, 1, 0).map(make);
}

function groupsOf(
  lengths: readonly (number | PairLength)[],
  batchTokens: number,
  seed: number,
  epoch: number,
): readonly (readonly number[])[] {
  const sizes = lengths.map((one) => (typeof one === "number" ? { source: one, target: one } : one));
  const [first] = sizes;
  const even = sizes.every(({ source, target }) => source === first!.source && target === first!.target);
  if (!even) return tokenBatches(sizes, { tokens: batchTokens, seed, epoch }).batches;
  const size = Math.max(1, Math.floor(batchTokens / Math.max(first?.source ?? 1, first?.target ?? 1)));
  const order = shuffle([...sizes.keys()], random(seed, "even batches", epoch));
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}
