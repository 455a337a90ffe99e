/** A whole translation run from a config: tokenizer, model, training in a folder with resume, final weights. */
import { z } from "zod";
import type { TextPair } from "../data/index.ts";
import { ConfigError } from "../errors/index.ts";
import { crc32, type Folder } from "../files/index.ts";
import {
  parseConfig,
  transformerConfig,
  transformerPresets,
  type TransformerConfig,
  type TransformerPreset,
} from "../models/index.ts";
import { activations, positionKinds, type Activation } from "../nn/index.ts";
import { alone, type EngineOptions, type Group } from "../runtime/index.ts";
import {
  AVERAGE,
  optimizers,
  Run,
  scheduleKinds,
  type OptimizerName,
  type Step,
  type StopSignal,
  type TrainingMemory,
} from "../training/index.ts";
import { train } from "./train-translator.ts";
import { Translator } from "./translator.ts";

const whole = z.int().positive();
const share = z.number().min(0).lt(1);

/** Sizes and choices of the model; what is left out comes from the preset. `layers` is for encoder and decoder. */
const modelKeys = {
  layers: whole.optional(),
  encoderLayers: whole.optional(),
  decoderLayers: whole.optional(),
  width: whole.optional(),
  feedForward: whole.optional(),
  heads: whole.optional(),
  dropout: share.optional(),
  attentionDropout: share.optional(),
  activationDropout: share.optional(),
  activation: z.enum(Object.keys(activations) as [Activation]).optional(),
  normalization: z.enum(["post", "pre"]).optional(),
  positions: z.enum(positionKinds).optional(),
  tiedEmbeddings: z.enum(["all", "output", "none"]).optional(),
  maxPositions: whole.optional(),
  normEpsilon: z.number().positive().optional(),
};

const trainingKeys = {
  updates: whole.optional(),
  minutes: z.number().positive().optional(),
  batchTokens: whole.default(4096),
  accumulate: whole.default(1),
  optimizer: z.enum(Object.keys(optimizers) as [OptimizerName]).default("adam"),
  beta1: share.optional(),
  beta2: share.optional(),
  epsilon: z.number().positive().optional(),
  weightDecay: z.number().min(0).default(0),
  clipNorm: z.number().min(0).default(1),
  movingAverage: share.default(0),
  averageCheckpoints: whole.default(1),
  schedule: z.enum(scheduleKinds).default("linear"),
  learningRate: z.number().positive().default(4e-3),
  warmUp: z.int().min(0).default(200),
  labelSmoothing: share.default(0.1),
  validateEvery: whole.default(200),
  saveEvery: whole.default(200),
  keepCheckpoints: whole.default(3),
  patience: whole.optional(),
  recompute: z.boolean().default(false),
};

const schema = z.strictObject({
  preset: z.enum(Object.keys(transformerPresets) as [TransformerPreset]).default("tiny"),
  seed: z.int().min(0).default(1),
  vocabulary: whole.default(10_000),
  minimumFrequency: whole.default(1),
  model: z
    .strictObject(modelKeys)
    .transform(({ layers, ...model }) =>
      layers === undefined ? model : { encoderLayers: layers, decoderLayers: layers, ...model },
    )
    .prefault({}),
  training: z.strictObject(trainingKeys).prefault({}),
});

/** The config of a translation run, as a YAML or JSON file holds it. */
export type TranslatorRunConfig = z.infer<typeof schema>;

/** Checks a run's config and fills in what is left out. Throws ConfigError that names unknown keys and bad values. */
export function translatorRunConfig(value: unknown, name: string): TranslatorRunConfig {
  const sections = { "": schema.shape, model: modelKeys, training: trainingKeys };
  const keys = Object.fromEntries(Object.entries(sections).map(([path, shape]) => [path, Object.keys(shape)]));
  const config = parseConfig<TranslatorRunConfig>(schema, value, name, keys);
  const { updates, minutes } = config.training;
  return updates === undefined && minutes === undefined
    ? { ...config, training: { ...config.training, updates: 2000 } }
    : config;
}

