/** One class for each example: the confusion matrix, and what is computed from it. Equal to scikit-learn. */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, checkEqual } from "./examples.ts";
import { type MatchCounts, averagedScores } from "./precision-recall.ts";

/** How often which class was predicted where which was due. */
export interface ConfusionMatrix {
  readonly labels: readonly string[];
  /** `[gold, predicted]`, row after row, in the order of `labels`. */
  readonly counts: Float64Array;
}

/** A number from a confusion matrix, such as {@link accuracy} and {@link matthews}. */
export type ConfusionMeasure = (matrix: ConfusionMatrix) => number;

/** The labels that occur, each once, sorted. */
export function labelsIn(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort();
}

/**
 * The confusion matrix of predicted classes.
 * @param labels the classes in the order of rows and columns; default: all that occur, sorted.
 * @throws InputError where there are not as many predicted as gold labels, none, or one that is not in `labels`.
 */
export function confusionMatrix(
  gold: readonly string[],
  predicted: readonly string[],
  labels: readonly string[] = labelsIn(gold, predicted),
): ConfusionMatrix {
  return matrixOf(labelRows(gold, predicted, labels), labels);
}

/** The labels of each example as places in `labels`: `[examples, 2]`, gold and predicted. */
function labelRows(gold: readonly string[], predicted: readonly string[], labels: readonly string[]): Float64Array {
  checkEqual(gold.length, predicted.length, "gold", "predicted");
  const places = new Map(labels.map((label, place) => [label, place]));
  const placeOf = (label: string, i: number): number => {
    const place = places.get(label);
    if (place !== undefined) return place;
    throw new InputError(`Example ${i + 1} has the label "${label}", which is none of ${labels.join(", ")}.`);
  };
  const rows = new Float64Array(2 * gold.length);
  for (let i = 0; i < gold.length; i++) rows.set([placeOf(gold[i]!, i), placeOf(predicted[i]!, i)], 2 * i);
  return rows;
}

function matrixOf(rows: Float64Array, labels: readonly string[]): ConfusionMatrix {
  const counts = new Float64Array(labels.length ** 2);
  for (let at = 0; at < rows.length; at += 2) counts[rows[at]! * labels.length + rows[at + 1]!]! += 1;
  return { labels, counts };
}

/** Of each class, how often it was right, predicted and due. */
export function matchCounts({ labels, counts }: ConfusionMatrix): MatchCounts[] {
  const n = labels.length;
  return labels.map((label, k) => {
    let [predicted, gold] = [0, 0];
    for (let other = 0; other < n; other++) {
      predicted += counts[other * n + k]!;
      gold += counts[k * n + other]!;
    }
    return { label, correct: counts[k * n + k]!, predicted, gold };
  });
}

/** The share of examples whose class is right, from 0 to 1. */
export function accuracy({ labels, counts }: ConfusionMatrix): number {
  let [correct, all] = [0, 0];
  counts.forEach((count, at) => {
    all += count;
    if (at % (labels.length + 1) === 0) correct += count;
  });
  return correct / all;
}

/**
 * Matthews's correlation of predicted and gold classes, from -1 to 1 (Matthews 1975; for several classes Gorodkin 2004,
 * equation 8). 0 where only one class is predicted or due.
 */
export function matthews(matrix: ConfusionMatrix): number {
  const classes = matchCounts(matrix);
  let [all, correct, products, predictedSquares, goldSquares] = [0, 0, 0, 0, 0];
  for (const { correct: right, predicted, gold } of classes) {
    all += gold;
    correct += right;
    products += predicted * gold;
    predictedSquares += predicted ** 2;
    goldSquares += gold ** 2;
  }
  const spread = (all ** 2 - predictedSquares) * (all ** 2 - goldSquares);
  return spread === 0 ? 0 : (correct * all - products) / Math.sqrt(spread);
}

/**
 * Statistics of any number that a confusion matrix gives, for intervals and paired tests.
 * @param metric its name.
 * @param labels default: all that occur. Systems that are to be compared need the same.
 * @throws InputError as {@link confusionMatrix} does.
 */
export function confusionStatistics(
  metric: string,
  gold: readonly string[],
  predicted: readonly string[],
  measure: ConfusionMeasure,
  labels: readonly string[] = labelsIn(gold, predicted),
): ExampleStatistics {
  const rows = labelRows(gold, predicted, labels);
  return { metric, examples: gold.length, width: 2, rows, labels, score: (some) => measure(matrixOf(some, labels)) };
}

/** What is computed of predicted classes. */
export interface ClassificationOptions {
  /** The classes; default: all that occur. Systems that are to be compared need the same. */
  readonly labels?: readonly string[] | undefined;
  /** A class whose precision, recall and F1 are given too. */
  readonly positive?: string | undefined;
}

/**
 * What classification is judged by: accuracy, macro and weighted F1, Matthews's correlation; with `positive` also that
 * class's precision, recall and F1 (GLUE's F1 of MRPC and QQP).
 * @throws InputError as {@link confusionMatrix} does, and where `positive` is none of the labels.
 */
export function classificationStatistics(
  gold: readonly string[],
  predicted: readonly string[],
  { labels = labelsIn(gold, predicted), positive }: ClassificationOptions = {},
): ExampleStatistics[] {
  const statistics = (metric: string, measure: ConfusionMeasure): ExampleStatistics =>
    confusionStatistics(metric, gold, predicted, measure, labels);
  const all = [
    statistics("accuracy", accuracy),
    statistics("F1, macro", (matrix) => averagedScores(matchCounts(matrix), "macro").f1),
    statistics("F1, weighted", (matrix) => averagedScores(matchCounts(matrix), "weighted").f1),
    statistics("Matthews correlation", matthews),
  ];
  if (positive === undefined) return all;
  if (!labels.includes(positive)) {
    throw new InputError(`No example has the label "${positive}". There is ${labels.join(", ")}.`);
  }
  const parts = ["precision", "recall", "f1"] as const;
  return [
    ...all,
    ...parts.map((part) =>
      statistics(
        `${part === "f1" ? "F1" : part} of ${positive}`,
        (matrix) =>
          averagedScores(
            matchCounts(matrix).filter(({ label }) => label === positive),
            "micro",
          )[part],
      ),
    ),
  ];
}
