/** What the values of a parameter are like: moments, histogram, norms of rows, singular values, and how they changed. */
import { InputError } from "../errors/index.ts";

type Numbers = ArrayLike<number>;

/** Values in a few numbers. What is not finite counts in `notFinite` alone. */
export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** √(mean of (x − mean)²): of the values themselves, not of a sample. */
  readonly deviation: number;
  /** √Σ x². */
  readonly norm: number;
  readonly low: number;
  readonly high: number;
  /** The share that is exactly 0. */
  readonly zeros: number;
  readonly notFinite: number;
}

/** Moments and extremes; zeros where there is no finite value. */
export function statisticsOf(values: Numbers): Statistics {
  let [sum, squares, zeros, finite] = [0, 0, 0, 0];
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const notFinite = values.length - finite;
  if (finite === 0) {
    return { count: values.length, mean: 0, deviation: 0, norm: 0, low: 0, high: 0, zeros: 0, notFinite };
  }
  const mean = sum / finite;
  // Σ x² − n·mean² loses what matters where the mean is large.
  let spread = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) spread += (value - mean) ** 2;
  }
  const deviation = Math.sqrt(spread / finite);
  return {
    ...{ count: values.length, mean, deviation, norm: Math.sqrt(squares), low, high },
    ...{ zeros: zeros / finite, notFinite },
  };
}

/** How many values lie in each of some intervals of equal width. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
  /** Finite values outside of a range that was given. */
  readonly outside: number;
}

/**
 * A histogram over [low, high], by default of all finite values; intervals are closed below, the last one also above.
 * Throws InputError for less than one interval.
 */
export function histogramOf(values: Numbers, bins: number, range?: readonly [low: number, high: number]): Histogram {
  if (!(bins >= 1)) throw new InputError(`A histogram has at least one interval; ${bins} were asked for.`);
  const all = statisticsOf(values);
  let [low, high] = range ?? [all.low, all.high];
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const counts = new Array<number>(bins).fill(0);
  let outside = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < low || value > high) outside++;
    else counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]!++;
  }
  return { low, high, counts, outside };
}

/** √Σ x² of every row of a matrix [rows, columns]: of an embedding, the length of each token's vector. */
export function rowNorms(values: Numbers, rows: number, columns: number): Float32Array {
  const norms = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += values[i]! * values[i]!;
    norms[row] = Math.sqrt(sum);
  }
  return norms;
}

/**
 * The singular values of a matrix [rows, columns], from the largest: square roots of the eigenvalues of A·Aᵀ or AᵀA,
 * whichever is smaller, by Householder's reduction and the QL algorithm with implicit shifts (Martin and Wilkinson, 1968;
 * Dubrulle, 1970) in double precision. What is less than about 1e-8 of the largest one is rounding. Costs
 * min² · max + 4/3 · min³ multiplications.
 */
export function singularValues(values: Numbers, rows: number, columns: number): Float64Array {
  const [small, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  const across = rows <= columns;
  // Lines along the long side, next to each other in memory.
  const lines = new Float64Array(small * long);
  for (let i = 0; i < small; i++) {
    for (let j = 0; j < long; j++) lines[i * long + j] = values[across ? i * columns + j : j * columns + i]!;
  }
  const gram = Array.from({ length: small }, () => new Float64Array(small));
  for (let i = 0; i < small; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < long; k++) sum += lines[i * long + k]! * lines[j * long + k]!;
      gram[i]![j] = gram[j]![i] = sum;
    }
  }
  const found = eigenvaluesOf(gram).map((value) => Math.sqrt(Math.max(0, value)));
  return found.sort().reverse();
}

/** Eigenvalues of a symmetric matrix, which is overwritten. */
function eigenvaluesOf(matrix: Float64Array[]): Float64Array {
  const { diagonal, beside } = tridiagonal(matrix);
  for (let first = 0; first < diagonal.length; first++) while (!separated(diagonal, beside, first));
  return diagonal;
}

/** Householder's reduction: the diagonal, and what stands beside it (beside[i] between i and i + 1). */
function tridiagonal(matrix: Float64Array[]): { diagonal: Float64Array; beside: Float64Array } {
  const size = matrix.length;
  const [diagonal, beside] = [new Float64Array(size), new Float64Array(size)];
  const [vector, image] = [new Float64Array(size), new Float64Array(size)];
  for (let k = 0; k < size - 2; k++) {
    let norm = 0;
    for (let i = k + 1; i < size; i++) norm = Math.hypot(norm, matrix[i]![k]!);
    diagonal[k] = matrix[k]![k]!;
    const head = matrix[k + 1]![k]!;
    const pivot = head > 0 ? -norm : norm;
    beside[k] = pivot;
    if (norm === 0) continue;
    for (let i = k + 1; i < size; i++) vector[i] = matrix[i]![k]!;
    vector[k + 1] = head - pivot;
    const half = norm * norm - head * pivot;
    reflect(matrix, { vector, image, half, from: k + 1 });
  }
  if (size > 1) {
    diagonal[size - 2] = matrix[size - 2]![size - 2]!;
    beside[size - 2] = matrix[size - 1]![size - 2]!;
  }
  if (size > 0) diagonal[size - 1] = matrix[size - 1]![size - 1]!;
  return { diagonal, beside };
}

