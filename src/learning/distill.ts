/**
 * Distillation (`heed distill`): a small model learns a task from a large one that has learned it, and from the labels. The
 * losses are in `objectives/distillation.ts`; rows, labels and scores are those of fine-tuning.
 */
import { z } from "zod";
import { openFolderTokenizer } from "../checkpoints/index.ts";
import { ConfigError, InputError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { neededInputs, parametersOf, type Architecture } from "../models/index.ts";
import { ModelParameters, Trace, type Parameter } from "../nn/index.ts";
import {
  distillation,
  rowBatches,
  spreadLayers,
  type DistillationLosses,
  type DistillationOptions,
} from "../objectives/index.ts";
import { createEngine, type Values } from "../runtime/index.ts";
import { Model } from "../tasks/model.ts";
import { inspectCheckpoint, type Checkpoint } from "../tasks/open.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Objective, Scores } from "../training/index.ts";
import { compareSpeeds, scoresBeside, sizeOf, speedLine } from "./distill-report.ts";
import { firstValues, studentFrom, type Student } from "./distill-student.ts";
import { distillTasks, type DistillTask } from "./distill-tasks.ts";
import { fitSection } from "./fit-config.ts";
import { modelKey } from "./model-source.ts";
import { lessonMemory } from "./preflight.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

/** Settings by the papers that they are from: weights of the losses, and the temperature. */
export const recipes = {
  /** Half of the loss from the teacher's classes, half from the labels. */
  hinton: { losses: { soft: 0.5, hard: 0.5 }, temperature: 2 },
  /** Sanh et al.: soft targets, labels (masked words, there) and the directions of the last hidden states, 5 : 2 : 1. */
  distilbert: { losses: { soft: 5, hard: 2, cosine: 1 }, temperature: 2 },
  /** Jiao et al.: embeddings, hidden states, attentions and classes, all alike; no labels. */
  tinybert: { losses: { soft: 1, hidden: 1, attention: 1 }, temperature: 1 },
} as const satisfies Record<string, { losses: DistillationLosses; temperature: number }>;

const weight = z.number().min(0).optional();
const shape = {
  task: z.enum(Object.keys(distillTasks) as [string]),
  /** A folder: a model that has learned the task. */
  teacher: z.string(),
  /** A folder, a published size by name, or keys of config.json, over the teacher's where both are of one family. */
  student: modelKey,
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  test: z.array(z.string()).default([]),
  seed: z.int().min(0).default(1),
  maxLength: z.int().positive().optional(),
  recipe: z.enum(Object.keys(recipes) as [keyof typeof recipes]).default("hinton"),
  /** By what both models' logits are divided in the soft loss. */
  temperature: z.number().positive().optional(),
  /** The share of the soft loss beside the labels': `losses: { soft: alpha, hard: 1 - alpha }`. */
  alpha: z.number().min(0).max(1).optional(),
  /** Weights over those of the recipe. */
  losses: z
    .strictObject({ soft: weight, hard: weight, cosine: weight, hidden: weight, attention: weight })
    .prefault({}),
  /** For each layer of the student, from 0, the teacher's that it starts as and imitates. Default: spread evenly. */
  layers: z.array(z.int().min(0)).optional(),
  /** Whether a fresh student starts with layers, embeddings and head of its teacher, where they fit. */
  initialize: z.boolean().default(true),
  training: fitSection({ learningRate: 1e-4, batchTokens: 2048 }),
};
const schema = z.strictObject(shape);
/** The config of a distillation. */
export type DistillConfig = z.infer<typeof schema>;

/** Distillation as a way of learning. */
export const distill: Way<DistillConfig> = {
  name: "distill",
  schema,
  keys: {
    "": Object.keys(shape),
    losses: Object.keys(shape.losses.unwrap().shape),
    training: Object.keys(shape.training.unwrap().shape),
  },
  jsonSchema: () => z.toJSONSchema(schema, { io: "input" }),
  files: ({ data, validation, test }) => [...data, ...validation, ...test],
  goal: ({ task, validation }) =>
    validation.length === 0 ? { score: "loss", better: "lower" } : distillTasks[task]!.goal,
  updates: 1000,
  prepare,
};

/** The weights of the losses and the temperature that a config comes to. */
export function lossesOf({ recipe, temperature, alpha, losses }: DistillConfig): Omit<DistillationOptions, "places"> {
  const made = recipes[recipe];
  const mixed = alpha === undefined ? {} : { soft: alpha, hard: 1 - alpha };
  const given = Object.fromEntries(Object.entries(losses).filter(([, value]) => value !== undefined));
  return { losses: { ...made.losses, ...mixed, ...given }, temperature: temperature ?? made.temperature };
}

async function prepare(config: DistillConfig, context: WayContext): Promise<Lesson> {
  const task = distillTasks[config.task]!;
  const folder = context.files.at(config.teacher);
  const teacher = await inspectCheckpoint(folder, task.head);
  const tokenizer = await openFolderTokenizer(folder, teacher.architecture.modelType);
  const wanted = { student: config.student, head: task.head, teacher, tokenizer, seed: config.seed };
  const student = await studentFrom(wanted, context);
  const layers = layersOf(config, student, teacher);
  const options = { ...lossesOf(config), layers, places: task.places };
  const needed = [...neededInputs(student.architecture), ...neededInputs(teacher.architecture)];
  const specs = specsOf(distillation(student.architecture, teacher.architecture, new Set(needed), options));
  const starts = config.initialize && student.checkpoint === undefined ? layers : undefined;
  const { values, copied } = await firstValues(specs, student, wanted, starts);
  const engine = await createEngine(context.engine);
  try {
    const parameters = await ModelParameters.fromValues(engine, specs, values);
    const pair = {
      student: new TextModel(new Model(student.architecture, parameters, student.checkpoint), tokenizer),
      teacher: new TextModel(new Model(teacher.architecture, parameters), tokenizer),
      ...{ options, folder },
    };
    const lesson = await lessonOf(task, config, context, pair);
    const [own, its] = [sizeOf(student.architecture), sizeOf(teacher.architecture)];
    const names = parametersOf(student.architecture).length;
    const size = `student: ${(own / 1e6).toFixed(2)} M parameters, ${((100 * own) / its).toFixed(1)} % of the teacher's`;
    const start = starts === undefined ? "" : `; ${copied} of ${names} tensors start as the teacher's`;
    return { ...lesson, summary: [...lesson.summary, `${size}${start}`, lossesLine(options)] };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Both models in the engine that they share, and what one learns from the other. */
interface Pair {
  readonly student: TextModel;
  /** Reads texts, and cannot be run: its parameters have other names here. */
  readonly teacher: TextModel;
  readonly options: DistillationOptions;
  /** The teacher's. */
  readonly folder: ReadableFolder;
}

async function lessonOf(
  task: DistillTask<unknown>,
  config: DistillConfig,
  context: WayContext,
  { student, teacher, options, folder }: Pair,
): Promise<Lesson> {
  const { batchTokens, accumulate } = config.training;
  const reading = { data: config.data, seed: config.seed, maxLength: lengthOf(config, student, teacher), batchTokens };
  const read = (paths: readonly string[]): Promise<readonly unknown[]> => task.read(context.files, paths, reading);
  const [rows, validation, test] = [await read(config.data), await read(config.validation), await read(config.test)];
  requireLabels(task.labels(rows), teacher.model.architecture);
  const made = await task.prepare(student, rows, reading, context);
  // The teacher's inputs may be more than the student's: segments, say.
  const asked = await task.prepare(teacher, rows, reading, context);
  const batch: typeof made.batch = (examples, draw) => {
    const own = made.batch(examples, draw);
    return { ...own, feeds: { ...asked.batch(examples, draw).feeds, ...own.feeds } };
  };
  const epoch = rowBatches(made.lengths, { batchTokens, accumulate, seed: config.seed }, batch);
  const { architecture, parameters } = student.model;
  const given = Object.keys(batch([0], { epoch: 0, batch: 0 }).feeds);
  const objective = distillation(architecture, teacher.model.architecture, given, options);
  const stored = new Set(parametersOf(architecture).map(({ name }) => name));
  const held = test.length > 0 ? test : validation;
  const finish = async (): Promise<Scores> => {
    const some = made.lengths.slice(0, 32).map((_, i) => i);
    const feedsOf = ({ batch: of }: typeof made, { model }: TextModel): Values => {
      const all = Object.entries(of(some, { epoch: 0, batch: 0 }).feeds);
      return Object.fromEntries(
        all.filter(([name]) => name !== "labels" && model.architecture.inputs[name] !== undefined),
      );
    };
    const compared = {
      ...{ student: architecture, teacher: folder, head: task.head, engine: context.engine },
      values: new Map([...(await parameters.read())].filter(([name]) => stored.has(name))),
      feeds: { student: feedsOf(made, student), teacher: feedsOf(asked, teacher) },
    };
    const { speeds, judged } = await compareSpeeds(compared, async (opened) => {
      if (held.length === 0) return {};
      return (await task.prepare(new TextModel(opened, student.tokenizer), rows, reading, context)).judge(held);
    });
    context.warn(speedLine(speeds, some.length));
    return held.length === 0 ? {} : scoresBeside(await made.judge(held), judged, task.goal.score);
  };
  return {
    ...{ parameters, objective, epoch, finish },
    validate: validation.length === 0 ? undefined : () => made.judge(validation),
    width: architecture.config["width"] as number | undefined,
    summary: made.summary,
    memory: lessonMemory(objective, config.training, epoch(0)),
    texts: { training: task.texts(rows), validation: task.texts(validation), test: task.texts(test) },
    updatesPerEpoch: epoch(0).length,
    stored: (name) => (stored.has(name) ? name : undefined),
    write: (to, weights) => student.save(to, weights),
    dispose: () => student.dispose(),
  };
}

/** The most tokens that both models read. */
function lengthOf({ maxLength }: DistillConfig, ...models: readonly TextModel[]): number | undefined {
  const limits = [maxLength, ...models.map(({ model }) => model.architecture.longest)].filter(
    (one) => one !== undefined,
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** The parameters of an objective. */
function specsOf(objective: Objective): readonly Parameter[] {
  const trace = new Trace("training");
  trace.run(objective);
  return [...trace.parameters.values()];
}

function layersOf({ layers }: DistillConfig, student: Student, teacher: Checkpoint): readonly number[] {
  const [own, its] = [student.architecture, teacher.architecture].map(({ config }) => config["layers"]);
  if (typeof own !== "number" || typeof its !== "number") {
    throw new ConfigError("Student and teacher must be encoders or decoders, with one stack of layers each.");
  }
  if (layers === undefined) return spreadLayers(own, its);
  if (layers.length === own && layers.every((layer) => layer < its)) return layers;
  throw new ConfigError(
    `layers: the student has ${own} layers and the teacher those from 0 to ${its - 1}; got ${layers.join(", ")}. ` +
      `Give one of the teacher's for each of the student's.`,
  );
}

/** Throws InputError for labels that the teacher cannot tell. */
function requireLabels(found: readonly string[], { config }: Architecture): void {
  const known = (config["labels"] ?? []) as readonly string[];
  const unknown = found.filter((label) => !known.includes(label));
  if (unknown.length === 0) return;
  throw new InputError(
    `The rows have the label${unknown.length === 1 ? "" : "s"} ${unknown.slice(0, 8).join(", ")}, which the teacher does not ` +
      `know; it knows ${known.slice(0, 8).join(", ")}. Fine-tune the teacher on these labels first.`,
  );
}

function lossesLine({ losses, temperature = 2, layers = [] }: DistillationOptions): string {
  const parts = Object.entries(losses).filter(([, value]) => value > 0);
  const shown = parts.map(([name, value]) => `${name} ${value}`).join(", ");
  return `losses: ${shown}; temperature ${temperature}; layers of the teacher: ${layers.join(", ")}`;
}
