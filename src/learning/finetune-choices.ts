/** Fine-tuning for multiple choice: one of several endings, answers or texts (Devlin et al. 2019, section 4.4). */
import { parseTable, tableFormatOf, type Table, type TableRow } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { classificationStatistics, meanStatistics, type ExampleStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { rowClasses } from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { probabilities, readTokens, rowOf, type ReadTokens, type TextModel } from "../tasks/text-model.ts";
import type { Encoding } from "../tokens/index.ts";
import type { FinetuneConfig } from "./finetune.ts";
import { filled, linesOf } from "./finetune-rows.ts";
import { cutLine, lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A text with what may follow it. */
export interface ChoiceRow {
  readonly context: string;
  readonly choices: readonly string[];
  /** The number of the right one, from 0. */
  readonly label: number;
  /** File and line, for messages. */
  readonly place: string;
}

/** One of several texts. */
export const choosing: FinetuneTask<ChoiceRow> = {
  head: { task: "multiple-choice" },
  goal: () => ({ score: "accuracy", better: "higher" }),
  read: readChoices,
  config: () => ({}),
  texts: (rows) => rows.flatMap(({ context, choices }) => [context, ...choices]),
  prepare: prepareChoices,
  judge: judgeChoices,
};

const CONTEXT = ["context", "text", "question", "premise", "startphrase", "sent1"];
const LABEL = ["label", "answer"];
const NUMBERED = /^(?:choice|ending|option|answer|alt|solution|sol)[ _]?\d+$|^[A-F]$/i;

async function readChoices(
  files: ReadableFolder,
  paths: readonly string[],
  { columns = {} }: TaskOptions,
): Promise<ChoiceRow[]> {
  const rows: ChoiceRow[] = [];
  for (const path of paths) {
    const known = [...CONTEXT, ...LABEL, ...Object.values(columns).flat()];
    const table = parseTable(await linesOf(files, path), tableFormatOf(path), files.describe(path), known);
    const context = columnNamed(table, [columns["context"] ?? CONTEXT].flat(), "context");
    const label = columnNamed(table, [columns["label"] ?? LABEL].flat(), "label");
    const asked = columns["choices"];
    const names = asked === undefined ? table.columns.filter((name) => NUMBERED.test(name)) : [asked].flat();
    for (const row of table.rows) {
      const place = `${table.name}, line ${row.line}`;
      const choices = choicesOf(row, names, place);
      const from = filled(cell(row, context, place), "context", place);
      rows.push({
        context: from,
        choices,
        label: labelOf(cell(row, label, place), choices.length, names, place),
        place,
      });
    }
  }
  return rows;
}

function columnNamed({ columns, name }: Table, names: readonly string[], role: string): string {
  const found = names.find((one) => columns.includes(one));
  if (found !== undefined) return found;
  throw new InputError(
    `${name} has no column ${names.join(" or ")}; its columns are ${columns.join(", ")}. Name the columns in a first row, ` +
      `or say which one it is: columns: { ${role}: … }.`,
  );
}

function cell({ values }: TableRow, column: string, place: string): string {
  const value = values.get(column);
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new InputError(`${place}: there is no text or number under "${column}".`);
}

/** The choices of a row: a list under `choices`, as JSON has it, or a column each. */
function choicesOf(row: TableRow, names: readonly string[], place: string): string[] {
  const list = row.values.get(names.length === 1 ? names[0]! : "choices");
  const found = Array.isArray(list) && list.every((one) => typeof one === "string") ? list : undefined;
  const choices = found ?? names.map((name) => cell(row, name, place));
  if (choices.length >= 2) return choices.map((choice) => filled(choice, "choice", place));
  throw new InputError(
    `${place}: there are ${choices.length} choices; at least 2 were expected, in columns choice1, choice2, … or in a ` +
      "list under choices.",
  );
}

/** A number from 0, a letter from A, or the name of a column. */
function labelOf(text: string, count: number, names: readonly string[], place: string): number {
  const named = names.indexOf(text);
  const letter = /^[A-Z]$/.test(text) ? text.charCodeAt(0) - 65 : -1;
  const label = named >= 0 ? named : letter >= 0 ? letter : /^\d+$/.test(text.trim()) ? Number(text) : -1;
  if (label >= 0 && label < count) return label;
  throw new InputError(
    `${place}: the right choice is "${text}"; expected a number from 0 to ${count - 1}, or a letter from A on.`,
  );
}

function encodedChoices(model: TextModel, rows: readonly ChoiceRow[], { maxLength }: TaskOptions): Encoding[][] {
  const pairs = rows.flatMap(({ context, choices }) => choices.map((choice) => [context, choice] as const));
  const encodings = model.encodings(pairs, { truncate: true, maxLength });
  let at = 0;
  return rows.map(({ choices }) => encodings.slice(at, (at += choices.length)));
}

/** Inputs [B, N, T] of rows that have N choices each. */
function choiceFeeds(model: TextModel, rows: readonly (readonly ReadTokens[])[]): Values {
  const count = rows[0]!.length;
  const shaped = (value: HostTensor): HostTensor => ({ ...value, shape: [rows.length, count, value.shape[1]!] });
  return Object.fromEntries(Object.entries(model.feeds(rows.flat())).map(([name, value]) => [name, shaped(value)]));
}

function prepareChoices(model: TextModel, rows: readonly ChoiceRow[], config: FinetuneConfig): PreparedTask {
  const encodings = encodedChoices(model, rows, config);
  const count = rows[0]!.choices.length;
  const other = rows.find(({ choices }) => choices.length !== count);
  if (other !== undefined) {
    throw new InputError(`${other.place}: there are ${other.choices.length} choices, but the first row has ${count}.`);
  }
  // A row takes as many tokens as all its choices.
  const lengths = encodings.map((row) => count * Math.max(...row.map(({ ids }) => ids.length)));
  const given = Object.keys(choiceFeeds(model, [encodings[0]!]));
  const kept = encodings.map((row) => row.map(readTokens));
  const cut = encodings.filter((row) => row.some(({ overflowing }) => overflowing.length > 0)).length;
  return {
    lengths,
    objective: rowClasses(model.model.architecture, given, { labelSmoothing: config.labelSmoothing }),
    batch: (examples) => {
      const data = Int32Array.from(examples, (index) => rows[index]!.label);
      const some = examples.map((index) => kept[index]!);
      const feeds = { ...choiceFeeds(model, some), labels: { dtype: "int32" as const, shape: [data.length], data } };
      return { feeds, targets: examples.length };
    },
    summary: [
      `${rows.length} rows of ${count} choices`,
      lengthsLine(lengths, "tokens of all choices together"),
      ...cutLine(cut, rows.length, "rows"),
    ],
  };
}

/** Rows that are judged at once. */
const JUDGED = 16;

async function judgeChoices(
  model: TextModel,
  rows: readonly ChoiceRow[],
  options: TaskOptions,
): Promise<ExampleStatistics[]> {
  const encodings = encodedChoices(model, rows, options);
  const order = [...rows.keys()].sort((a, b) => rows[a]!.choices.length - rows[b]!.choices.length);
  const found = new Array<Float32Array>(rows.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    const count = rows[order[start]!]!.choices.length;
    while (end < order.length && end - start < JUDGED && rows[order[end]!]!.choices.length === count) end++;
    const places = order.slice(start, end);
    const feeds = choiceFeeds(
      model,
      places.map((place) => encodings[place]!),
    );
    const logits = (await model.model.run(feeds, { outputs: ["logits"] })).get("logits")!;
    places.forEach((place, i) => (found[place] = probabilities(rowOf(logits, i))));
  }
  const names = Array.from({ length: Math.max(...found.map((row) => row.length)) }, (_, i) => String(i));
  const chosen = found.map((row) => String(row.indexOf(Math.max(...row))));
  const losses = found.map((row, i) => -Math.log(Math.max(row[rows[i]!.label]!, Number.MIN_VALUE)));
  const due = rows.map(({ label }) => String(label));
  return [...classificationStatistics(due, chosen, { labels: names }), meanStatistics(losses, undefined, "loss")];
}
