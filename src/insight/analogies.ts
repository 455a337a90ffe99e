/** Analogies between words as directions between their vectors: man is to woman as king is to queen. */
import { InputError } from "../errors/index.ts";
import { bestRows, cosinesWith, type Neighbor } from "./neighbors.ts";
import { rowLengths, type Rows } from "./rows.ts";

/** How the fourth word is found. */
export const analogyMethods = ["add", "multiply"] as const;
export type AnalogyMethod = (typeof analogyMethods)[number];

/** Which words are found, and how. */
export interface AnalogyOptions {
  /** "add" unless told. */
  readonly method?: AnalogyMethod | undefined;
  /** 10 unless told. */
  readonly count?: number | undefined;
  /** Rows that do not count: those of the given words, by custom. */
  readonly without?: ReadonlySet<number> | undefined;
}

/** ε in the denominator of `multiply` (Levy and Goldberg 2014, section 3). */
const EPSILON = 0.001;

/**
 * The rows d for which "a is to b as c is to d" holds best, best first. `add` maximizes cos(d, b) − cos(d, a) + cos(d, c)
 * (3CosAdd: Mikolov, Yih, Zweig 2013), which for vectors of length 1 is the direction b − a + c; `multiply` maximizes
 * cos(d, b) cos(d, c) / (cos(d, a) + ε) with cosines moved into 0 to 1 (3CosMul: Levy and Goldberg 2014, equation 4).
 * Throws InputError for a vector of another width, or of zeros.
 */
export function analogiesOf(
  rows: Rows,
  [a, b, c]: readonly [a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>],
  { method = "add", count = 10, without }: AnalogyOptions = {},
): Neighbor[] {
  const lengths = rowLengths(rows);
  const [toA, toB, toC] = [a, b, c].map((vector) => {
    if (vector.length === rows.width && Array.from(vector).some((x) => x !== 0)) {
      return cosinesWith(rows, vector, lengths);
    }
    throw new InputError(`An analogy needs three vectors of ${rows.width} numbers that are not all zero.`);
  }) as [Float64Array, Float64Array, Float64Array];
  const half = (cosine: number): number => (cosine + 1) / 2;
  const values = toA.map((cosine, i) =>
    method === "add" ? toB[i]! - cosine + toC[i]! : (half(toB[i]!) * half(toC[i]!)) / (half(cosine) + EPSILON),
  );
  return bestRows(values, { count, without });
}
