/**
 * One system's output for some examples, as numbers from which a score can be computed again and again for parts of
 * them: intervals and tests draw examples and score their rows, without reading the text again.
 */
import { InputError } from "../errors/index.ts";

/** A metric over examples: a row of numbers for each, and the score of any number of rows. */
export interface ExampleStatistics {
  /** The metric with its signature: statistics of two systems can be compared only if they have the same one. */
  readonly metric: string;
  /** Number of rows: sentences, questions, queries. */
  readonly examples: number;
  /** Numbers in a row. */
  readonly width: number;
  /** Row after row: `[examples, width]`. */
  readonly rows: Float64Array;
  /** The classes or types that the rows' numbers stand for. Two systems can be compared only if they are the same. */
  readonly labels?: readonly string[];
  /** The score of rows `[any number of examples, width]`, in any order; NaN where it is not defined for them. */
  readonly score: (rows: Float64Array) => number;
}

/** The score of all examples; NaN where it is not defined for them. */
export function scoreOf({ rows, score }: ExampleStatistics): number {
  return score(rows);
}

/** The sums of the columns of rows that are `width` wide: `[width]`. */
export function sumRows(rows: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let start = 0; start < rows.length; start += width) {
    for (let column = 0; column < width; column++) sums[column]! += rows[start + column]!;
  }
  return sums;
}

/**
 * Statistics of a score that only needs the sums of counts over the examples, as BLEU does: `score` gets them,
 * `[width]`.
 */
export function summedStatistics(
  metric: string,
  width: number,
  rows: Float64Array,
  score: (sums: Float64Array) => number,
): ExampleStatistics {
  return { metric, examples: rows.length / width, width, rows, score: (some) => score(sumRows(some, width)) };
}

/**
 * Statistics of a score of pairs of numbers that are not summed, as ranks and correlations: `score` gets the first and
 * the second numbers of some examples.
 * @throws InputError where there are none, or not as many of both.
 */
export function pairStatistics(
  metric: string,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  score: (first: Float64Array, second: Float64Array) => number,
): ExampleStatistics {
  checkEqual(first.length, second.length, "first", "second");
  const rows = new Float64Array(2 * first.length);
  for (let i = 0; i < first.length; i++) rows.set([first[i]!, second[i]!], 2 * i);
  const column = (some: Float64Array, at: number): Float64Array => {
    const values = new Float64Array(some.length / 2);
    for (let i = 0; i < values.length; i++) values[i] = some[2 * i + at]!;
    return values;
  };
  return {
    metric,
    examples: first.length,
    width: 2,
    rows,
    score: (some) => score(column(some, 0), column(some, 1)),
  };
}

/**
 * Statistics of a (weighted) mean, for intervals and tests of anything that is averaged over examples: exact match by
 * question, nats per token weighted by the number of tokens.
 * @throws InputError where there are no values, or not as many weights as values.
 */
export function meanStatistics(
  values: ArrayLike<number>,
  weights?: ArrayLike<number>,
  metric = "mean",
): ExampleStatistics {
  const examples = values.length;
  if (examples === 0) throw new InputError("There are no values: a mean needs at least one.");
  if (weights !== undefined && weights.length !== examples) {
    throw new InputError(`There are ${examples} values but ${weights.length} weights. Give one weight for each value.`);
  }
  const rows = new Float64Array(examples * 2);
  for (let i = 0; i < examples; i++) {
    const weight = weights === undefined ? 1 : weights[i]!;
    rows[2 * i] = values[i]! * weight;
    rows[2 * i + 1] = weight;
  }
  return summedStatistics(metric, 2, rows, (sums) => sums[0]! / sums[1]!);
}

/**
 * Throws InputError unless both counts are the same and not 0; the names say what was counted.
 */
export function checkEqual(first: number, second: number, firstName: string, secondName: string): void {
  if (first !== second) {
    throw new InputError(
      `There are ${first} ${firstName} values and ${second} ${secondName} values. Give one of each for every example.`,
    );
  }
  if (first === 0) throw new InputError("There are no examples: nothing can be scored. Give at least one.");
}
