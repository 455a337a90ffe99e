/**
 * Fine-tuning: a task's head on a body that has learned from other text, or from none (`heed finetune`). What is
 * particular to a task is in its own file, `finetune-….ts`.
 */
import { z } from "zod";
import { scoreOf, type ExampleStatistics } from "../evaluation/index.ts";
import { rowBatches } from "../objectives/index.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Scores } from "../training/index.ts";
import { classification, pairClassification, regression } from "./finetune-classes.ts";
import { adaptKeyNames, adaptKeys, modelToTrain } from "./adaptation.ts";
import { fitSection, type FitDefaults } from "./fit-config.ts";
import type { FinetuneTask } from "./finetune-task.ts";
import { modelKey, tokenizerKey } from "./model-source.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

/** The tasks by the names that `--task` takes. */
export const finetuneTasks = {
  classify: classification,
  pairs: pairClassification,
  regress: regression,
} as const;
/** The name of a task. */
export type FinetuneTaskName = keyof typeof finetuneTasks;

const defaults: FitDefaults = { learningRate: 3e-5, batchTokens: 2048 };
const shape = {
  task: z.enum(Object.keys(finetuneTasks) as [FinetuneTaskName]),
  model: modelKey,
  tokenizer: tokenizerKey,
  /** Files of examples to learn from, to validate on while learning, and to measure the finished model on. */
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  test: z.array(z.string()).default([]),
  seed: z.int().min(0).default(1),
  /** The most tokens of a text; longer ones are cut. Default: what the model reads. */
  maxLength: z.int().positive().optional(),
  /** Of the loss: "balanced" for the inverse of how often a class is, or a number for each class by its name. */
  classWeights: z.union([z.literal("balanced"), z.record(z.string(), z.number().positive())]).optional(),
  labelSmoothing: z.number().min(0).lt(1).default(0),
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
  goal: ({ task, validation }) =>
    validation.length === 0 ? { score: "loss", better: "lower" } : finetuneTasks[task].goal,
  updates: 1000,
  prepare,
};

function prepare(config: FinetuneConfig, context: WayContext): Promise<Lesson> {
  return prepareTask(finetuneTasks[config.task] as FinetuneTask<unknown>, config, context);
}

/** The scores of a judgement by the names of their metrics. */
const scoresOf = (judged: readonly ExampleStatistics[]): Scores =>
  Object.fromEntries(judged.map((one) => [one.metric, scoreOf(one)]));

async function prepareTask<R>(task: FinetuneTask<R>, config: FinetuneConfig, context: WayContext): Promise<Lesson> {
  const read = (paths: readonly string[]): Promise<readonly R[]> => task.read(context.files, paths);
  const [rows, validation, test] = [await read(config.data), await read(config.validation), await read(config.test)];
  const wanted = { ...config, head: task.head, config: task.config(rows), texts: () => task.texts(rows) };
  const { model, tokenizer, ...part } = await modelToTrain(wanted, config, context);
  const made = task.prepare(new TextModel(model, tokenizer), rows, config);
  const { batchTokens, accumulate } = config.training;
  const epoch = rowBatches(made.lengths, { batchTokens, accumulate, seed: config.seed }, made.batch);
  return {
    ...part.lesson(epoch(0).length),
    objective: made.objective,
    epoch,
    validate: validation.length === 0 ? undefined : async () => scoresOf(await made.judge(validation)),
    width: model.architecture.config["width"] as number | undefined,
    summary: [...made.summary, ...part.summary],
    updatesPerEpoch: epoch(0).length,
    finish: test.length === 0 ? undefined : async () => scoresOf(await made.judge(test)),
  };
}
