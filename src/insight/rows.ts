/** Vectors of one width, whatever they stand for: the rows of a token table, hidden states of tokens, sentences. */
import { InputError } from "../errors/index.ts";

/** `count` vectors of `width` numbers, one after the other: [count, width]. */
export interface Rows {
  readonly values: Float32Array;
  readonly count: number;
  readonly width: number;
}

/** Rows over values [count, width]. Throws InputError where the values are not whole rows. */
export function rowsOf(values: Float32Array, width: number): Rows {
  const count = values.length / width;
  if (Number.isInteger(count)) return { values, count, width };
  throw new InputError(`${values.length} values are no rows of ${width}. Give whole rows.`);
}

/** Row `i` [width], not a copy. */
export function rowAt({ values, width }: Rows, i: number): Float32Array {
  return values.subarray(i * width, (i + 1) * width);
}

/** Some of the rows, in the order of `places`: [places.length, width]. */
export function pickRows(rows: Rows, places: ArrayLike<number>): Rows {
  const values = new Float32Array(places.length * rows.width);
  for (let i = 0; i < places.length; i++) values.set(rowAt(rows, places[i]!), i * rows.width);
  return { values, count: places.length, width: rows.width };
}

/** The mean of all rows [width]; zeros where there is none. */
export function meanRow({ values, count, width }: Rows): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0, at = 0; i < count; i++) for (let d = 0; d < width; d++) mean[d]! += values[at++]!;
  for (let d = 0; d < width; d++) mean[d]! /= Math.max(count, 1);
  return mean;
}

/** The length √(x · x) of each row: [count]. */
export function rowLengths(rows: Rows): Float64Array {
  return Float64Array.from({ length: rows.count }, (_, i) => Math.sqrt(dot(rowAt(rows, i), rowAt(rows, i))));
}

/** The rows, each at length 1; those of zeros stay. */
export function unitRows(rows: Rows): Rows {
  const lengths = rowLengths(rows);
  const values = rows.values.map((x, at) => x / (lengths[Math.floor(at / rows.width)]! || 1));
  return { ...rows, values };
}

/** The product of two vectors of one width. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

/** All products of rows, or with `cosine` those of rows of length 1 (0 for a row of zeros): [count, count]. */
export function rowProducts(rows: Rows, { cosine = false } = {}): Float32Array {
  const { count } = rows;
  const lengths = rowLengths(rows);
  const products = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      const scale = cosine ? lengths[i]! * lengths[j]! : 1;
      const product = scale === 0 ? 0 : dot(rowAt(rows, i), rowAt(rows, j)) / scale;
      products[i * count + j] = product;
      products[j * count + i] = product;
    }
  }
  return products;
}
