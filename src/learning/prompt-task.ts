/** A task that a model meets only in its prompt: how a row becomes text, what may be answered, where rows come from. */
import { z } from "zod";
import { parseTable, tableFormatOf } from "../data/index.ts";
import { ConfigError, InputError, nearest } from "../errors/index.ts";
import type { Schema } from "../errors/schema.ts";
import { readLines, type ReadableFolder } from "../files/index.ts";
import { parseConfig } from "../models/index.ts";
import { fillTemplate } from "../tokens/index.ts";

const shape = {
  /** What a row becomes: `Review: {text}\nMood: {answer}`, or Jinja's language, with the place of the answer as `answer`. */
  template: z.string(),
  /** Stands before everything. */
  instruction: z.string().default(""),
  /** Stands between shots, and behind the instruction. */
  separator: z.string().default("\n\n"),
  /** The column that holds what is due. */
  answer: z.string().default("answer"),
  /**
   * What may be answered: texts, or for each value of the answer's column the text that stands for it, or the name of a
   * column that holds a list of texts. Absent: the model writes its answer.
   */
  choices: z.union([z.string(), z.array(z.string()).min(2), z.record(z.string(), z.string())]).optional(),
  /** Files of rows to show, and of rows to ask about; one list of files may serve both. */
  shots: z.array(z.string()).default([]),
  queries: z.array(z.string()).default([]),
  /** A column: shots come from rows with the value that the row asked about has there. */
  group: z.string().optional(),
  /** What choices are compared with under `--normalize unconditional`. Default: the template without its fields. */
  unconditional: z.string().optional(),
  /** Texts without content, for `--calibrate` (Zhao et al. 2021, section 4). */
  contentFree: z.array(z.string()).min(1).default(["N/A", "", "[MASK]"]),
  /** Of written answers: the most tokens, and what ends them. */
  maxTokens: z.int().positive().default(20),
  stop: z.array(z.string()).default(["\n"]),
};
const schema: Schema<z.infer<z.ZodObject<typeof shape>>> = z.strictObject(shape);
/** A task as its file says it. */
export type PromptTaskConfig = z.infer<z.ZodObject<typeof shape>>;

/** A row of a task, by column. */
export type TaskRow = ReadonlyMap<string, unknown>;

/** A text that may be answered, and the value of the answer's column that it stands for. */
export interface Choice {
  readonly label: string;
  readonly text: string;
}

/** A row cut in two at the place of its answer. */
export interface RowText {
  readonly front: string;
  readonly back: string;
}

/** A task with its rows. */
export interface PromptTask {
  readonly config: PromptTaskConfig;
  readonly shots: readonly TaskRow[];
  readonly queries: readonly TaskRow[];
  /** Whether shots and queries are the same rows: one asked about is never shown. */
  readonly same: boolean;
}

/** Checks what a task's file says. Throws ConfigError that names unknown keys and bad values. */
export function promptTaskConfig(value: unknown, name: string): PromptTaskConfig {
  return parseConfig(schema, value, name, { "": Object.keys(shape) });
}

/** Reads the rows of a task. Throws InputError for files that cannot be read, and for a column that is not there. */
export async function openPromptTask(config: PromptTaskConfig, files: ReadableFolder): Promise<PromptTask> {
  if (config.queries.length === 0) {
    throw new ConfigError("The task names no files of rows to ask about: queries: [test.jsonl].");
  }
  const same = config.shots.length === 0 || config.shots.join("\n") === config.queries.join("\n");
  const queries = await rowsOf(files, config.queries, config);
  const shots = same ? queries : await rowsOf(files, config.shots, config);
  return promptTask(config, queries, same ? undefined : shots);
}

/** A task whose rows are there already; without shots of its own it shows its queries. Throws InputError as above. */
export function promptTask(
  config: PromptTaskConfig,
  queries: readonly TaskRow[],
  shots?: readonly TaskRow[],
): PromptTask {
  const task = { config, queries, shots: shots ?? queries, same: shots === undefined };
  for (const row of new Set([...task.shots, ...task.queries])) {
    labelOf(task, row);
    rowText(config, row);
    choicesOf(task, row);
  }
  return task;
}