/** The model that a run's config describes, where its text gives as many tokens as it asks for. */
export function plannedModel({ preset, model, vocabulary }: TranslatorRunConfig): TransformerConfig {
  const sizes = { normalization: "pre", ...transformerPresets[preset], ...model, vocabulary };
  const given = Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
  return parseConfig(transformerConfig, given, "The model's config", Object.keys(given));
}

export interface TranslatorRunOptions extends EngineOptions {
  readonly folder: Folder;
  readonly config: TranslatorRunConfig;
  readonly pairs: readonly TextPair[];
  readonly validation?: readonly TextPair[] | undefined;
  readonly resume?: boolean | undefined;
  /** Removes a run that the folder holds. */
  readonly replace?: boolean | undefined;
  readonly signal?: StopSignal | undefined;
  /** The processes that share the work; rank 0 alone writes. Default: this one alone. */
  readonly group?: Group | undefined;
  readonly warn: (message: string) => void;
  /** Told, before anything is trained, what memory it will take; where it throws, nothing is trained. */
  readonly memory?: ((memory: TrainingMemory) => void) | undefined;
  /** Told once what is about to be trained. */
  readonly begin?: ((model: Translator, resumedAt: number) => void) | undefined;
}

/**
 * Trains in a run folder and leaves the finished model in it. Yields after each update; returns the model, whose
 * engine the caller disposes of. Resuming goes on from the newest whole checkpoint, to the bit (with another number of
 * processes, to rounding).
 */
export async function* runTranslation(options: TranslatorRunOptions): AsyncGenerator<Step, Translator> {
  const { folder, config, pairs, validation, resume = false, replace = false, signal, warn, memory } = options;
  const { group = alone } = options;
  const { averageCheckpoints, keepCheckpoints, ...training } = config.training;
  const keep = Math.max(averageCheckpoints, keepCheckpoints);
  if (training.patience !== undefined && validation === undefined) {
    throw new ConfigError("training.patience needs sentences to validate on. Give them, or leave patience out.");
  }
  const run = await Run.open({ folder, settings: settingsOf(options), resume, replace, keep, warn, group });
  let model: Translator | undefined;
  try {
    model = await (run.resumed === undefined ? create(options) : Translator.open(run.resumed.folder, options));
    options.begin?.(model, run.resumed?.position.update ?? 0);
    yield* train(model, pairs, { ...training, seed: config.seed, validation, signal, run, warn, memory, group });
    if (group.rank > 0) return model;
    if (training.patience !== undefined) await model.parameters.write(await run.bestWeights());
    else if (averageCheckpoints > 1) await model.parameters.write(await run.averageOfLast(averageCheckpoints));
    else if (training.movingAverage > 0) await model.parameters.write(await model.parameters.read(AVERAGE));
    await model.save(folder);
    return model;
  } catch (error) {
    await model?.dispose();
    throw error;
  } finally {
    await run.close();
  }
}

function create({ config, pairs, engine, precision, threads, worker }: TranslatorRunOptions): Promise<Translator> {
  const { preset, model, vocabulary, minimumFrequency, seed } = config;
  const options = { preset, model, vocabulary, minimumFrequency, seed, engine, precision, threads, worker };
  return Translator.create(pairs, options);
}

/** What must not change when a run is resumed. Curves that do not depend on the end of the run may get a new end. */
function settingsOf({ config, pairs, precision = "fp32" }: TranslatorRunOptions): Record<string, unknown> {
  const { updates, minutes, patience, ...training } = config.training;
  const dependsOnEnd = training.schedule === "linear" || training.schedule === "cosine";
  const encoder = new TextEncoder();
  let data = 0;
  for (const { source, target } of pairs) data = crc32(encoder.encode(`${source}\t${target}\n`), data);
  const end = dependsOnEnd ? { updates, minutes } : {};
  // Recomputing changes no number.
  const settings = { ...training, ...end, recompute: undefined };
  // Where nothing was said, nothing is written: runs that are older than the option go on.
  const computing = precision === "fp32" ? {} : { precision };
  return { ...config, training: settings, patience, ...computing, data: data.toString(16) };
}
