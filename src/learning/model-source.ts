/** Where the model of a run comes from: a checkpoint, a published size by its name, or sizes of one's own. */
import { z } from "zod";
import { openFolderTokenizer } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { architectureOf, architectureOfPreset, type ConfigJson, type WantedHead } from "../models/index.ts";
import { createModel, inspectCheckpoint, loadModel } from "../tasks/open.ts";
import type { Model } from "../tasks/model.ts";
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

/** What a way wants of the model. */
export interface WantedModel {
  readonly model: ModelSource;
  readonly tokenizer?: TokenizerSource | undefined;
  readonly head: WantedHead;
  /** Keys over those of config.json: labels, say. */
  readonly config?: ConfigJson | undefined;
  readonly seed: number;
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
  const { model: source, head, config, seed } = wanted;
  if (context.from !== undefined) return opened(context.from, wanted, context);
  if (typeof source === "string" && (await context.files.kind(source)) === "folder") {
    return opened(context.files.at(source), wanted, context);
  }
  const json = typeof source === "string" ? presetJson(source, head) : source;
  if (typeof json["model_type"] !== "string") {
    throw new ConfigError(
      'model: sizes of one\'s own need "model_type", such as bert; other keys are those of config.json.',
    );
  }
  const tokenizer = await tokenizerFrom(wanted, json["model_type"], context);
  const architecture = architectureOf(
    { ...json, ...idsOf(tokenizer), ...config, architectures: undefined },
    "model",
    head,
  );
  return { model: await createModel(architecture, { ...context.engine, seed }), tokenizer };
}

function presetJson(name: string, head: WantedHead): ConfigJson {
  try {
    return architectureOfPreset(name, head).toJson();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`model: "${name}" is neither a folder here nor a size. ${error.message}`, { cause: error });
  }
}

async function opened(
  folder: ReadableFolder,
  { head, config, seed }: WantedModel,
  { engine }: WayContext,
): Promise<SourcedModel> {
  const options = { ...engine, ...head, config, seed, fresh: true };
  const checkpoint = await inspectCheckpoint(folder, options);
  const tokenizer = await openFolderTokenizer(checkpoint.tokenizerFolder, checkpoint.architecture.modelType);
  return { model: await loadModel(checkpoint, options), tokenizer };
}

async function tokenizerFrom(
  { tokenizer: source = { size: 8000 }, texts }: WantedModel,
  modelType: string,
  { files }: WayContext,
): Promise<Tokenizer> {
  if (typeof source === "string") return openFolderTokenizer(files.at(source), modelType);
  const { kind, family, size, minimumFrequency } = source;
  const own = Object.keys(tokenizerFamilies).find((name) => name === modelType) as TokenizerFamily | undefined;
  const chosen = family ?? (kind === undefined ? (own ?? "bert") : undefined);
  return trainTokenizer(texts(), { kind, family: chosen, size, minimumFrequency });
}

/** What config.json says of a tokenizer's ids. */
function idsOf({ size, special }: Tokenizer): ConfigJson {
  const roles = { pad: special.pad, bos: special.bos, eos: special.eos, cls: special.cls, sep: special.sep };
  const ids = Object.entries(roles).flatMap(([role, token]) =>
    token === undefined ? [] : [[`${role}_token_id`, token.id] as const],
  );
  return { vocab_size: size, ...Object.fromEntries(ids) };
}
