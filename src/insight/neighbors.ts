/** Which rows are nearest to a vector. */
import { InputError } from "../errors/index.ts";
import { dot, rowAt, rowLengths, type Rows } from "./rows.ts";

/** How near is measured: the cosine of the angle, largest first, or the Euclidean distance, smallest first. */
export const metrics = ["cosine", "euclidean"] as const;
export type Metric = (typeof metrics)[number];

/** A row and its cosine or distance. */
export interface Neighbor {
  readonly row: number;
  readonly value: number;
}

/** Which neighbors. */
export interface NeighborOptions {
  /** "cosine" unless told. */
  readonly metric?: Metric | undefined;
  /** 10 unless told. */
  readonly count?: number | undefined;
  /** Rows that do not count. */
  readonly without?: ReadonlySet<number> | undefined;
}

/**
 * The rows nearest to a vector [width], nearest first; of equally near ones the first. The cosine with a row of zeros
 * is 0. Throws InputError where the vector has another width.
 */
export function neighborsOf(rows: Rows, vector: ArrayLike<number>, options: NeighborOptions = {}): Neighbor[] {
  const { metric = "cosine", count = 10, without } = options;
  if (vector.length !== rows.width) {
    throw new InputError(`The vector has ${vector.length} numbers, and rows here have ${rows.width}.`);
  }
  const values = metric === "cosine" ? cosinesWith(rows, vector) : distancesTo(rows, vector);
  return bestRows(values, { count, without, smallest: metric === "euclidean" });
}

/** The cosine of each row with a vector: [count]. */
export function cosinesWith(rows: Rows, vector: ArrayLike<number>, lengths = rowLengths(rows)): Float64Array {
  const own = Math.sqrt(dot(vector, vector));
  return Float64Array.from({ length: rows.count }, (_, i) => {
    const scale = own * lengths[i]!;
    return scale === 0 ? 0 : dot(vector, rowAt(rows, i)) / scale;
  });
}

function distancesTo(rows: Rows, vector: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows.count }, (_, i) => {
    const row = rowAt(rows, i);
    let square = 0;
    for (let d = 0; d < row.length; d++) square += (row[d]! - vector[d]!) ** 2;
    return Math.sqrt(square);
  });
}

/** The places of the largest or smallest values, best first, with the values. */
export function bestRows(
  values: Float64Array,
  {
    count,
    without,
    smallest = false,
  }: { count: number; without?: ReadonlySet<number> | undefined; smallest?: boolean },
): Neighbor[] {
  const sign = smallest ? -1 : 1;
  const best: Neighbor[] = [];
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (without?.has(row) === true) continue;
    if (best.length === count && sign * value <= sign * best[count - 1]!.value) continue;
    let at = best.length;
    while (at > 0 && sign * best[at - 1]!.value < sign * value) at--;
    best.splice(at, 0, { row, value });
    if (best.length > count) best.pop();
  }
  return best;
}