/** A ← (1 − v·vᵀ/h) · A · (1 − v·vᵀ/h) for the part behind `from`; h = vᵀv / 2. */
function reflect(
  matrix: readonly Float64Array[],
  {
    vector,
    image,
    half,
    from,
  }: { readonly vector: Float64Array; readonly image: Float64Array; readonly half: number; readonly from: number },
): void {
  let along = 0;
  for (let i = from; i < matrix.length; i++) {
    let sum = 0;
    const row = matrix[i]!;
    for (let j = from; j < matrix.length; j++) sum += row[j]! * vector[j]!;
    image[i] = sum / half;
    along += image[i]! * vector[i]!;
  }
  for (let i = from; i < matrix.length; i++) image[i]! -= (along / (2 * half)) * vector[i]!;
  for (let i = from; i < matrix.length; i++) {
    const [row, v, w] = [matrix[i]!, vector[i]!, image[i]!];
    for (let j = from; j < matrix.length; j++) row[j]! -= v * image[j]! + w * vector[j]!;
  }
}

/** One QL step with an implicit shift on the part that begins at `first`; true where that one stands alone already. */
function separated(diagonal: Float64Array, beside: Float64Array, first: number): boolean {
  let last = first;
  for (; last < diagonal.length - 1; last++) {
    const scale = Math.abs(diagonal[last]!) + Math.abs(diagonal[last + 1]!);
    if (Math.abs(beside[last]!) <= Number.EPSILON * scale) break;
  }
  if (last === first) return true;
  const start = (diagonal[first + 1]! - diagonal[first]!) / (2 * beside[first]!);
  const root = Math.hypot(start, 1);
  let g = diagonal[last]! - diagonal[first]! + beside[first]! / (start + (start >= 0 ? root : -root));
  let [sine, cosine, moved] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const [f, b] = [sine * beside[i]!, cosine * beside[i]!];
    const r = Math.hypot(f, g);
    beside[i + 1] = r;
    if (r === 0) {
      // It fell apart by itself.
      diagonal[i + 1]! -= moved;
      beside[last] = 0;
      return false;
    }
    [sine, cosine] = [f / r, g / r];
    g = diagonal[i + 1]! - moved;
    const turned = (diagonal[i]! - g) * sine + 2 * cosine * b;
    moved = sine * turned;
    diagonal[i + 1] = g + moved;
    g = cosine * turned - b;
  }
  diagonal[first]! -= moved;
  beside[first] = g;
  beside[last] = 0;
  return false;
}

/** How far apart the values of a parameter are in two models of one shape. */
export interface WeightChange {
  /** √Σ (after − before)². */
  readonly difference: number;
  /** √Σ before². */
  readonly before: number;
  readonly after: number;
  /** The largest |after − before|. */
  readonly largest: number;
}

/** Sums two equally long pieces of values to a change; `so far` is that of earlier pieces of the same parameter. */
export function changeOf(before: Numbers, after: Numbers, soFar?: WeightChange): WeightChange {
  if (before.length !== after.length) {
    throw new InputError(`${before.length} values cannot be compared with ${after.length}; give equally many.`);
  }
  let [difference, left, right, largest] = [0, 0, 0, soFar?.largest ?? 0];
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i]!, after[i]!];
    left += a * a;
    right += b * b;
    difference += (b - a) ** 2;
    largest = Math.max(largest, Math.abs(b - a));
  }
  const together = (one: number, sum: number): number => Math.sqrt(one * one + sum);
  return {
    difference: together(soFar?.difference ?? 0, difference),
    before: together(soFar?.before ?? 0, left),
    after: together(soFar?.after ?? 0, right),
    largest,
  };
}

/** Of two stacks of equal maps [heads, rows, columns] the mean of |after − before| of each: 0 where a head looks alike. */
export function meanDifferences(before: Numbers, after: Numbers, heads: number): Float32Array {
  if (before.length !== after.length || heads < 1 || before.length % heads !== 0) {
    throw new InputError(`${before.length} and ${after.length} values are not ${heads} equal maps each.`);
  }
  const size = before.length / heads;
  return Float32Array.from({ length: heads }, (_, head) => {
    let sum = 0;
    for (let i = head * size; i < (head + 1) * size; i++) sum += Math.abs(after[i]! - before[i]!);
    return size === 0 ? 0 : sum / size;
  });
}
