/** How well scores put positive examples before negative ones, and the right class among the first. As scikit-learn. */
import { InputError } from "../errors/index.ts";
import { ranks } from "./correlation.ts";
import { type ExampleStatistics, checkEqual, meanStatistics, pairStatistics } from "./examples.ts";
import { checkWhole } from "./lines.ts";

/**
 * The area under the ROC curve (Hanley and McNeil 1982): how often a positive example has a higher score than a negative
 * one, a tie counting half. NaN where there are no positive or no negative ones.
 * @param positive of each example 1 (positive) or 0.
 * @throws InputError where there is not one score for each, or none.
 */
export function rocAuc(positive: ArrayLike<number>, scores: ArrayLike<number>): number {
  checkEqual(positive.length, scores.length, "gold", "score");
  const order = ranks(scores);
  let [positives, sum] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    if (positive[i] !== 1) continue;
    positives++;
    sum += order[i]!;
  }
  // Mann and Whitney's U.
  return (sum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

/**
 * Average precision: the mean of the precisions at each positive example in the order of falling scores; examples of
 * equal score come together. NaN where there are no positive ones (scikit-learn says 0).
 * @throws InputError where there is not one score for each, or none.
 */
export function averagePrecision(positive: ArrayLike<number>, scores: ArrayLike<number>): number {
  checkEqual(positive.length, scores.length, "gold", "score");
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  let [sum, found] = [0, 0];
  for (let start = 0, end = 0; start < order.length; start = end) {
    let here = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      here += positive[order[end]!] === 1 ? 1 : 0;
    }
    found += here;
    sum += here * (found / end);
  }
  return sum / found;
}

/**
 * What a score for one class is judged by: ROC AUC and average precision.
 * @param positive of each example 1 (it is of the class) or 0.
 * @throws InputError as {@link rocAuc} does.
 */
export function rankingStatistics(positive: ArrayLike<number>, scores: ArrayLike<number>): ExampleStatistics[] {
  return [
    pairStatistics("ROC AUC", positive, scores, rocAuc),
    pairStatistics("average precision", positive, scores, averagePrecision),
  ];
}

/**
 * Statistics of top-k accuracy: the share of examples whose gold class is among the k with the highest scores. Of equal
 * scores the later class comes first, as in scikit-learn.
 * @param gold the place of each example's class in its row of `scores`.
 * @throws InputError where there is not one row of scores for each example, or a row has no score for its class.
 */
export function topKStatistics(
  gold: ArrayLike<number>,
  scores: readonly ArrayLike<number>[],
  k: number,
): ExampleStatistics {
  checkWhole("k", k, 1);
  checkEqual(gold.length, scores.length, "gold", "rows of score");
  const hits = scores.map((row, i) => {
    const own = row[gold[i]!];
    if (own === undefined) {
      throw new InputError(`Example ${i + 1} is of class ${gold[i]!}, but its scores are for ${row.length} classes.`);
    }
    let before = 0;
    for (let c = 0; c < row.length; c++) before += row[c]! > own || (row[c] === own && c > gold[i]!) ? 1 : 0;
    return before < k ? 1 : 0;
  });
  return meanStatistics(hits, undefined, `top-${k} accuracy`);
}
