/** What is particular to a task that a model is fine-tuned for. */
import type { ExampleStatistics } from "../evaluation/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { ConfigJson, WantedHead } from "../models/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Batch, Goal, Objective } from "../training/index.ts";
import type { FinetuneConfig } from "./finetune.ts";

/** A task: from files to rows, from rows to batches and a loss, from a model to scores. `R` is a row as it was read. */
export interface FinetuneTask<R = never> {
  readonly head: WantedHead;
  /** The score of a validation that decides, by the name of its metric. */
  readonly goal: Goal;
  /** Rows of files. Throws InputError that names file and line of what cannot be read; no files give no rows. */
  readonly read: (files: ReadableFolder, paths: readonly string[]) => Promise<readonly R[]>;
  /** What config.json must say for these rows: the labels, say. */
  readonly config: (rows: readonly R[]) => ConfigJson;
  /** What a tokenizer is trained on. */
  readonly texts: (rows: readonly R[]) => Iterable<string>;
  /** Tokens, batches and loss. Throws InputError for a row that the model cannot read. */
  readonly prepare: (model: TextModel, rows: readonly R[], config: FinetuneConfig) => PreparedTask<R>;
}

/** A task with its rows as a model reads them. */
export interface PreparedTask<R = never> {
  /** Tokens of each example. */
  readonly lengths: readonly number[];
  readonly objective: Objective;
  /** The batch of the examples of these numbers. */
  readonly batch: (examples: readonly number[]) => Omit<Batch, "examples">;
  /** Judges the model as it is on rows that it does not train on: each metric, with what each row adds to it. */
  readonly judge: (rows: readonly R[]) => Promise<readonly ExampleStatistics[]>;
  /** For people: rows, labels, lengths. */
  readonly summary: readonly string[];
}

/** The text of each row, or its texts as one: what tells whether two rows are the same. */
export function rowTexts<R>({ texts }: Pick<FinetuneTask<R>, "texts">, rows: readonly R[]): string[] {
  return rows.map((row) => [...texts([row])].join("\n"));
}
