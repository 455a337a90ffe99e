/** Opens checkpoints and writes them: folders with config.json, weights, and what else belongs to a model. */
import {
  asStored,
  CONFIG,
  openWeights,
  readSettings,
  readWeights,
  requireModelFolder,
  writeSettings,
  writeWeights,
  type Settings,
  type StoredWeights,
} from "../checkpoints/index.ts";
import { CheckpointError, ConfigError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import {
  architectureOf,
  architectureOfPreset,
  parametersOf,
  TRANSFORMER,
  type Architecture,
  type ConfigJson,
  type ModelTask,
  type WantedHead,
} from "../models/index.ts";
import { ModelParameters, queriesLikeKeys, requireAll, type WeightMatch } from "../nn/index.ts";
import type { HostTensor, Quantization } from "../onnx/index.ts";
import { createEngine, type EngineOptions } from "../runtime/index.ts";
import { mergedWeights } from "./adapter-weights.ts";
import { adaptedFolder, labelsFor, tokenizerPlace, wantedWith, type AdaptedFolder } from "./find-adapter.ts";
import { fitWeights } from "./fit-weights.ts";
import { Model } from "./model.ts";

/** How a checkpoint is opened: `task` is what its head is for; default: what its config says. */
export interface OpenOptions extends EngineOptions, WantedHead {
  /** Whether a head that the checkpoint lacks starts with fresh parameters, to be trained. Default: false. */
  readonly fresh?: boolean | undefined;
  /** Computes with weights of fewer bits: faster where they are many, and less exact. Default: all bits. */
  readonly quantize?: Quantization | undefined;
  /** Of fresh parameters. Default: 1. */
  readonly seed?: number | undefined;
  /** Keys over those of config.json: the labels of another task, say. */
  readonly config?: ConfigJson | undefined;
  /**
   * The folder of an adapter, which is merged into the weights as they are read. A folder that is itself an adapter is
   * opened on the base that it names.
   */
  readonly adapter?: ReadableFolder | undefined;
}

/** How fresh parameters begin, too. */
export interface CreateOptions extends OpenOptions {
  /**
   * Whether the projections of queries begin equal to those of keys, so that equal tokens see each other from the first
   * update: for tasks where what is asked has to be found again, letter for letter. Default: false.
   */
  readonly queriesLikeKeys?: boolean | undefined;
}

/** Settings that belong to a model beside its config, by file name. */
const BESIDE = ["generation_config.json", "preprocessor_config.json", "processor_config.json"] as const;

/** What a folder says about itself. */
export interface Checkpoint {
  readonly folder: ReadableFolder;
  /** Where the tokenizer is: with an adapter, in the adapter's folder if it brought one along. */
  readonly tokenizerFolder: ReadableFolder;
  readonly architecture: Architecture;
  readonly config: Settings;
  /** generation_config.json and the like, where they are there. */
  readonly beside: ReadonlyMap<string, Settings>;
  /** How the weights fit the architecture. */
  readonly match: WeightMatch;
  readonly weights: StoredWeights;
}

/**
 * Reads a checkpoint's config and the names of its weights, and checks that they fit each other; those of an adapter, too.
 * Throws CheckpointError or ConfigError where they do not.
 */
export async function inspectCheckpoint(place: ReadableFolder, options: OpenOptions = {}): Promise<Checkpoint> {
  const adapted = await adaptedFolder(place, options.adapter);
  const folder = adapted?.base ?? place;
  const { config, described, weights } =
    adapted === undefined ? await describedWeights(folder, options) : await withAdapter(adapted, options);
  const tokenizerFolder = adapted === undefined ? folder : await tokenizerPlace(adapted.folder, folder);
  const { architecture, match } = await fitWeights(described, weights);
  requireAll(match, { file: weights.shown, fresh: options.fresh });
  const beside = new Map<string, Settings>();
  for (const file of BESIDE) {
    if ((await folder.kind(file)) === "file") beside.set(file, await readSettings(folder, file));
  }
  return { folder, tokenizerFolder, architecture, config, beside, weights, match };
}

interface DescribedWeights {
  readonly config: Settings;
  readonly described: Architecture;
  readonly weights: StoredWeights;
}

async function describedWeights(folder: ReadableFolder, options: OpenOptions): Promise<DescribedWeights> {
  const { config, architecture } = await describeCheckpoint(folder, options);
  return { config, described: architecture, weights: await openWeights(folder) };
}

async function withAdapter({ adapter, base }: AdaptedFolder, options: OpenOptions): Promise<DescribedWeights> {
  const wanted = wantedWith(options, adapter);
  const first = await describeCheckpoint(base, wanted);
  const labels = labelsFor(adapter, first.architecture);
  const more = labels && { ...wanted, config: { ...wanted.config, ...labels } };
  const { config, architecture } = more === undefined ? first : await describeCheckpoint(base, more);
  const weights = await mergedWeights(await openWeights(base), architecture, adapter);
  return { config, described: architecture, weights };
}

/** What config.json alone says of a checkpoint. Throws CheckpointError or ConfigError as `inspectCheckpoint` does. */
export async function describeCheckpoint(
  folder: ReadableFolder,
  wanted: WantedHead & Pick<OpenOptions, "config"> = {},
): Promise<Pick<Checkpoint, "architecture" | "config">> {
  await requireModelFolder(folder);
  const stored = await readSettings(folder, CONFIG);
  const config = { ...stored, values: { ...stored.values, ...wanted.config } };
  if (config.values["model_type"] === TRANSFORMER) {
    throw new CheckpointError(
      `${folder.describe()} is a translator that Heed trained. Open it with Translator.open, or with heed translate.`,
    );
  }
  return { config, architecture: architectureOf(config.values, folder.describe(CONFIG), wanted) };
}

/** Models that write go on by one token at a time; the others see all at once. */
function purposeOf({ task }: Architecture): EngineOptions["purpose"] {
  return task === "causal-lm" || task === "conditional-generation" ? "generation" : "inference";
}

/** Opens a checkpoint as a model in an engine of its own. Throws CheckpointError or ConfigError where it cannot be. */
export function openModel<T extends ModelTask>(
  folder: ReadableFolder,
  options: OpenOptions & { readonly task: T },
): Promise<Model<T>>;
export function openModel(folder: ReadableFolder, options?: OpenOptions): Promise<Model>;
export async function openModel(folder: ReadableFolder, options: OpenOptions = {}): Promise<Model> {
  return loadModel(await inspectCheckpoint(folder, options), options);
}

/** Reads the weights of a checkpoint into an engine. Throws CheckpointError for one that is not a finite number. */
export async function loadModel(checkpoint: Checkpoint, options: OpenOptions = {}): Promise<Model> {
  const { architecture, weights, match } = checkpoint;
  const parameters = parametersOf(architecture);
  const engine = await createEngine({ purpose: purposeOf(architecture), ...options });
  try {
    const values = readWeights(weights, match, { parameters, seed: options.seed ?? 1 });
    const held = await ModelParameters.fromStream(engine, parameters, values);
    held.quantize = options.quantize;
    return new Model(architecture, held, checkpoint);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/**
 * A model with fresh parameters, drawn by the seed: of a published size by its name (`bert-base`), or of any architecture.
 * Throws ConfigError for a size that there is not, and where queries are to begin like keys in a model that has no
 * projections of both apart.
 */
export async function createModel(size: string | Architecture, options: CreateOptions = {}): Promise<Model> {
  const architecture = typeof size === "string" ? architectureOfPreset(size, options) : size;
  const specs = parametersOf(architecture);
  const like = options.queriesLikeKeys === true ? queriesLikeKeys(specs) : undefined;
  if (like?.size === 0) {
    throw new ConfigError(
      `queriesLikeKeys: ${architecture.modelType} has no projections of queries and keys apart and of one shape. Leave it out.`,
    );
  }
  const engine = await createEngine(options);
  try {
    const parameters = await ModelParameters.initialize(engine, specs, options.seed ?? 1, like);
    return new Model(architecture, parameters);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/**
 * Writes config.json, weights, and the settings that came with the model: a folder that Python opens. Weights are the
 * model's own unless given, and written as float32, whatever they were read from. `ids` are what config.json says of the
 * special tokens, for a model that was not opened from one.
 */
export async function saveModel(
  model: Model,
  folder: Folder,
  weights?: ReadonlyMap<string, HostTensor>,
  ids: ConfigJson = {},
): Promise<void> {
  const { architecture, checkpoint } = model;
  await writeWeights(folder, asStored(weights ?? (await model.parameters.read())));
  for (const [file, settings] of checkpoint?.beside ?? []) await writeSettings(folder, file, settings.values, settings);
  const config = checkpoint?.config;
  // Without an original all keys are written, whatever the family takes for granted: generation reads them, too.
  const json = config === undefined ? { ...ids, ...architecture.toJson() } : architecture.toJson(config.values);
  for (const key of ["dtype", "torch_dtype"]) if (typeof json[key] === "string") json[key] = "float32";
  await writeSettings(folder, CONFIG, json, config);
}
