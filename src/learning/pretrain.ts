/**
 * Pre-training: a model learns from raw text (`heed pretrain`). What is particular to an objective is in its own file,
 * `pretrain-….ts`, and a line of the list here.
 */
import { z } from "zod";
import { InputError } from "../errors/index.ts";
import { maskingUnits, rowBatches } from "../objectives/index.ts";
import type { Model } from "../tasks/model.ts";
import { saveModel } from "../tasks/open.ts";
import { TextModel } from "../tasks/text-model.ts";
import type { Scores } from "../training/index.ts";
import { textUnits } from "./documents.ts";
import { fitSection } from "./fit-config.ts";
import { imageModelFrom, modelFrom, modelKey, queriesLikeKeysKey, tokenizerKey } from "./model-source.ts";
import { contrastive, contrastiveKeys } from "./pretrain-contrastive.ts";
import { maskedWords } from "./pretrain-masked.ts";
import { nextWords } from "./pretrain-next.ts";
import type { PreparedPretraining, PretrainObjective, PreviewRow } from "./pretrain-objective.ts";
import { nextSentencePairs, sentenceOrderPairs } from "./pretrain-pairs.ts";
import { maskedPatches, patchKeys } from "./pretrain-patches.ts";
import { replacedKeys, replacedTokenDetection } from "./pretrain-replaced.ts";
import { denoising, noiseKeys, spanCorruption, spanKeys } from "./pretrain-written.ts";
import type { Lesson, Way, WayContext } from "./way.ts";

/** The objectives by the names that `--objective` takes. */
export const pretrainObjectives = {
  mlm: maskedWords,
  clm: nextWords,
  nsp: nextSentencePairs,
  sop: sentenceOrderPairs,
  rtd: replacedTokenDetection,
  denoise: denoising,
  span: spanCorruption,
  contrastive,
  patches: maskedPatches,
} as const;
/** The name of an objective. */
export type PretrainObjectiveName = keyof typeof pretrainObjectives;

const share = z.number().min(0).max(1);
/** How tokens are masked; see MaskingOptions. */
const maskingKeys = {
  share: z.number().gt(0).lt(1).default(0.15),
  mask: share.default(0.8),
  random: share.default(0.1),
  unit: z.enum(maskingUnits).default("tokens"),
  span: z.int().positive().default(6),
};
const shape = {
  objective: z.enum(Object.keys(pretrainObjectives) as [PretrainObjectiveName]),
  model: modelKey,
  tokenizer: tokenizerKey,
  queriesLikeKeys: queriesLikeKeysKey,
  /** Files of text to learn from, and of text that is held out. */
  data: z.array(z.string()).min(1),
  validation: z.array(z.string()).default([]),
  seed: z.int().min(0).default(1),
  /** The most tokens of a row, the context of a language model. Default: what the model reads. */
  maxLength: z.int().positive().optional(),
  /** What of a file is one text; each objective has a default of its own. */
  unit: z.enum(textUnits).optional(),
  masking: z
    .strictObject(maskingKeys)
    .refine(({ mask, random }) => mask + random <= 1, "mask and random together are more than 1")
    .prefault({}),
  /** Each of these belongs to one objective. */
  replaced: z.strictObject(replacedKeys).prefault({}),
  noise: z.strictObject(noiseKeys).prefault({}),
  spans: z.strictObject(spanKeys).prefault({}),
  contrastive: z.strictObject(contrastiveKeys).prefault({}),
  patches: z.strictObject(patchKeys).prefault({}),
  training: fitSection({ learningRate: 5e-4, warmUp: 100 }),
};
const schema = z.strictObject(shape);
/** The config of a pre-training run. */
export type PretrainConfig = z.infer<typeof schema>;

