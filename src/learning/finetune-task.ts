/** What is particular to a task that a model is fine-tuned for. */
import type { PairLength } from "../data/index.ts";
import type { ExampleStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson, WantedHead } from "../models/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Batch, Goal, Objective } from "../training/index.ts";
import type { FinetuneConfig } from "./finetune.ts";

/** What tells a task how rows are read and judged: the part of a config that judging needs, too. All may be left out. */
export interface TaskOptions {
  /** The most tokens of a text; longer ones are cut, or read in windows. Default: what the model reads. */
  readonly maxLength?: number | undefined;
  /** The column of each thing that a task reads, by the task's name for it (`text`, `label`); or several columns. */
  readonly columns?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Whether a text may have several classes, or none: `a|b` in a cell, or a column of 0 and 1 for each class. */
  readonly multiLabel?: boolean | undefined;
  /** Which pieces of a word have its tag. Default: "first"; the others count for nothing. */
  readonly pieces?: "first" | "all" | undefined;
  /** By how many tokens the windows over a long text overlap. Default: 128. */
  readonly stride?: number | undefined;
  /** How much better than the best span "no answer" must score, where a question may have none. Default: 0. */
  readonly noAnswerThreshold?: number | undefined;
  /** Written in front of each source: `summarize: `. */
  readonly prefix?: string | undefined;
  /** The most tokens of what is written. */
  readonly targetLength?: number | undefined;
  /** Beams of what is written when it is judged. Default: as the model's settings say, else 1. */
  readonly beams?: number | undefined;
  /** The languages of a translation, by the model's codes, where it has several. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A task: from files to rows, from rows to batches and a loss, from a model to scores. `R` is a row as it was read. */
export interface FinetuneTask<R = never> {
  readonly head: WantedHead;
  /** The score of a validation that decides, by the name of its metric. */
  readonly goal: (options: TaskOptions) => Goal;
  /** Rows of files. Throws InputError that names file and line of what cannot be read; no files give no rows. */
  readonly read: (files: ReadableFolder, paths: readonly string[], options: TaskOptions) => Promise<readonly R[]>;
  /** What config.json must say for these rows: the labels, say. Throws InputError for rows that teach nothing. */
  readonly config: (rows: readonly R[], options: TaskOptions) => ConfigJson;
  /** What a tokenizer is trained on. */
  readonly texts: (rows: readonly R[], options: TaskOptions) => Iterable<string>;
  /** Tokens, batches and loss. Throws InputError for a row that the model cannot read. */
  readonly prepare: (model: TextModel, rows: readonly R[], config: FinetuneConfig) => PreparedTask;
  /** Throws InputError that names file and line of a row that a model cannot be judged on: an unknown label. */
  readonly check?: (model: TextModel, rows: readonly R[]) => void;
  /** Judges a model as it is, without any training row: each metric, with what each row adds to it. */
  readonly judge: (model: TextModel, rows: readonly R[], options: TaskOptions) => Promise<readonly ExampleStatistics[]>;
}

/** A task with its rows as a model reads them. */
export interface PreparedTask {
  /** Tokens of each example, or of both of its sides. */
  readonly lengths: readonly (number | PairLength)[];
  readonly objective: Objective;
  /** The batch of the examples of these numbers. */
  readonly batch: (examples: readonly number[]) => Omit<Batch, "examples">;
  /** For people: rows, labels, lengths. */
  readonly summary: readonly string[];
  /** Keys over those of the config.json that is written: what whoever uses the model must know. */
  readonly settings?: ConfigJson | undefined;
}

/** Of lengths, for people: the middle, nine of ten, the longest. */
export function lengthsLine(lengths: readonly number[], what = "tokens a row"): string {
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return `${what}: median ${at(0.5)}, nine of ten at most ${at(0.9)}, longest ${sorted.at(-1)!}`;
}

/** How often something was cut off, for people; nothing where it was not. */
export function cutLine(cut: number, rows: number, what: string): string[] {
  if (cut === 0) return [];
  return [`${cut} of ${rows} ${what} are longer than the model may read: their ends are cut off (maxLength)`];
}

/** The text of each row, or its texts as one: what tells whether two rows are the same. */
export function rowTexts<R>(
  { texts }: Pick<FinetuneTask<R>, "texts">,
  rows: readonly R[],
  options: TaskOptions,
): string[] {
  return rows.map((row) => [...texts([row], options)].join("\n"));
}
