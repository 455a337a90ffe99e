/** Principal components (Pearson 1901, Hotelling 1933): the directions in which rows differ most. */
import { InputError } from "../errors/index.ts";
import { largestEigenpairs } from "./eigenvectors.ts";
import { LongWork, type WorkOptions } from "./long-work.ts";
import { meanRow, rowAt, type Rows } from "./rows.ts";

/** Rows seen along the directions in which they differ most. */
export interface PrincipalComponents {
  /** [count, dimensions] */
  readonly points: Float32Array;
  /** Directions of length 1: [dimensions, width]. The largest number of each, without its sign, is positive. */
  readonly components: Float32Array;
  /** [width] */
  readonly mean: Float64Array;
  /** The variance along each direction, over count − 1. */
  readonly variances: readonly number[];
  /** The share of all variance along each direction, 0 to 1. */
  readonly shares: readonly number[];
}

/**
 * The first `dimensions` principal components of rows: eigenvectors of their covariance with the largest eigenvalues,
 * to rounding. Throws InputError for fewer than two rows and for more dimensions than rows have numbers.
 */
export async function principalComponents(
  rows: Rows,
  dimensions: number,
  options: WorkOptions = {},
): Promise<PrincipalComponents> {
  const { values, count, width } = rows;
  if (count < 2) throw new InputError(`Principal components need two rows or more; there are ${count}.`);
  if (dimensions > width) {
    throw new InputError(`Rows of ${width} numbers have no ${dimensions} principal components. Ask for fewer.`);
  }
  const mean = meanRow(rows);
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (values[at]! - mean[at % width]!) ** 2;
  const trace = squares / (count - 1);
  const work = new LongWork(options);
  const times = (vector: Float64Array): Float64Array => covarianceTimes(rows, mean, vector);
  const found =
    trace === 0
      ? { values: new Array<number>(dimensions).fill(0), vectors: axes(dimensions, width) }
      : await largestEigenpairs({ size: width, trace, times }, dimensions, (done) => work.round(done, width));
  const directions = found.vectors.map(withFixedSign);
  const variances = found.values.map((value) => Math.max(value, 0));
  return {
    points: project(rows, mean, directions),
    components: Float32Array.from(directions.flatMap((direction) => Array.from(direction))),
    mean,
    variances,
    shares: variances.map((variance) => (trace === 0 ? 0 : variance / trace)),
  };
}

/** (X − mean)ᵀ (X − mean) v / (count − 1), without making the covariance. */
function covarianceTimes({ values, count, width }: Rows, mean: Float64Array, vector: Float64Array): Float64Array {
  let offset = 0;
  for (let d = 0; d < width; d++) offset += mean[d]! * vector[d]!;
  const product = new Float64Array(width);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const start = i * width;
    let along = -offset;
    for (let d = 0; d < width; d++) along += values[start + d]! * vector[d]!;
    sum += along;
    for (let d = 0; d < width; d++) product[d]! += along * values[start + d]!;
  }
  for (let d = 0; d < width; d++) product[d] = (product[d]! - sum * mean[d]!) / (count - 1);
  return product;
}

const axes = (count: number, width: number): Float64Array[] =>
  Array.from({ length: count }, (_, i) => Float64Array.from({ length: width }, (_, d) => (d === i ? 1 : 0)));

function withFixedSign(direction: Float64Array): Float64Array {
  let largest = 0;
  for (const x of direction) if (Math.abs(x) > Math.abs(largest)) largest = x;
  return largest < 0 ? direction.map((x) => -x) : direction;
}

function project(rows: Rows, mean: Float64Array, directions: readonly Float64Array[]): Float32Array {
  const points = new Float32Array(rows.count * directions.length);
  for (let i = 0; i < rows.count; i++) {
    const row = rowAt(rows, i);
    directions.forEach((direction, k) => {
      let along = 0;
      for (let d = 0; d < row.length; d++) along += (row[d]! - mean[d]!) * direction[d]!;
      points[i * directions.length + k] = along;
    });
  }
  return points;
}
