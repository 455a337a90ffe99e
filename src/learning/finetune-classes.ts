/** Fine-tuning for classes of texts and of pairs of texts, one or several a text. */
import { InputError, nearest } from "../errors/index.ts";
import { classificationStatistics, meanStatistics, type ExampleStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson } from "../models/index.ts";
import { rowClasses, rowLabelSets } from "../objectives/index.ts";
import { TextClassifier, type ClassScore } from "../tasks/classify.ts";
import type { Model } from "../tasks/model.ts";
import { readTokens, type TextModel } from "../tasks/text-model.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import type { FinetuneConfig } from "./finetune.ts";
import { labelSetStatistics } from "./finetune-label-sets.ts";
import { filled, readRows, type Column } from "./finetune-rows.ts";
import { cutLine, lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A text, or a pair, with what it is. */
export interface LabeledText {
  readonly input: TokenizerInput;
  /** One, but where a text may have several classes, or none. */
  readonly labels: readonly string[];
  /** File and line, for messages. */
  readonly place: string;
}

const label: Column = { role: "label", names: ["label", "labels", "class", "score"] };
const text: Column = { role: "text", names: ["text", "sentence"] };
const first: Column = { role: "first", names: ["text1", "sentence1", "premise", "question1", "question"] };
const second: Column = { role: "second", names: ["text2", "sentence2", "hypothesis", "question2", "sentence"] };

/** Classes of single texts. */
export const classification: FinetuneTask<LabeledText> = {
  head: { task: "sequence-classification" },
  goal: ({ multiLabel }) => ({ score: multiLabel === true ? "F1, micro" : "accuracy", better: "higher" }),
  read: (files, paths, options) => readLabeled(files, paths, [text], options),
  config: classConfig,
  texts: textsOf,
  prepare: prepareClasses,
  check: (model, rows) => void rows.map((row) => labelIds(row, labelsOf(model))),
  judge: judgeClasses,
};

/** Classes of pairs of texts: does one follow from the other, do they mean the same. */
export const pairClassification: FinetuneTask<LabeledText> = {
  ...classification,
  read: (files, paths, options) => readLabeled(files, paths, [first, second], options),
};

/** Reads texts, or pairs, with labels from tables. Throws InputError that names file and line. */
export async function readLabeled(
  files: ReadableFolder,
  paths: readonly string[],
  sides: readonly Column[],
  options: TaskOptions,
): Promise<LabeledText[]> {
  const rows = await readRows(files, paths, [...sides, label], options);
  const named = options.columns?.["label"];
  return rows.map(({ cells, place }) => {
    const parts = sides.map(({ role }) => filled(cells[role]![0]!, role === "text" ? "text" : `${role} text`, place));
    const given = cells["label"]!;
    const labels = options.multiLabel === true ? setOf(given, named, place) : [filled(given[0]!, "label", place)];
    return { input: parts.length === 1 ? parts[0]! : [parts[0]!, parts[1]!], labels, place };
  });
}

/** The classes of a text: those of a cell `a|b`, or those of several columns whose cell is 1. */
function setOf(cells: readonly string[], columns: string | readonly string[] | undefined, place: string): string[] {
  if (columns === undefined || typeof columns === "string") {
    const names = cells[0]!.split("|").map((name) => name.trim());
    return [...new Set(names.filter((name) => name !== ""))];
  }
  return columns.filter((name, i) => {
    const cell = cells[i]!.trim().toLowerCase();
    if (["1", "1.0", "true", "yes"].includes(cell)) return true;
    if (["0", "0.0", "false", "no", ""].includes(cell)) return false;
    throw new InputError(`${place}: under "${name}" stands "${cells[i]!}"; expected 1 where the text is that, else 0.`);
  });
}

/** What config.json says of labels. */
export const labelConfig = (labels: readonly string[]): Record<string, unknown> => ({
  id2label: Object.fromEntries(labels.map((name, i) => [String(i), name])),
  label2id: Object.fromEntries(labels.map((name, i) => [name, i])),
});

function classConfig(rows: readonly LabeledText[], { multiLabel, columns }: TaskOptions): ConfigJson {
  const named = columns?.["label"];
  const found = new Set(rows.flatMap(({ labels }) => labels));
  const labels = typeof named === "object" && multiLabel === true ? [...named] : [...found].sort();
  if (multiLabel === true) {
    if (found.size === 0) throw new InputError("No row has a class. To learn classes, some rows must have one.");
    return { ...labelConfig(labels), problem_type: "multi_label_classification" };
  }
  if (labels.length < 2) {
    throw new InputError(`All rows have the label "${labels[0] ?? ""}". To learn classes, at least two are needed.`);
  }
  // A checkpoint of a regression may say otherwise.
  return { ...labelConfig(labels), problem_type: "single_label_classification" };
}

/** The texts of rows, each for itself. */
export function textsOf(rows: readonly Pick<LabeledText, "input">[]): string[] {
  return rows.flatMap(({ input }) => (typeof input === "string" ? [input] : [...input]));
}

const labelsOf = ({ model }: TextModel): readonly string[] => model.architecture.config["labels"] as readonly string[];

/** The numbers of a row's classes. Throws InputError for one that the model does not have. */
function labelIds({ labels, place }: LabeledText, known: readonly string[]): number[] {
  return labels.map((name) => {
    const id = known.indexOf(name);
    if (id >= 0) return id;
    const near = nearest(name, known);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    const shown = known.slice(0, 20).join(", ");
    throw new InputError(
      `${place}: the label "${name}" is none that the model learns.${hint} They are ${shown}` +
        `${known.length > 20 ? ", …" : ""}.`,
    );
  });
}

/** Rows as a model reads them. */
export interface EncodedRows {
  readonly lengths: readonly number[];
  /** Rows that lost a part. */
  readonly cut: number;
  readonly batch: (examples: readonly number[]) => ReturnType<TextModel["feeds"]>;
}

/** What classes and numbers share: encodings, cut where they are too long, and batches of them. */
export function encodedRows(
  model: TextModel,
  inputs: readonly TokenizerInput[],
  { maxLength }: TaskOptions,
): EncodedRows {
  const encodings = model.encodings(inputs, { truncate: true, maxLength });
  const rows = encodings.map(readTokens);
  const side = endsAtPadding(model) ? "right" : "left";
  return {
    lengths: encodings.map(({ ids }) => ids.length),
    cut: encodings.filter(({ overflowing }) => overflowing.length > 0).length,
    batch: (examples) => {
      const feeds = model.feeds(
        examples.map((index) => rows[index]!),
        side,
      );
      return side === "right" ? feeds : { ...feeds, ...countedFromLeft(feeds["attentionMask"]!) };
    },
  };
}

/**
 * Whether the head finds the ends of texts that are filled up at their right. A decoder's finds them by the padding's id;
 * without one it takes the last place, so texts are filled up at the left.
 */
function endsAtPadding({ model: { architecture } }: TextModel): boolean {
  const { config, inputs, className } = architecture;
  if (!("paddingId" in config) || config["paddingId"] !== undefined) return true;
  if (inputs["attentionMask"] !== undefined && inputs["positionIds"] !== undefined) return false;
  throw new InputError(
    `${className} needs a padding token to find the ends of texts: give config.json a pad_token_id.`,
  );
}

/** Places that count real tokens, where padding stands at the left. */
function countedFromLeft({ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<unknown> }) {
  const [rows, length] = shape as readonly [number, number];
  const places = new Int32Array(rows * length);
  for (let at = 0, count = 0; at < places.length; at++) {
    if (at % length === 0) count = 0;
    if (data[at] === 1) places[at] = count++;
  }
  return { positionIds: { dtype: "int32" as const, shape, data: places } };
}

function prepareClasses(model: TextModel, rows: readonly LabeledText[], config: FinetuneConfig): PreparedTask {
  const { architecture } = model.model;
  const labels = labelsOf(model);
  const ids = rows.map((row) => labelIds(row, labels));
  const { lengths, cut, batch } = encodedRows(
    model,
    rows.map(({ input }) => input),
    config,
  );
  const counts = labels.map((_, id) => ids.filter((one) => one.includes(id)).length);
  const classWeights = weightsOf(config, labels, counts);
  const given = Object.keys(batch([0]));
  const several = architecture.config["problemType"] === "multi_label_classification";
  const { labelSmoothing } = config;
  const labelTensor = (examples: readonly number[]) => {
    if (!several) {
      const data = Int32Array.from(examples, (index) => ids[index]![0]!);
      return { dtype: "int32" as const, shape: [data.length], data };
    }
    const data = Float32Array.from(examples.flatMap((i) => labels.map((_, id) => (ids[i]!.includes(id) ? 1 : 0))));
    return { dtype: "float32" as const, shape: [examples.length, labels.length], data };
  };
  return {
    lengths,
    objective: several
      ? rowLabelSets(architecture, given, { classWeights })
      : rowClasses(architecture, given, { classWeights, labelSmoothing }),
    batch: (examples) => ({
      feeds: { ...batch(examples), labels: labelTensor(examples) },
      targets: examples.length,
    }),
    summary: [balanceOf(labels, counts, rows.length), lengthsLine(lengths), ...cutLine(cut, rows.length, "texts")],
  };
}

async function judgeClasses(
  model: TextModel,
  rows: readonly LabeledText[],
  options: TaskOptions,
): Promise<ExampleStatistics[]> {
  const labels = labelsOf(model);
  const due = rows.map((row) => labelIds(row, labels));
  const found = await predictedClasses(model, rows, options);
  if (model.model.architecture.config["problemType"] === "multi_label_classification") {
    const scores = found.map((row) => labels.map((name) => row.find((one) => one.label === name)!.score));
    return labelSetStatistics(due, scores, labels);
  }
  const expected = rows.map((row) => row.labels[0]!);
  const classes = found.map(([best]) => best!.label);
  const losses = found.map((scores, row) => {
    return -Math.log(Math.max(scores.find((one) => one.label === expected[row])!.score, Number.MIN_VALUE));
  });
  return [...classificationStatistics(expected, classes, { labels }), meanStatistics(losses, undefined, "loss")];
}

/** Rows that are judged at once. */
const JUDGED = 64;

/** The classes of rows, most probable first, whatever their texts' lengths. */
export async function predictedClasses(
  model: TextModel,
  rows: readonly LabeledText[],
  { maxLength }: TaskOptions,
): Promise<ClassScore[][]> {
  const classifier = new TextClassifier(model.model as Model<"sequence-classification">, model.tokenizer);
  const size = ({ input }: LabeledText): number => (typeof input === "string" ? input : input.join(" ")).length;
  // Texts of like length together: little padding.
  const order = [...rows.keys()].sort((a, b) => size(rows[a]!) - size(rows[b]!));
  const found = new Array<ClassScore[]>(rows.length);
  for (let start = 0; start < rows.length; start += JUDGED) {
    const some = order.slice(start, start + JUDGED);
    const inputs = some.map((place) => rows[place]!.input);
    const scores = await classifier.classify(inputs, { truncate: true, maxLength });
    some.forEach((place, i) => (found[place] = scores[i]!));
  }
  return found;
}

/** What each class counts in the loss, by the config. Throws InputError for a class that there is not. */
export function weightsOf(
  { classWeights }: FinetuneConfig,
  labels: readonly string[],
  counts: readonly number[],
): number[] | undefined {
  if (classWeights === undefined) return undefined;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (classWeights === "balanced") return counts.map((count) => total / (labels.length * Math.max(count, 1)));
  const unknown = Object.keys(classWeights).find((name) => !labels.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`classWeights has "${unknown}", which is no label. The labels are ${labels.join(", ")}.`);
  }
  return labels.map((name) => classWeights[name] ?? 1);
}

function balanceOf(labels: readonly string[], counts: readonly number[], rows: number): string {
  const shares = labels.map((name, i) => `${name} ${((100 * counts[i]!) / rows).toFixed(1)} %`);
  return `${rows} rows: ${shares.slice(0, 12).join(", ")}${shares.length > 12 ? ", …" : ""}`;
}
