/** Fine-tuning for classes of texts and of pairs of texts, and for numbers. */
import { columnOf, parseTable, tableFormatOf, type Table } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { classificationStatistics, meanStatistics, regressionStatistics } from "../evaluation/index.ts";
import { readLines, type ReadableFolder } from "../files/index.ts";
import { rowClasses, rowNumbers } from "../objectives/index.ts";
import { TextClassifier } from "../tasks/classify.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import type { Model } from "../tasks/model.ts";
import type { FinetuneConfig } from "./finetune.ts";
import type { FinetuneTask, PreparedTask } from "./finetune-task.ts";
import { lengthsOf } from "./token-rows.ts";

/** A text, or a pair, with what it is. */
export interface LabeledText {
  readonly input: TokenizerInput;
  readonly label: string;
}

const LABELS = ["label", "class", "score"];
const TEXTS = ["text", "sentence"];
const FIRST = ["text1", "sentence1", "premise", "question1", "question"];
const SECOND = ["text2", "sentence2", "hypothesis", "question2", "sentence"];

/** Classes of single texts. */
export const classification: FinetuneTask<LabeledText> = {
  ...{ head: { task: "sequence-classification" }, goal: { score: "accuracy", better: "higher" } },
  read: (files, paths) => readLabeled(files, paths, [TEXTS]),
  ...{ config: classConfig, texts: textsOf, prepare: prepareClasses },
};

/** Classes of pairs of texts: does one follow from the other, do they mean the same. */
export const pairClassification: FinetuneTask<LabeledText> = {
  ...classification,
  read: (files, paths) => readLabeled(files, paths, [FIRST, SECOND]),
};

/** A number for each text. */
export const regression: FinetuneTask<LabeledText> = {
  ...classification,
  goal: { score: "Pearson correlation", better: "higher" },
  config: () => ({ ...labelConfig(["LABEL_0"]), problem_type: "regression" }),
  prepare: prepareNumbers,
};

/** Reads texts with labels from tables. Columns are found by their names, or by their order where there is no header. */
async function readLabeled(
  files: ReadableFolder,
  paths: readonly string[],
  sides: readonly (readonly string[])[],
): Promise<LabeledText[]> {
  const rows: LabeledText[] = [];
  for (const path of paths) {
    const lines: string[] = [];
    for await (const line of readLines(files, path)) lines.push(line);
    const table = parseTable(lines, tableFormatOf(path), files.describe(path), [...LABELS, ...sides.flat()]);
    const taken: string[] = [];
    const columns = sides.map((names, i) => columnAt(table, names, i, taken));
    const texts = columns.map((column) => columnOf(table, column));
    const labels = columnOf(table, columnAt(table, LABELS, sides.length, taken));
    labels.forEach((label, row) => {
      const parts = texts.map((column) => column[row]!);
      rows.push({ input: parts.length === 1 ? parts[0]! : [parts[0]!, parts[1]!], label });
    });
  }
  return rows;
}

/** The first column that bears one of the names and is not taken, or, without a header, the one at that place. */
function columnAt({ columns, name }: Table, names: readonly string[], place: number, taken: string[]): string {
  const headless = columns.every((column, i) => column === String(i + 1));
  const found = headless ? columns[place] : names.find((one) => columns.includes(one) && !taken.includes(one));
  if (found === undefined) {
    throw new InputError(
      `${name} has no column ${names.join(" or ")}; its columns are ${columns.join(", ")}. Name the columns in a first row.`,
    );
  }
  taken.push(found);
  return found;
}

const labelConfig = (labels: readonly string[]): Record<string, unknown> => ({
  id2label: Object.fromEntries(labels.map((label, i) => [String(i), label])),
  label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
});

function classConfig(rows: readonly LabeledText[]): Record<string, unknown> {
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  if (labels.length < 2) {
    throw new InputError(`All rows have the label "${labels[0] ?? ""}". To learn classes, at least two are needed.`);
  }
  return labelConfig(labels);
}

function textsOf(rows: readonly LabeledText[]): string[] {
  return rows.flatMap(({ input }) => (typeof input === "string" ? [input] : [...input]));
}

/** What classes and numbers share: encodings, and batches with the labels as a model reads them. */
function encoded(
  model: TextModel,
  rows: readonly LabeledText[],
  { maxLength }: FinetuneConfig,
): { lengths: number[]; batch: (examples: readonly number[]) => ReturnType<TextModel["feeds"]> } {
  const { encodings } = model.encode(
    rows.map(({ input }) => input),
    { truncate: true, maxLength },
  );
  return {
    lengths: encodings.map(({ ids }) => ids.length),
    batch: (examples) => model.feeds(examples.map((index) => encodings[index]!)),
  };
}

