/** Examples of several tasks as rows of one batch: what each example reads, and where its scores come from. */
import { IGNORED } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import type { TokenizerInput } from "../tokens/index.ts";
import { choosing, type ChoiceRow } from "./finetune-choices.ts";
import { classification, pairClassification, type LabeledText } from "./finetune-classes.ts";
import type { TaskOptions } from "./finetune-task.ts";
import type { ScoreForm } from "./together-objective.ts";

/** What tasks there are: classes of texts, of ordered pairs, of pairs without an order, and one of several texts. */
export const togetherKinds = ["classify", "pairs", "similarity", "choice"] as const;
/** The name of a kind. */
export type TogetherKind = (typeof togetherKinds)[number];

/** How the scores of each kind are made. */
export const formOf: Readonly<Record<TogetherKind, ScoreForm>> = {
  classify: "row",
  pairs: "row",
  similarity: "both orders",
  choice: "choices",
};

/** An example: the texts that are its rows, and its class by number. */
export interface SharedExample {
  readonly inputs: readonly TokenizerInput[];
  readonly label: number;
}

/** The rows of a task's files, with their labels. */
export interface SharedData {
  readonly kind: TogetherKind;
  readonly labeled: readonly LabeledText[];
  readonly choices: readonly ChoiceRow[];
}

/** Reads the files of a task. Throws InputError that names file and line. */
export async function readShared(
  kind: TogetherKind,
  files: ReadableFolder,
  paths: readonly string[],
  options: TaskOptions,
): Promise<SharedData> {
  if (kind === "choice") return { kind, labeled: [], choices: await choosing.read(files, paths, options) };
  const reader = kind === "classify" ? classification : pairClassification;
  return { kind, labeled: await reader.read(files, paths, options), choices: [] };
}

/** The classes of a task, sorted; the choices have none. Throws InputError where there is one alone. */
export function classesOf({ kind, labeled }: SharedData, name: string): string[] {
  if (kind === "choice") return ["LABEL_0"];
  const labels = [...new Set(labeled.flatMap((row) => row.labels))].sort();
  if (labels.length >= 2) return labels;
  throw new InputError(`tasks.${name}: all rows have the label "${labels[0] ?? ""}". At least two classes are needed.`);
}

/** Examples from rows. Throws InputError that names file and line of a label that is not among the classes. */
export function examplesOf({ kind, labeled, choices }: SharedData, classes: readonly string[]): SharedExample[] {
  if (kind === "choice") {
    return choices.map((row) => ({
      inputs: row.choices.map((choice) => [row.context, choice] as const),
      label: row.label,
    }));
  }
  return labeled.map(({ input, labels: [name = ""], place }) => {
    const label = classes.indexOf(name);
    if (label < 0) {
      throw new InputError(`${place}: the label "${name}" is none that the model learns: ${classes.join(", ")}.`);
    }
    const both = kind === "similarity" && typeof input !== "string";
    return { inputs: both ? [input, [input[1], input[0]]] : [input], label };
  });
}

/** The texts of a task, for a tokenizer. */
export function sharedTexts({ labeled, choices }: SharedData): string[] {
  const rows = labeled.flatMap(({ input }) => (typeof input === "string" ? [input] : [...input]));
  return [...rows, ...choices.flatMap((row) => [row.context, ...row.choices])];
}

/** Some examples of a batch: their task, their class, and the rows that are theirs. */
export interface PlacedExample {
  readonly task: string;
  readonly label: number;
  readonly rows: readonly number[];
}

/** The inputs of the objective that say which rows belong to which example, for `count` rows. */
export function placesOf(
  examples: readonly PlacedExample[],
  tasks: readonly { readonly name: string; readonly form: ScoreForm; readonly choices: number }[],
  count: number,
): Values {
  const feeds: Record<string, HostTensor> = {};
  for (const { name, form, choices } of tasks) {
    const own = examples.filter(({ task }) => task === name);
    const labels = new Int32Array(count).fill(IGNORED);
    const partners = Int32Array.from({ length: count }, (_, row) => row);
    const members = new Int32Array(count * choices).fill(-1);
    for (const { label, rows } of own) {
      labels[rows[0]!] = label;
      if (form === "both orders") [partners[rows[0]!], partners[rows[1]!]] = [rows[1]!, rows[0]!];
      else if (form === "choices") members.set(rows, rows[0]! * choices);
    }
    feeds[`labels.${name}`] = { dtype: "int32", shape: [count], data: labels };
    if (form === "both orders") feeds[`partners.${name}`] = { dtype: "int32", shape: [count], data: partners };
    if (form === "choices") feeds[`members.${name}`] = { dtype: "int32", shape: [count, choices], data: members };
  }
  return feeds;
}

/**
 * The next tokens of rows, and what each counts: over all tokens of an example together `weight`, so that examples count
 * the same whatever their lengths.
 */
export function nextTokens(
  { inputIds, attentionMask }: Values,
  examples: readonly PlacedExample[],
  weight: number,
): Values {
  const { shape, data } = inputIds!;
  const [count, length] = shape as readonly [number, number];
  const real = (row: number, at: number): boolean =>
    attentionMask === undefined || Number(attentionMask.data[row * length + at]) === 1;
  const labels = new Int32Array(count * length).fill(IGNORED);
  const weights = new Float32Array(count * length);
  for (const { rows } of examples) {
    const places = rows.flatMap((row) =>
      Array.from({ length: length - 1 }, (_, at) => at).flatMap((at) =>
        real(row, at) && real(row, at + 1) ? [row * length + at] : [],
      ),
    );
    for (const place of places) {
      labels[place] = Number(data[place + 1]);
      weights[place] = weight / places.length;
    }
  }
  return {
    "labels.language": { dtype: "int32", shape, data: labels },
    "weights.language": { dtype: "float32", shape, data: weights },
  };
}
