/** How near rows are to each other, as probabilities: what t-SNE keeps of their distances. */
import { InputError } from "../errors/index.ts";
import { dot, rowAt, type Rows } from "./rows.ts";

/** An entropy this near to the wanted one, in nats, is reached. */
const TOLERANCE = 1e-5;
const TRIES = 100;

/** Squared Euclidean distances of all pairs of rows: [count, count]. */
export function squaredDistances(rows: Rows): Float64Array {
  const { count } = rows;
  const lengths = Float64Array.from({ length: count }, (_, i) => dot(rowAt(rows, i), rowAt(rows, i)));
  const squares = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const square = Math.max(0, lengths[i]! + lengths[j]! - 2 * dot(rowAt(rows, i), rowAt(rows, j)));
      squares[i * count + j] = square;
      squares[j * count + i] = square;
    }
  }
  return squares;
}

/**
 * p(j | i) [count, count] (van der Maaten and Hinton 2008, equation 1): a Gaussian around each row, as wide as its
 * perplexity, 2 to the entropy in bits, asks for; found by bisection. Throws InputError for a perplexity that so few
 * rows cannot have.
 */
export function conditionalAffinities(squares: Float64Array, count: number, perplexity: number): Float64Array {
  if (!(perplexity >= 1 && perplexity < count - 1)) {
    throw new InputError(
      `A perplexity of ${perplexity} is not possible among ${count} rows: give 1 or more, and less than ${count - 1}.`,
    );
  }
  const result = new Float64Array(count * count);
  for (let i = 0; i < count; i++) fillRow(squares, result, { i, count, wanted: Math.log(perplexity) });
  return result;
}

interface Place {
  readonly i: number;
  readonly count: number;
  /** The wanted entropy in nats. */
  readonly wanted: number;
}

/** Searches the precision 1 / 2σ² of row i, and writes its probabilities. */
function fillRow(squares: Float64Array, result: Float64Array, { i, count, wanted }: Place): void {
  const start = i * count;
  let nearest = Infinity;
  for (let j = 0; j < count; j++) if (j !== i) nearest = Math.min(nearest, squares[start + j]!);
  let [low, high, precision] = [0, Infinity, 1];
  for (let time = 0; time < TRIES; time++) {
    const difference = entropyAt(squares, result, { start, i, count, precision, nearest }) - wanted;
    if (Math.abs(difference) <= TOLERANCE) return;
    if (difference > 0) low = precision;
    else high = precision;
    precision = high === Infinity ? precision * 2 : (low + high) / 2;
  }
}

/** Writes a row's probabilities at a precision, and gives their entropy in nats. */
function entropyAt(
  squares: Float64Array,
  result: Float64Array,
  at: { start: number; i: number; count: number; precision: number; nearest: number },
): number {
  const { start, i, count, precision, nearest } = at;
  let [sum, weighted] = [0, 0];
  for (let j = 0; j < count; j++) {
    // Distances beyond the nearest one: the same probabilities, and no sum of zeros.
    const further = squares[start + j]! - nearest;
    const value = j === i ? 0 : Math.exp(-further * precision);
    result[start + j] = value;
    sum += value;
    weighted += value * further;
  }
  for (let j = 0; j < count; j++) result[start + j]! /= sum;
  return Math.log(sum) + (precision * weighted) / sum;
}

/** p(i, j) = (p(j | i) + p(i | j)) / 2 count, which add up to 1 (section 3.1): [count, count]. */
export function jointAffinities(rows: Rows, perplexity: number): Float64Array {
  const { count } = rows;
  const conditional = conditionalAffinities(squaredDistances(rows), count, perplexity);
  const joint = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const value = (conditional[i * count + j]! + conditional[j * count + i]!) / (2 * count);
      joint[i * count + j] = value;
      joint[j * count + i] = value;
    }
  }
  return joint;
}