async function rowsOf(files: ReadableFolder, paths: readonly string[], config: PromptTaskConfig): Promise<TaskRow[]> {
  const rows: TaskRow[] = [];
  for (const path of paths) {
    const lines: string[] = [];
    for await (const line of readLines(files, path)) lines.push(line);
    const known = [config.answer, ...namesIn(config.template)];
    const table = parseTable(lines, tableFormatOf(path), files.describe(path), known);
    rows.push(...table.rows.map(({ values }) => values));
  }
  return rows;
}

const PLACE = /\{(\w+)\}/g;
const isJinja = (template: string): boolean => /\{\{|\{%/.test(template);

/** The columns that a template reads, as far as they are told without filling it. */
function namesIn(template: string): string[] {
  const pattern = isJinja(template) ? /\{\{-?\s*(\w+)/g : PLACE;
  return [...template.matchAll(pattern)].map(([, name]) => name!).filter((name) => name !== "answer");
}

/** Stands in a template where the answer will. */
const MARK = "\u0001";

/** A row as text, cut at the answer's place. `fields` replaces all values: for prompts without content. */
export function rowText({ template, answer }: PromptTaskConfig, row: TaskRow, fields?: string): RowText {
  const values = new Map([...row].map(([name, value]) => [name, fields ?? value]));
  values.set("answer", MARK);
  const filled = isJinja(template)
    ? fillTemplate(template, Object.fromEntries(values))
    : template.replace(PLACE, (_, name: string) => textAt(values, name, answer));
  const [front, back, ...more] = filled.split(MARK);
  if (back !== undefined && more.length === 0) return { front: front!, back };
  throw new ConfigError(
    `The template names the place of the answer ${back === undefined ? "nowhere" : `${more.length + 1} times`}: ` +
      'once, as {answer}, was expected: "Review: {text}\\nMood: {answer}".',
  );
}

function textAt(values: ReadonlyMap<string, unknown>, name: string, answer: string): string {
  const value = values.get(name);
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const known = [...values.keys()].filter((one) => one !== answer);
  const near = nearest(name, known);
  throw new InputError(
    `The template reads {${name}}, and a row has no text there.${near === undefined ? "" : ` Did you mean {${near}}?`} ` +
      `Its columns are ${known.join(", ")}.`,
  );
}

/** What a row's answer is, as the column has it. Throws InputError where it has none. */
export function labelOf({ config: { answer } }: Pick<PromptTask, "config">, row: TaskRow): string {
  const value = row.get(answer);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new InputError(
    `A row has no text under "${answer}", which is to hold the answer. Its columns are ${[...row.keys()].join(", ")}; ` +
      'name the right one in the task: "answer: …".',
  );
}

/** The choices of a row; undefined where the model writes its answer. Throws InputError where what is due is no choice. */
export function choicesOf(task: Pick<PromptTask, "config">, row: TaskRow): readonly Choice[] | undefined {
  const { choices } = task.config;
  if (choices === undefined) return undefined;
  const made = choiceList(choices, row);
  const due = labelOf(task, row);
  if (made.some(({ label }) => label === due)) return made;
  throw new InputError(
    `A row has the answer "${due}", which is none of the choices ${made.map(({ label }) => label).join(", ")}.`,
  );
}

function choiceList(choices: NonNullable<PromptTaskConfig["choices"]>, row: TaskRow): Choice[] {
  if (Array.isArray(choices)) return choices.map((text) => ({ label: text, text }));
  if (typeof choices === "object") return Object.entries(choices).map(([label, text]) => ({ label, text }));
  const list = row.get(choices);
  if (Array.isArray(list) && list.length > 1 && list.every((one) => typeof one === "string")) {
    return list.map((text) => ({ label: text, text }));
  }
  throw new InputError(`A row has no list of two texts or more under "${choices}", which is to hold its choices.`);
}

/** How a row's answer is written when it is shown. */
export function shownAnswer(task: Pick<PromptTask, "config">, row: TaskRow): string {
  const label = labelOf(task, row);
  return choicesOf(task, row)?.find((choice) => choice.label === label)?.text ?? label;
}
