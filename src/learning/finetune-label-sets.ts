/** How several labels a text are judged. */
import {
  averagedScores,
  meanStatistics,
  summedStatistics,
  type Average,
  type ExampleStatistics,
} from "../evaluation/index.ts";

/** From this probability on a text has a label. */
const THRESHOLD = 0.5;

/**
 * Statistics of sets of labels, from the labels due (their numbers, for each text) and each label's probability: F1,
 * precision and recall over all labels (micro), F1 by label (macro), the share of texts whose whole set is right, and the
 * loss in nats a label. Equal to scikit-learn's on the same sets.
 */
export function labelSetStatistics(
  due: readonly (readonly number[])[],
  scores: readonly (readonly number[])[],
  labels: readonly string[],
): ExampleStatistics[] {
  const width = 3 * labels.length;
  const rows = new Float64Array(due.length * width);
  const right: number[] = [];
  const losses: number[] = [];
  due.forEach((gold, row) => {
    let [same, loss] = [true, 0];
    labels.forEach((_, id) => {
      const share = scores[row]![id]!;
      const [predicted, expected] = [share >= THRESHOLD, gold.includes(id)];
      rows.set([predicted && expected ? 1 : 0, predicted ? 1 : 0, expected ? 1 : 0], row * width + 3 * id);
      same &&= predicted === expected;
      loss -= Math.log(Math.max(expected ? share : 1 - share, Number.MIN_VALUE));
    });
    right.push(same ? 1 : 0);
    losses.push(loss / labels.length);
  });
  const of = (metric: string, average: Average, part: "precision" | "recall" | "f1"): ExampleStatistics => ({
    ...summedStatistics(metric, width, rows, (sums) => {
      const counts = labels.map((label, i) => {
        return { label, correct: sums[3 * i]!, predicted: sums[3 * i + 1]!, gold: sums[3 * i + 2]! };
      });
      return averagedScores(counts, average)[part];
    }),
    labels,
  });
  return [
    of("F1, micro", "micro", "f1"),
    of("precision", "micro", "precision"),
    of("recall", "micro", "recall"),
    of("F1, macro", "macro", "f1"),
    meanStatistics(right, undefined, "accuracy of whole sets"),
    meanStatistics(losses, undefined, "loss"),
  ];
}