/** Pre-training as a way of learning. */
export const pretrain: Way<PretrainConfig> = {
  name: "pretrain",
  schema,
  keys: {
    "": Object.keys(shape),
    masking: Object.keys(maskingKeys),
    replaced: Object.keys(replacedKeys),
    noise: Object.keys(noiseKeys),
    spans: Object.keys(spanKeys),
    contrastive: Object.keys(contrastiveKeys),
    patches: Object.keys(patchKeys),
    training: Object.keys(shape.training.unwrap().shape),
  },
  jsonSchema: () => z.toJSONSchema(schema, { io: "input" }),
  files: ({ data, validation }) => [...data, ...validation],
  updates: 1000,
  prepare: (config, context) => learnBy(objectiveOf(config), config, context),
};

const objectiveOf = ({ objective }: PretrainConfig): PretrainObjective<unknown> =>
  pretrainObjectives[objective] as PretrainObjective<unknown>;

interface Prepared<R> {
  readonly model: Model;
  readonly made: PreparedPretraining<R>;
}

async function open<R>(
  objective: PretrainObjective<R>,
  rows: readonly R[],
  config: PretrainConfig,
  context: WayContext,
  prepared = rows,
): Promise<Prepared<R>> {
  const wanted = {
    ...{ model: config.model, tokenizer: config.tokenizer, seed: config.seed, queriesLikeKeys: config.queriesLikeKeys },
    head: objective.head,
    config: objective.config?.(rows),
    texts: () => objective.texts(rows),
  };
  if ("prepareImages" in objective) {
    const model = await imageModelFrom(wanted, context);
    return preparedOf(model, () => objective.prepareImages(model, prepared, config, context));
  }
  const { model, tokenizer } = await modelFrom(wanted, context);
  return preparedOf(model, async () => {
    const reader = new TextModel(model, tokenizer);
    const write: Lesson["write"] = (folder, weights) => reader.save(folder, weights);
    return { write, ...(await objective.prepare(reader, prepared, config, context)) };
  });
}

async function preparedOf<R>(
  model: Model,
  prepare: () => PreparedPretraining<R> | Promise<PreparedPretraining<R>>,
): Promise<Prepared<R>> {
  try {
    return { model, made: await prepare() };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

async function learnBy<R>(
  objective: PretrainObjective<R>,
  config: PretrainConfig,
  context: WayContext,
): Promise<Lesson> {
  const read = (paths: readonly string[]): Promise<readonly R[]> => objective.read(context.files, paths, config);
  const [rows, held] = [await read(config.data), await read(config.validation)];
  const { model, made } = await open(objective, rows, config, context);
  const { batchTokens, accumulate } = config.training;
  const { rowsOfExample } = made;
  const epoch = rowBatches(made.lengths, { batchTokens, accumulate, rowsOfExample, seed: config.seed }, made.batch);
  const { judge } = made;
  const judged = judge === undefined || held.length === 0 ? undefined : (): Promise<Scores> => judge(held);
  return {
    parameters: made.parameters ?? model.parameters,
    objective: made.objective,
    epoch,
    validate: judged,
    width: model.architecture.config["width"] as number | undefined,
    summary: made.summary,
    updatesPerEpoch: epoch(0).length,
    stored: made.stored,
    write: made.write ?? ((folder, weights) => saveModel(model, folder, weights)),
    finish: judged,
    dispose: () => model.dispose(),
  };
}

/** How many texts are read for a preview: it shows a few. */
const PREVIEWED = 2000;

/**
 * Rows of the data as the model would see them while it learns, in an epoch: tokens, what became of them, what is asked.
 * Throws InputError, ConfigError or CheckpointError for what cannot be used.
 */
export async function previewPretraining(
  config: PretrainConfig,
  context: WayContext,
  { rows: count = 3, epoch = 0 } = {},
): Promise<{ readonly rows: readonly PreviewRow[]; readonly summary: readonly string[] }> {
  const objective = objectiveOf(config);
  const rows = await objective.read(context.files, config.data, config);
  if (rows.length === 0) throw new InputError("There are no rows to show. Give files with text (--data).");
  const { model, made } = await open(objective, rows, config, context, rows.slice(0, PREVIEWED));
  try {
    const examples = Array.from({ length: Math.min(count, made.lengths.length) }, (_, i) => i);
    return { rows: made.preview(examples, { epoch, batch: 0 }), summary: made.summary };
  } finally {
    await model.dispose();
  }
}
