/**
 * Sufficient statistics by segment (sentence): the counts from which a corpus score is computed after they are summed.
 * Intervals and tests between systems draw segments and sum their rows again, without reading the text again.
 */
import { InputError } from "../errors/index.ts";

/** Counts of one system's output, one row a segment. */
export interface SegmentStatistics {
  /** The metric with its signature: statistics of two systems can be compared only if they have the same one. */
  readonly metric: string;
  /** Number of rows. */
  readonly segments: number;
  /** Numbers in a row. */
  readonly width: number;
  /** Row after row: `[segments, width]`. */
  readonly rows: Float64Array;
  /** The corpus score from the sums of the rows' columns: `[width]`. */
  readonly score: (sums: Float64Array) => number;
}

/** The sums of all rows' columns: `[width]`. */
export function sumRows({ segments, width, rows }: SegmentStatistics): Float64Array {
  const sums = new Float64Array(width);
  for (let row = 0; row < segments; row++) {
    for (let column = 0; column < width; column++) sums[column]! += rows[row * width + column]!;
  }
  return sums;
}

/**
 * Statistics of a (weighted) mean, for intervals and tests of anything that is averaged over segments: accuracy by
 * sentence, nats per token weighted by the number of tokens.
 * @throws InputError where there are no values, or not as many weights as values.
 */
export function meanStatistics(values: ArrayLike<number>, weights?: ArrayLike<number>): SegmentStatistics {
  const segments = values.length;
  if (segments === 0) throw new InputError("There are no values: a mean needs at least one.");
  if (weights !== undefined && weights.length !== segments) {
    throw new InputError(`There are ${segments} values but ${weights.length} weights. Give one weight for each value.`);
  }
  const rows = new Float64Array(segments * 2);
  for (let i = 0; i < segments; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    rows[2 * i] = values[i]! * weight;
    rows[2 * i + 1] = weight;
  }
  return { metric: "mean", segments, width: 2, rows, score: (sums) => sums[0]! / sums[1]! };
}
