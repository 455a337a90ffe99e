/** Numbers predicted for numbers: correlations and errors. Equal to SciPy and scikit-learn. */
import { type ExampleStatistics, checkEqual, meanStatistics, pairStatistics } from "./examples.ts";

/**
 * Pearson's correlation (Pearson 1895), from -1 to 1; NaN where one side is constant or there are fewer than two pairs.
 * @throws InputError where there are not as many of both, or none.
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkEqual(x.length, y.length, "first", "second");
  const [a, b] = [centered(x), centered(y)];
  const spread = norm(a) * norm(b);
  if (spread === 0) return NaN;
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i]! * b[i]!;
  return Math.max(-1, Math.min(1, product / spread));
}

function centered(values: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(values);
  // The mean of equal numbers may miss them by a rounding error, which is no spread.
  if (all.every((value) => value === all[0])) return new Float64Array(all.length);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return all.map((value) => value - mean);
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/**
 * Spearman's rank correlation (Spearman 1904): Pearson's correlation of the ranks; NaN where one side is constant.
 * @throws InputError where there are not as many of both, or none.
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(ranks(x), ranks(y));
}

/** Ranks from 1, smallest first; equal values share the mean of their ranks. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const found = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) found[order[i]!] = (start + 1 + end) / 2;
  }
  return found;
}

/**
 * What regression is judged by: Pearson's and Spearman's correlation, mean squared and mean absolute error, and R², the
 * share of the gold values' variance that is explained.
 * @throws InputError where there are not as many predicted as gold numbers, or none.
 */
export function regressionStatistics(gold: ArrayLike<number>, predicted: ArrayLike<number>): ExampleStatistics[] {
  checkEqual(gold.length, predicted.length, "gold", "predicted");
  const errors = Float64Array.from(gold, (value, i) => predicted[i]! - value);
  return [
    pairStatistics("Pearson correlation", gold, predicted, pearson),
    pairStatistics("Spearman correlation", gold, predicted, spearman),
    meanStatistics(
      errors.map((error) => error ** 2),
      undefined,
      "mean squared error",
    ),
    meanStatistics(errors.map(Math.abs), undefined, "mean absolute error"),
    pairStatistics("R²", gold, predicted, explained),
  ];
}

/** 1 - squared errors over squared distances from the mean; NaN where the gold values are all the same. */
function explained(gold: Float64Array, predicted: Float64Array): number {
  const spread = norm(centered(gold)) ** 2;
  const missed = gold.reduce((sum, value, i) => sum + (value - predicted[i]!) ** 2, 0);
  return spread === 0 ? NaN : 1 - missed / spread;
}
