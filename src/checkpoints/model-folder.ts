/** A model as a folder that other programs open, too: config.json, model.safetensors, tokenizer.json. */
import { CheckpointError, HeedError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { Tokenizer } from "../tokens/index.ts";
import { pathOf, stepsOf } from "./run-folder.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";
import { readSettings, writeSettings, type Settings } from "./settings-file.ts";
import { openWeights, WEIGHTS, WEIGHTS_INDEX, type StoredWeights } from "./weights.ts";
import { asStored, writeWeights, type WriteWeightsOptions } from "./write-weights.ts";

/** Names of a model folder's files. */
export const CONFIG = "config.json";
/** The tokenizer, in Hugging Face's form. */
export const TOKENIZER = "tokenizer.json";

/** What a model folder holds. */
export interface ModelFolder {
  readonly folder: ReadableFolder;
  readonly config: Settings;
  readonly tokenizer: Tokenizer;
  readonly weights: StoredWeights;
}

/** Writes a model's three files into a folder. */
export async function writeModel(
  folder: Folder,
  config: Readonly<Record<string, unknown>>,
  weights: ReadonlyMap<string, HostTensor>,
  tokenizer: Tokenizer,
  options: WriteWeightsOptions = {},
): Promise<void> {
  await writeWeights(folder, asStored(weights), options);
  await folder.write(TOKENIZER, tokenizer.toText());
  await writeSettings(folder, CONFIG, config);
}

/** Opens a model folder. Throws CheckpointError where a file is missing or is not what it should be. */
export async function openModel(folder: ReadableFolder): Promise<ModelFolder> {
  const missing: string[] = [];
  for (const file of [CONFIG, WEIGHTS, TOKENIZER]) {
    const there = (await folder.kind(file)) === "file";
    const sharded = file === WEIGHTS && !there && (await folder.kind(WEIGHTS_INDEX)) === "file";
    if (!there && !sharded) missing.push(file);
  }
  if (missing.length > 0) throw await notAModel(folder, missing);
  const config = await readSettings(folder, CONFIG);
  const tokenizer = await openTokenizer(folder, TOKENIZER);
  return { folder, config, tokenizer, weights: await openWeights(folder) };
}

/** Opens a `tokenizer.json`. Throws CheckpointError that names the file where it is none. */
export async function openTokenizer(folder: ReadableFolder, path: string): Promise<Tokenizer> {
  const json = await readJson(folder, path);
  try {
    return Tokenizer.fromJson(json);
  } catch (error) {
    if (!(error instanceof HeedError)) throw error;
    throw new CheckpointError(`${folder.describe(path)} cannot be used: ${error.message}`, { cause: error });
  }
}

async function notAModel(folder: ReadableFolder, missing: readonly string[]): Promise<CheckpointError> {
  const shown = folder.describe();
  const advice = "Give a folder that a finished training wrote.";
  if (missing.length === 3 && (await folder.kind("")) === undefined) {
    return new CheckpointError(`${shown} does not exist. ${advice}`);
  }
  const last = (await stepsOf(folder)).at(-1);
  if (last !== undefined) {
    const checkpoint = folder.at(pathOf(last)).describe();
    return new CheckpointError(
      `The training in ${shown} is not finished. Finish it with --resume, or give its last checkpoint, ${checkpoint}.`,
    );
  }
  const list = missing.length === 1 ? missing[0]! : `${missing.slice(0, -1).join(", ")} and ${missing.at(-1)!}`;
  const verb = missing.length === 1 ? "is" : "are";
  return new CheckpointError(`${shown} is not a model folder: ${list} ${verb} missing. ${advice}`);
}

/** Writes float32 tensors by name into one file. */
export async function writeTensors(
  folder: Folder,
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  await writeSafetensors(folder, path, asStored(tensors), { format: "pt" });
}

/** Reads float32 tensors by name. Throws CheckpointError for another dtype. */
export async function readTensors(folder: ReadableFolder, path: string): Promise<Map<string, HostTensor>> {
  const file = await openSafetensors(folder, path);
  const tensors = new Map<string, HostTensor>();
  for (const name of file.names) {
    const { dtype, shape, data } = await file.tensor(name);
    if (dtype !== "F32") {
      throw new CheckpointError(`${folder.describe(path)}: ${name} is ${dtype}; this version reads F32 weights only.`);
    }
    tensors.set(name, { dtype: "float32", shape, data });
  }
  return tensors;
}
