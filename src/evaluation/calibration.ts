/** Whether a model's probabilities mean what they say. Bins equal to scikit-learn's `calibration_curve`. */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, checkEqual, meanStatistics, pairStatistics } from "./examples.ts";
import { checkWhole } from "./lines.ts";

/** The examples whose confidence lies in (low, high]; the first bin holds 0 too. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly examples: number;
  /** The mean confidence of these examples; NaN where there are none. */
  readonly confidence: number;
  /** The share of them that is right; NaN where there are none. */
  readonly accuracy: number;
}

/**
 * Bins of equal width over the probabilities that a model gave to its predictions.
 * @param confidence of each example, from 0 to 1.
 * @param correct of each example 1 (its prediction is right) or 0.
 * @param bins how many; 10 unless told.
 * @throws InputError where there are not as many of both, or a probability is not one.
 */
export function reliabilityBins(
  confidence: ArrayLike<number>,
  correct: ArrayLike<number>,
  bins = 10,
): ReliabilityBin[] {
  checkWhole("bins", bins, 1);
  checkEqual(confidence.length, correct.length, "confidence", "correctness");
  const edges = Array.from({ length: bins + 1 }, (_, i) => i / bins);
  const sums = edges.slice(1).map(() => ({ examples: 0, confidence: 0, correct: 0 }));
  for (let i = 0; i < confidence.length; i++) {
    const value = confidence[i]!;
    if (!(value >= 0 && value <= 1)) {
      throw new InputError(`Example ${i + 1} has the probability ${value}; it must be from 0 to 1.`);
    }
    let bin = Math.max(0, Math.ceil(value * bins) - 1);
    // The product may be rounded across an edge.
    while (bin > 0 && value <= edges[bin]!) bin--;
    while (value > edges[bin + 1]!) bin++;
    const sum = sums[bin]!;
    sum.examples++;
    sum.confidence += value;
    sum.correct += correct[i]!;
  }
  return sums.map(({ examples, confidence: total, correct: right }, i) => ({
    low: edges[i]!,
    high: edges[i + 1]!,
    examples,
    confidence: total / examples,
    accuracy: right / examples,
  }));
}

/**
 * Expected calibration error (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017, equation 3): the distance between
 * confidence and accuracy, averaged over the bins by their number of examples. From 0 to 1.
 */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { examples }) => sum + examples, 0);
  return bins.reduce((sum, { examples, confidence, accuracy }) => {
    return examples === 0 ? sum : sum + (examples / all) * Math.abs(accuracy - confidence);
  }, 0);
}

/**
 * The Brier score of one example (Brier 1950, equation 2): squared distances between the probabilities of all classes
 * and what came true, added up. From 0 to 2; scikit-learn's number for two classes is half of it.
 */
export function brier(probabilities: ArrayLike<number>, gold: number): number {
  let sum = 0;
  for (let c = 0; c < probabilities.length; c++) sum += (probabilities[c]! - (c === gold ? 1 : 0)) ** 2;
  return sum;
}

/**
 * What probabilities of classes are judged by: expected calibration error of the most probable class, Brier score, and
 * mean nats of the gold class.
 * @param gold the place of each example's class in its row of probabilities.
 * @throws InputError where there is not one row for each example, or a row has no probability for its class.
 */
export function calibrationStatistics(
  gold: ArrayLike<number>,
  probabilities: readonly ArrayLike<number>[],
  bins = 10,
): ExampleStatistics[] {
  checkEqual(gold.length, probabilities.length, "gold", "rows of probability");
  const { confidence, correct } = confidences(gold, probabilities);
  const nats = probabilities.map((row, i) => -Math.log(row[gold[i]!]!));
  return [
    pairStatistics("calibration error", confidence, correct, (some, right) =>
      expectedCalibrationError(reliabilityBins(some, right, bins)),
    ),
    meanStatistics(
      probabilities.map((row, i) => brier(row, gold[i]!)),
      undefined,
      "Brier score",
    ),
    meanStatistics(nats, undefined, "nats"),
  ];
}

/**
 * The highest probability of each example, and whether it is that of its class (1 or 0).
 * @throws InputError where a row has no probability for its class.
 */
export function confidences(
  gold: ArrayLike<number>,
  probabilities: readonly ArrayLike<number>[],
): { readonly confidence: number[]; readonly correct: number[] } {
  const best = probabilities.map((row, i) => {
    if (row[gold[i]!] === undefined) {
      throw new InputError(`Example ${i + 1} is of class ${gold[i]!}; it has ${row.length} probabilities.`);
    }
    return Array.from(row).reduce((most, value, c) => (value > row[most]! ? c : most), 0);
  });
  return {
    confidence: best.map((c, i) => probabilities[i]![c]!),
    correct: best.map((c, i) => (c === gold[i] ? 1 : 0)),
  };
}
