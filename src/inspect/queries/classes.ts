/** How a classifier is judged: its confusions, its classes, its errors, its probabilities, and parts of the test set. */
import { z } from "zod";
import { InputError, nearest, Stopped } from "../../errors/index.ts";
import {
  bootstrap,
  calibrationStatistics,
  classificationStatistics,
  classScores,
  confidences,
  confusionMatrix,
  expectedCalibrationError,
  lengthSlices,
  matchCounts,
  meanStatistics,
  reliabilityBins,
  sliceScores,
  valueSlices,
  wordSlices,
} from "../../evaluation/index.ts";
import { TextClassifier } from "../../tasks/classify.ts";
import type { Model } from "../../tasks/model.ts";
import { rowsInput, rowsOf, type LabeledExample } from "../examples.ts";
import { query, type QueryContext } from "../query.ts";
import type { Subject } from "../subject.ts";
import { shownSlices } from "./bleu.ts";

/** Texts that are classified at once. */
const BATCH = 16;

export const classes = query({
  about:
    "A classifier on texts whose classes are known: confusion matrix, precision and recall by class, examples by loss, " +
    "calibration, and slices by class, length and word, with bootstrap intervals.",
  input: rowsInput.extend({
    /** Slices of the texts that have one of these words. */
    words: z.array(z.string().min(1)).max(50).default([]),
    bins: z.int().positive().max(50).default(10),
    samples: z.int().positive().max(10_000).default(1000),
    /** So many examples are listed, those with the largest loss. */
    listed: z.int().nonnegative().max(10_000).default(200),
  }),
  answer: async (subject, { words, bins: count, samples, listed, ...given }, context) => {
    const rows = await rowsOf(subject, given, context);
    const labels = labelsOf(subject);
    const gold = rows.map(({ label }) => placeOf(label, labels));
    const probabilities = await probabilitiesOf(subject, rows, labels, context);
    const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
    const named = (places: readonly number[]): string[] => places.map((place) => labels[place]!);
    const [due, given_] = [named(gold), named(predicted)];
    const matrix = confusionMatrix(due, given_, labels);
    const { confidence, correct } = confidences(gold, probabilities);
    const bins = reliabilityBins(confidence, correct, count);
    const texts = rows.map(({ text, pair }) => (pair === undefined ? text : `${text} ${pair}`));
    const slices = [
      ...valueSlices(due, (label) => `class ${label}`),
      ...lengthSlices(texts.map((text) => text.split(/\s+/).filter((word) => word !== "").length), 4, "words"), // prettier-ignore
      ...wordSlices(texts, words),
    ];
    const right = meanStatistics(correct, undefined, "accuracy");
    const measures = [
      ...classificationStatistics(due, given_, { labels }),
      ...calibrationStatistics(gold, probabilities, count),
    ];
    const losses = probabilities.map((row, i) => -Math.log(row[gold[i]!]!));
    const order = [...rows.keys()].sort((a, b) => losses[b]! - losses[a]!).slice(0, listed);
    return {
      labels,
      examples: rows.length,
      /** [gold][predicted]. */
      counts: labels.map((_, row) =>
        Array.from(matrix.counts.subarray(row * labels.length, (row + 1) * labels.length)),
      ),
      classes: classScores(matchCounts(matrix)),
      measures: measures.map((one) => {
        const { score, low, high } = bootstrap(one, { samples });
        return { name: one.metric, score, low, high };
      }),
      /** Examples with the largest loss first. */
      errors: order.map((i) => ({
        example: i,
        ...rows[i]!,
        predicted: given_[i]!,
        probability: probabilities[i]![gold[i]!]!,
        confidence: confidence[i]!,
        loss: losses[i]!,
        right: correct[i] === 1,
      })),
      calibration: {
        error: expectedCalibrationError(bins),
        bins: bins.map((bin) => (bin.examples > 0 ? bin : { ...bin, confidence: undefined, accuracy: undefined })),
      },
      /** Accuracy. */
      slices: shownSlices(sliceScores(right, slices, { samples })),
    };
  },
});

function labelsOf({ architecture: { task, className, config } }: Subject): readonly string[] {
  if (task === "sequence-classification" && config["problemType"] !== "regression") {
    return config["labels"] as readonly string[];
  }
  throw new InputError(`${className} (${task}) does not classify texts. Open a model that was fine-tuned for classes.`);
}

function placeOf(label: string, labels: readonly string[]): number {
  const place = labels.indexOf(label);
  if (place >= 0) return place;
  const near = nearest(label, labels);
  throw new InputError(
    `The model has no class "${label}".${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
      `It has ${labels.slice(0, 20).join(", ")}.`,
  );
}

/** The probabilities of each text's classes, in the order of the labels. */
async function probabilitiesOf(
  { model, tokenizer, architecture }: Subject,
  rows: readonly LabeledExample[],
  labels: readonly string[],
  { stop, progress }: QueryContext,
): Promise<number[][]> {
  if (tokenizer === undefined) throw new InputError(`This ${architecture.className} came without a tokenizer.`);
  const classifier = new TextClassifier(model as Model<"sequence-classification">, tokenizer);
  const found: number[][] = [];
  for (let start = 0; start < rows.length; start += BATCH) {
    if (stop?.aborted === true) throw new Stopped();
    const some = rows.slice(start, start + BATCH);
    const inputs = some.map(({ text, pair }) => (pair === undefined ? text : ([text, pair] as const)));
    for (const scores of await classifier.classify(inputs, { truncate: true })) {
      found.push(labels.map((label) => scores.find((one) => one.label === label)!.score));
    }
    progress?.(found.length, rows.length, "texts");
  }
  return found;
}
