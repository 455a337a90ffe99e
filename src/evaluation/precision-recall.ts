/** Precision, recall and F1 (van Rijsbergen 1979, chapter 7) from counts, and their averages over classes. */

/** How often a class was right, predicted and due. */
export interface MatchCounts {
  readonly label: string;
  /** Predicted where it was due. */
  readonly correct: number;
  readonly predicted: number;
  readonly gold: number;
}

/** Each from 0 to 1; 0 where its divisor is 0, as in scikit-learn. */
export interface PrecisionRecall {
  /** The share of what was predicted that is right. */
  readonly precision: number;
  /** The share of what was due that was found. */
  readonly recall: number;
  /** The harmonic mean of the two. */
  readonly f1: number;
  /** How many were due. */
  readonly support: number;
}

/** The scores of one class. */
export interface ClassScore extends PrecisionRecall {
  readonly label: string;
}

/** How scores of classes become one: */
export const AVERAGES = ["micro", "macro", "weighted"] as const;
export type Average = (typeof AVERAGES)[number];

/** Precision, recall and F1 of counts. */
export function precisionRecall({ correct, predicted, gold }: Omit<MatchCounts, "label">): PrecisionRecall {
  const precision = predicted === 0 ? 0 : correct / predicted;
  const recall = gold === 0 ? 0 : correct / gold;
  const f1 = correct === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { precision, recall, f1, support: gold };
}

/** The scores of each class. */
export function classScores(counts: readonly MatchCounts[]): ClassScore[] {
  return counts.map((one) => ({ label: one.label, ...precisionRecall(one) }));
}

/**
 * Precision, recall and F1 over several classes. `micro` adds the counts, so that every example weighs the same;
 * `macro` is the mean of the classes' scores, so that every class does; `weighted` is that mean weighted by how often a
 * class is due (its F1 may lie outside of precision and recall). Classes that are neither due nor predicted are left
 * out. 0 where nothing is left.
 */
export function averagedScores(counts: readonly MatchCounts[], average: Average): PrecisionRecall {
  const present = counts.filter(({ predicted, gold }) => predicted + gold > 0);
  const support = total(present, "gold");
  if (average === "micro") {
    return precisionRecall({
      correct: total(present, "correct"),
      predicted: total(present, "predicted"),
      gold: support,
    });
  }
  const [sums, weights] = [{ precision: 0, recall: 0, f1: 0 }, average === "macro" ? present.length : support];
  if (weights === 0) return { ...sums, support };
  for (const scores of classScores(present)) {
    const weight = average === "macro" ? 1 / weights : scores.support / weights;
    sums.precision += weight * scores.precision;
    sums.recall += weight * scores.recall;
    sums.f1 += weight * scores.f1;
  }
  return { ...sums, support };
}

function total(counts: readonly MatchCounts[], field: "correct" | "predicted" | "gold"): number {
  return counts.reduce((sum, one) => sum + one[field], 0);
}
