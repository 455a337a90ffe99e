/**
 * Fine-tuning: a task's head on a body that has learned from other text, or from none (`heed finetune`). What is
 * particular to a task is in its own file, `finetune-….ts`.
 */
import { z } from "zod";
import { CONFIG, readSettings, writeSettings } from "../checkpoints/index.ts";
import { scoreOf, type ExampleStatistics } from "../evaluation/index.ts";
import type { Folder } from "../files/index.ts";
import { rowBatches } from "../objectives/index.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { ConfigJson } from "../models/index.ts";
import type { Scores } from "../training/index.ts";
import { answering } from "./finetune-answers.ts";
import { choosing } from "./finetune-choices.ts";
import { classification, pairClassification } from "./finetune-classes.ts";
import { regression } from "./finetune-numbers.ts";
import { tagging } from "./finetune-tags.ts";
import { rowTexts, type FinetuneTask } from "./finetune-task.ts";
import { responding, summarizing, translating } from "./finetune-writing.ts";
import { fitSection, type FitDefaults } from "./fit-config.ts";
import { adaptKeyNames, adaptKeys, modelToTrain } from "./adaptation.ts";
import { modelKey, queriesLikeKeysKey, tokenizerKey } from "./model-source.ts";
import { lessonMemory } from "./preflight.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

/** The tasks by the names that `--task` takes. */
export const finetuneTasks = {
  classify: classification,
  pairs: pairClassification,
  regress: regression,
  tag: tagging,
  answer: answering,
  choice: choosing,
  summarize: summarizing,
  translate: translating,
  respond: responding,
} as const;
/** The name of a task. */
export type FinetuneTaskName = keyof typeof finetuneTasks;

const defaults: FitDefaults = { learningRate: 3e-5, batchTokens: 2048 };
const whole = z.int().positive();

/** The keys of a config that say how a task reads and judges rows; see `TaskOptions`. */
export const taskKeys = {
  /** The most tokens of a text; longer ones are cut, or read in windows. Default: what the model reads. */
  maxLength: whole.optional(),
  /** The column of each thing that the task reads, by its name here: `text`, `label`, `source`, … */
  columns: z.record(z.string(), z.union([z.string(), z.array(z.string()).min(1)])).optional(),
  /** Several classes a text, or none: `a|b` in a cell, or a column of 0 and 1 for each class. */
  multiLabel: z.boolean().optional(),
  /** Which pieces of a word are trained to give its tag. */
  pieces: z.enum(["first", "all"]).optional(),
  /** By how many tokens the windows over a long text overlap. Default: 128. */
  stride: z.int().min(0).optional(),
  /** How much better than the best span "no answer" must score, where a question may have none. */
  noAnswerThreshold: z.number().optional(),
  /** Written in front of each source, as T5 is told what to do. */
  prefix: z.string().optional(),
  /** The most tokens of what is written. */
  targetLength: whole.optional(),
  beams: whole.optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  /** Of the loss: "balanced" for the inverse of how often a class is, or a number for each class by its name. */
  classWeights: z.union([z.literal("balanced"), z.record(z.string(), z.number().positive())]).optional(),
  labelSmoothing: z.number().min(0).lt(1).default(0),
};

const shape = {
  task: z.enum(Object.keys(finetuneTasks) as [FinetuneTaskName]),
  model: modelKey,
  tokenizer: tokenizerKey,
  queriesLikeKeys: queriesLikeKeysKey,
  /** Files of examples to learn from, to validate on while learning, and to measure the finished model on. */
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  test: z.array(z.string()).default([]),
  seed: z.int().min(0).default(1),
  ...taskKeys,
  ...adaptKeys,
  training: fitSection(defaults),
};
const schema = z.strictObject(shape);
/** The config of a fine-tuning run. */
export type FinetuneConfig = z.infer<typeof schema>;

/** Fine-tuning as a way of learning. */
export const finetune: Way<FinetuneConfig> = {
  name: "finetune",
  schema,
  keys: { ...adaptKeyNames, "": Object.keys(shape), training: Object.keys(shape.training.unwrap().shape) },
  jsonSchema: () => z.toJSONSchema(schema, { io: "input" }),
  files: ({ data, validation, test }) => [...data, ...validation, ...test],
  goal: (config) =>
    config.validation.length === 0 ? { score: "loss", better: "lower" } : finetuneTasks[config.task].goal(config),
  updates: 1000,
  prepare,
};

function prepare(config: FinetuneConfig, context: WayContext): Promise<Lesson> {
  return prepareTask(finetuneTasks[config.task] as FinetuneTask<unknown>, config, context);
}

/** The scores of a judgement by the names of their metrics. */
export const scoresOf = (judged: readonly ExampleStatistics[]): Scores =>
  Object.fromEntries(judged.map((one) => [one.metric, scoreOf(one)]));

async function prepareTask<R>(task: FinetuneTask<R>, config: FinetuneConfig, context: WayContext): Promise<Lesson> {
  const read = (paths: readonly string[]): Promise<readonly R[]> => task.read(context.files, paths, config);
  const [rows, validation, test] = [await read(config.data), await read(config.validation), await read(config.test)];
  const wanted = {
    ...config,
    head: task.head,
    config: task.config(rows, config),
    texts: () => task.texts(rows, config),
  };
  const { model, tokenizer, ...part } = await modelToTrain(wanted, config, context);
  try {
    const reader = new TextModel(model, tokenizer);
    task.check?.(reader, [...validation, ...test]);
    const made = task.prepare(reader, rows, config);
    const { batchTokens, accumulate } = config.training;
    const epoch = rowBatches(made.lengths, { batchTokens, accumulate, seed: config.seed }, made.batch);
    const judge = (held: readonly R[]) => async () => scoresOf(await task.judge(reader, held, config));
    const lesson = part.lesson(epoch(0).length);
    return {
      ...lesson,
      objective: made.objective,
      epoch,
      validate: validation.length === 0 ? undefined : judge(validation),
      width: model.architecture.config["width"] as number | undefined,
      summary: [...made.summary, ...part.summary],
      memory: lessonMemory(made.objective, config.training, epoch(0)),
      texts: {
        training: rowTexts(task, rows, config),
        validation: rowTexts(task, validation, config),
        test: rowTexts(task, test, config),
      },
      updatesPerEpoch: epoch(0).length,
      write: async (folder, weights) => {
        await lesson.write(folder, weights);
        await writeTold(folder, made.settings);
      },
      finish: test.length === 0 ? undefined : judge(test),
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** Writes keys over those of a folder's config.json. */
async function writeTold(folder: Folder, told: ConfigJson | undefined): Promise<void> {
  if (told === undefined) return;
  const settings = await readSettings(folder, CONFIG);
  await writeSettings(folder, CONFIG, { ...settings.values, ...told }, settings);
}
