/** What a student can be taught: masked words, and the tasks of fine-tuning whose heads score classes. */
import type { ReadableFolder } from "../files/index.ts";
import type { WantedHead } from "../models/index.ts";
import type { TextModel } from "../tasks/text-model.ts";
import type { Batch, Goal, Scores } from "../training/index.ts";
import type { TextDocument } from "./documents.ts";
import { finetune, finetuneTasks, scoresOf } from "./finetune.ts";
import { rowTexts, type FinetuneTask, type TaskOptions } from "./finetune-task.ts";
import { wayConfig } from "./learn.ts";
import { maskedWords } from "./pretrain-masked.ts";
import { pretrain, type PretrainConfig } from "./pretrain.ts";
import type { WayContext } from "./way.ts";

/** What rows depend on. */
export interface DistillRows {
  readonly data: readonly string[];
  readonly seed: number;
  readonly maxLength?: number | undefined;
  readonly batchTokens: number;
}

/** A task with its rows as student and teacher read them. */
export interface PreparedDistillation<R = never> {
  readonly lengths: readonly number[];
  /** Inputs and `labels` of the examples of these numbers. */
  readonly batch: (
    examples: readonly number[],
    draw: { readonly epoch: number; readonly batch: number },
  ) => Omit<Batch, "examples">;
  readonly judge: (rows: readonly R[]) => Promise<Scores>;
  readonly summary: readonly string[];
}

/** A task. `R` is a row as it was read. */
export interface DistillTask<R = never> {
  readonly head: WantedHead;
  readonly goal: Goal;
  readonly read: (files: ReadableFolder, paths: readonly string[], rows: DistillRows) => Promise<readonly R[]>;
  /** The text of each row. */
  readonly texts: (rows: readonly R[]) => string[];
  /** The labels that the teacher must know; none where labels are words. */
  readonly labels: (rows: readonly R[]) => readonly string[];
  /** The input with the places of the words that are asked for; see `DistillationOptions.places`. */
  readonly places?: string;
  readonly prepare: (
    model: TextModel,
    rows: readonly R[],
    config: DistillRows,
    context: WayContext,
  ) => PreparedDistillation<R> | Promise<PreparedDistillation<R>>;
}

/** A task of fine-tuning, with rows, labels and scores as they are there. */
function ofFinetuning<R>(name: string, task: FinetuneTask<R>): DistillTask<R> {
  const options = ({ maxLength }: Pick<DistillRows, "maxLength">): TaskOptions => ({ maxLength });
  return {
    ...{ head: task.head, goal: task.goal({}) },
    read: (files, paths, rows) => task.read(files, paths, options(rows)),
    texts: (rows) => rowTexts(task, rows, {}),
    labels: (rows) => Object.values((task.config(rows, {})["id2label"] ?? {}) as Readonly<Record<string, string>>),
    prepare: (model, rows, config) => {
      const { data, seed, maxLength } = config;
      const given = { task: name, model: "", data, seed, ...(maxLength !== undefined && { maxLength }) };
      const { lengths, batch, summary } = task.prepare(model, rows, wayConfig(finetune, given, "The options"));
      const longest = lengths.map((one) => (typeof one === "number" ? one : Math.max(one.source, one.target)));
      return {
        ...{ batch, summary },
        lengths: longest,
        judge: async (held) => scoresOf(await task.judge(model, held, options(config))),
      };
    },
  };
}

const pretraining = ({ data, seed, maxLength, batchTokens }: DistillRows): PretrainConfig => {
  const length = maxLength === undefined ? {} : { maxLength };
  return wayConfig(
    pretrain,
    { objective: "mlm", model: "", data, seed, ...length, training: { batchTokens } },
    "The options",
  );
};
/** Masked words (Sanh et al. 2019, section 3): soft targets and labels at the asked places. */
const words: DistillTask<TextDocument> = {
  ...{ head: maskedWords.head, goal: { score: "accuracy", better: "higher" }, places: "places" },
  read: (files, paths, rows) => maskedWords.read(files, paths, pretraining(rows)),
  texts: (rows) => rows.map((lines) => lines.join("\n")),
  labels: () => [],
  prepare: async (model, rows, config, context) => {
    const { lengths, batch, judge, summary } = await maskedWords.prepare(model, rows, pretraining(config), context);
    return { lengths, batch, summary, judge: judge! };
  },
};

const CLASSES = ["classify", "pairs", "tag"] as const;
const known = finetuneTasks as unknown as Readonly<Record<string, FinetuneTask<unknown>>>;

/** The tasks by the names that `--task` takes. */
export const distillTasks: Readonly<Record<string, DistillTask<unknown>>> = Object.fromEntries([
  ["mlm", words as unknown as DistillTask<unknown>] as const,
  ...CLASSES.flatMap((name) => {
    const task = known[name];
    return task === undefined ? [] : [[name, ofFinetuning(name, task)] as const];
  }),
]);
