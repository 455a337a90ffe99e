/** Epochs of examples that are rows of one length each: packed by length, or in a fixed order. */
import { tokenBatches, type PairLength } from "../data/index.ts";
import type { Batch, Epoch } from "../training/index.ts";

/** How rows become batches. */
export interface RowBatchOptions {
  /** The most tokens of a batch, padding included. */
  readonly batchTokens: number;
  readonly seed: number;
  /** Batches whose gradients are added up before an update. Default: 1. */
  readonly accumulate?: number | undefined;
}

/**
 * The batches of each epoch, counted from 0: rows of like length together, each row once; of rows with two sides, of
 * like lengths of both. `make` makes a batch of the rows of these numbers; which draw it is (epoch and place in it) goes with them, for what is drawn anew each time.
 */
export function rowBatches(
  lengths: readonly (number | PairLength)[],
  { batchTokens, seed, accumulate = 1 }: RowBatchOptions,
  make: (rows: readonly number[], draw: { readonly epoch: number; readonly batch: number }) => Omit<Batch, "examples">,
): (epoch: number) => Epoch {
  const sizes = lengths.map((one) => (typeof one === "number" ? { source: one, target: one } : one));
  return (epoch) => {
    const { batches } = tokenBatches(sizes, { tokens: batchTokens, seed, epoch });
    return {
      length: Math.ceil(batches.length / accumulate),
      batch: (index) => {
        let first = 0;
        return batches.slice(index * accumulate, (index + 1) * accumulate).map((rows, i) => {
          const examples = rows.map((_, place) => first + place);
          first += rows.length;
          return { ...make(rows, { epoch, batch: index * accumulate + i }), examples };
        });
      },
    };
  };
}
