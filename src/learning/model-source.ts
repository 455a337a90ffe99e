/** Where the model of a run comes from: a checkpoint, a published size by its name, or sizes of one's own. */
import { z } from "zod";
import { openFolderTokenizer, requireModelFolder } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { architectureOf, architectureOfPreset, type ConfigJson, type WantedHead } from "../models/index.ts";
import { createModel, inspectCheckpoint, loadModel } from "../tasks/open.ts";
import type { Model } from "../tasks/model.ts";
import { tokenIds } from "../tasks/text-model.ts";
import {
  tokenizerFamilies,
  tokenizerKinds,
  trainTokenizer,
  type Texts,
  type Tokenizer,
  type TokenizerFamily,
} from "../tokens/index.ts";
import type { WayContext } from "./way.ts";

/** `model` of a config: a folder, a size by name (`bert-base`), or keys of config.json with `model_type` among them. */
export const modelKey = z.union([z.string(), z.record(z.string(), z.unknown())]);
/** The value of `model`. */
export type ModelSource = z.infer<typeof modelKey>;

/** `tokenizer` of a config: for a model without one, how it is trained on the texts at hand, or a folder that has one. */
export const tokenizerKey = z
  .union([
    z.string(),
    z.strictObject({
      kind: z.enum(tokenizerKinds).optional(),
      family: z.enum(Object.keys(tokenizerFamilies) as [TokenizerFamily]).optional(),
      size: z.int().positive().default(8000),
      minimumFrequency: z.int().min(0).optional(),
    }),
  ])
  .optional();
/** The value of `tokenizer`. */
export type TokenizerSource = z.infer<typeof tokenizerKey>;

/** `queriesLikeKeys` of a config: how a fresh model begins; see `CreateOptions`. */
export const queriesLikeKeysKey = z.boolean().optional();

/** What a way wants of the model. */
export interface WantedModel {
  readonly model: ModelSource;
  readonly tokenizer?: TokenizerSource | undefined;
  readonly head: WantedHead;
  /** Keys over those of config.json: labels, say; or what makes them of the tokenizer: the id of its padding. */
  readonly config?: ConfigJson | ((tokenizer: Tokenizer) => ConfigJson) | undefined;
  readonly seed: number;
  readonly queriesLikeKeys?: boolean | undefined;
  /** What a tokenizer is trained on, where the model has none. */
  readonly texts: () => Texts;
}

/** A model with its tokenizer, in an engine of its own. */
export interface SourcedModel {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

/**
 * Opens or makes the model of a run: from the checkpoint that is resumed, from a folder (with a fresh head where it lacks
 * one), or fresh, with a tokenizer trained on the texts at hand. Throws ConfigError for a name that is neither a folder
 * nor a size, and CheckpointError for a folder that cannot be opened.
 */
export async function modelFrom(wanted: WantedModel, context: WayContext): Promise<SourcedModel> {
  const { head, seed, queriesLikeKeys } = wanted;
  const folder = await folderOf(wanted, context);
  if (folder !== undefined) {
    await requireModelFolder(folder);
    const config = configOf(wanted, () => openFolderTokenizer(folder));
    const { checkpoint, options } = await inspected(folder, { ...wanted, config: await config }, context);
    const tokenizer = await openFolderTokenizer(folder, checkpoint.architecture.modelType);
    return { model: await loadModel(checkpoint, options), tokenizer };
  }
  const json = jsonOf(wanted);
  const tokenizer = await tokenizerFrom(wanted, json.model_type, context);
  const config = await configOf(wanted, () => tokenizer);
  const architecture = architectureOf(
    { ...json, ...idsOf(tokenizer, json.model_type), ...config, architectures: undefined },
    "model",
    head,
  );
  return { model: await createModel(architecture, { ...context.engine, seed, queriesLikeKeys }), tokenizer };
}

/** The same for a model of images, which has no tokenizer. */
export async function imageModelFrom(
  wanted: Omit<WantedModel, "config"> & { readonly config?: ConfigJson | undefined },
  context: WayContext,
): Promise<Model> {
  const { head, config, seed, queriesLikeKeys } = wanted;
  const folder = await folderOf(wanted, context);
  if (folder !== undefined) {
    const { checkpoint, options } = await inspected(folder, { head, config, seed }, context);
    return loadModel(checkpoint, options);
  }
  const json = { ...jsonOf(wanted), ...config, architectures: undefined };
  return createModel(architectureOf(json, "model", head), { ...context.engine, seed, queriesLikeKeys });
}

/** The folder that a model comes from, if it is not fresh. */
async function folderOf(
  { model, queriesLikeKeys }: WantedModel,
  { from, files }: WayContext,
): Promise<ReadableFolder | undefined> {
  if (from !== undefined) return from;
  if (typeof model !== "string" || (await files.kind(model)) !== "folder") return undefined;
  if (queriesLikeKeys === true) {
    throw new ConfigError(
      `queriesLikeKeys says how fresh weights begin, and ${model} has weights of its own. Leave it out.`,
    );
  }
  return files.at(model);
}

/** The keys of config.json of a fresh model. */
function jsonOf({ model: source, head }: WantedModel): ConfigJson & { readonly model_type: string } {
  const json = typeof source === "string" ? presetJson(source, head) : source;
  const { model_type: type } = json as { readonly model_type?: unknown };
  if (typeof type === "string") return { ...json, model_type: type };
  throw new ConfigError(
    'model: sizes of one\'s own need "model_type", such as bert; other keys are those of config.json.',
  );
}

function presetJson(name: string, head: WantedHead): ConfigJson {
  try {
    return architectureOfPreset(name, head).toJson();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`model: "${name}" is neither a folder here nor a size. ${error.message}`, { cause: error });
  }
}

/** The wanted keys of config.json, made of the tokenizer where they depend on it. */
async function configOf(
  { config }: WantedModel,
  tokenizer: () => Tokenizer | Promise<Tokenizer>,
): Promise<ConfigJson | undefined> {
  return typeof config === "function" ? config(await tokenizer()) : config;
}

async function inspected(
  folder: ReadableFolder,
  { head, config, seed }: Pick<WantedModel, "head" | "seed"> & { readonly config: ConfigJson | undefined },
  { engine }: WayContext,
) {
  const options = { ...engine, ...head, config, seed, fresh: true };
  return { checkpoint: await inspectCheckpoint(folder, options), options };
}

async function tokenizerFrom(
  { tokenizer: source = { size: 8000 }, texts }: WantedModel,
  modelType: string,
  { files }: WayContext,
): Promise<Tokenizer> {
  if (typeof source === "string") return openFolderTokenizer(files.at(source), modelType);
  const { kind, family, size, minimumFrequency } = source;
  const own = Object.keys(tokenizerFamilies).find((name) => name === modelType) as TokenizerFamily | undefined;
  // Words and characters go with the special tokens of any family.
  const free = kind === undefined || kind === "words" || kind === "characters";
  const chosen = family ?? (free ? (own ?? "bert") : undefined);
  return trainTokenizer(texts(), { kind, family: chosen, size, minimumFrequency });
}

/** What the decoder of a family reads first, by the part that the token plays. */
const starts: Readonly<Partial<Record<string, "pad" | "eos">>> = { bart: "eos", marian: "pad", t5: "pad" };

/** What config.json says of a tokenizer: its size and the ids of its special tokens. */
export function idsOf(tokenizer: Tokenizer, modelType: string): ConfigJson {
  const role = starts[modelType];
  const start = role === undefined ? undefined : tokenizer.special[role]?.id;
  return { ...tokenIds(tokenizer), ...(start !== undefined && { decoder_start_token_id: start }) };
}