function prepareClasses(
  model: TextModel,
  rows: readonly LabeledText[],
  config: FinetuneConfig,
): PreparedTask<LabeledText> {
  const { architecture } = model.model;
  const labels = architecture.config["labels"] as readonly string[];
  const ids = rows.map(({ label }) => labels.indexOf(label));
  const { lengths, batch } = encoded(model, rows, config);
  const counts = labels.map((_, id) => ids.filter((one) => one === id).length);
  const classWeights = weightsOf(config, labels, counts);
  const given = Object.keys(batch([0]));
  const classifier = new TextClassifier(model.model as Model<"sequence-classification">, model.tokenizer);
  return {
    lengths,
    objective: rowClasses(architecture, given, { classWeights, labelSmoothing: config.labelSmoothing }),
    batch: (examples) => {
      const data = Int32Array.from(examples, (index) => ids[index]!);
      const feeds = { ...batch(examples), labels: { dtype: "int32" as const, shape: [data.length], data } };
      return { feeds, targets: examples.length };
    },
    judge: async (held) => {
      const found = await predicted(classifier, held, config);
      const expected = held.map(({ label }) => label);
      const classes = found.map(([best]) => best!.label);
      const losses = found.map((scores, row) => {
        return -Math.log(scores.find(({ label }) => label === expected[row])?.score ?? 0);
      });
      return [...classificationStatistics(expected, classes), meanStatistics(losses, undefined, "loss")];
    },
    summary: [balanceOf(labels, counts), lengthsOf(lengths)],
  };
}

function prepareNumbers(
  model: TextModel,
  rows: readonly LabeledText[],
  config: FinetuneConfig,
): PreparedTask<LabeledText> {
  const values = rows.map(({ label }, i) => numberOf(label, i));
  const { lengths, batch } = encoded(model, rows, config);
  const classifier = new TextClassifier(model.model as Model<"sequence-classification">, model.tokenizer);
  return {
    lengths,
    objective: rowNumbers(model.model.architecture, Object.keys(batch([0]))),
    batch: (examples) => {
      const data = Float32Array.from(examples, (index) => values[index]!);
      const feeds = { ...batch(examples), labels: { dtype: "float32" as const, shape: [data.length], data } };
      return { feeds, targets: examples.length };
    },
    judge: async (held) => {
      const found = (await predicted(classifier, held, config)).map(([best]) => best!.score);
      const expected = held.map(({ label }, i) => numberOf(label, i));
      return regressionStatistics(expected, found);
    },
    summary: [
      `${values.length} rows, labels from ${Math.min(...values)} to ${Math.max(...values)}`,
      lengthsOf(lengths),
    ],
  };
}

/** Rows that are judged at once. */
const JUDGED = 64;

async function predicted(
  classifier: TextClassifier,
  rows: readonly LabeledText[],
  { maxLength }: FinetuneConfig,
): Promise<Awaited<ReturnType<TextClassifier["classify"]>>> {
  const found = [];
  for (let start = 0; start < rows.length; start += JUDGED) {
    const inputs = rows.slice(start, start + JUDGED).map(({ input }) => input);
    found.push(...(await classifier.classify(inputs, { truncate: true, maxLength })));
  }
  return found;
}

function numberOf(label: string, row: number): number {
  const value = Number(label);
  if (label.trim() !== "" && Number.isFinite(value)) return value;
  throw new InputError(`Row ${row + 1} has the label "${label}"; to learn numbers, a number was expected.`);
}

function weightsOf(
  { classWeights }: FinetuneConfig,
  labels: readonly string[],
  counts: readonly number[],
): number[] | undefined {
  if (classWeights === undefined) return undefined;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (classWeights === "balanced") return counts.map((count) => total / (labels.length * Math.max(count, 1)));
  const unknown = Object.keys(classWeights).find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    throw new InputError(`classWeights has "${unknown}", which is no label. The labels are ${labels.join(", ")}.`);
  }
  return labels.map((label) => classWeights[label] ?? 1);
}

function balanceOf(labels: readonly string[], counts: readonly number[]): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shares = labels.map((label, i) => `${label} ${((100 * counts[i]!) / total).toFixed(1)} %`);
  return `${total} rows: ${shares.slice(0, 12).join(", ")}${shares.length > 12 ? ", …" : ""}`;
}
