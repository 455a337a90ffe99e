/** A model as a folder that other programs open, too: config.json, model.safetensors, tokenizer.json. */
import { CheckpointError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { Tokenizer } from "../tokens/index.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";

/** Names of a model folder's files. */
export const CONFIG = "config.json";
/** The weights, as safetensors. */
export const WEIGHTS = "model.safetensors";
/** The tokenizer, in Hugging Face's form. */
export const TOKENIZER = "tokenizer.json";

/** What a model folder holds. Weights are read one after the other when asked for. */
export interface ModelFolder {
  readonly folder: ReadableFolder;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizer: Tokenizer;
  weights(): Promise<Map<string, HostTensor>>;
}

/** Writes a model's three files into a folder. */
export async function writeModel(
  folder: Folder,
  config: Readonly<Record<string, unknown>>,
  weights: ReadonlyMap<string, HostTensor>,
  tokenizer: Tokenizer,
): Promise<void> {
  await writeTensors(folder, WEIGHTS, weights);
  await folder.write(TOKENIZER, tokenizer.toText());
  await folder.write(CONFIG, `${JSON.stringify(config, undefined, 2)}\n`);
}

/** Opens a model folder. Throws CheckpointError where a file is missing or is not what it should be. */
export async function openModel(folder: ReadableFolder): Promise<ModelFolder> {
  const missing: string[] = [];
  for (const file of [CONFIG, WEIGHTS, TOKENIZER]) if ((await folder.kind(file)) !== "file") missing.push(file);
  if (missing.length > 0) {
    throw new CheckpointError(
      `${folder.describe()} is not a model folder: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing. ` +
        `Give a folder that a finished training wrote.`,
    );
  }
  const config = await readJson(folder, CONFIG);
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new CheckpointError(`${folder.describe(CONFIG)} holds no JSON object.`);
  }
  return {
    folder,
    config: config as Record<string, unknown>,
    tokenizer: Tokenizer.fromJson(await readJson(folder, TOKENIZER)),
    weights: () => readTensors(folder, WEIGHTS),
  };
}

/** Writes float32 tensors by name. */
export async function writeTensors(
  folder: Folder,
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
): Promise<void> {
  const entries = [...tensors].map(([name, { shape, data }]) => {
    return [name, { dtype: "F32", shape, data: data as Float32Array }] as const;
  });
  await writeSafetensors(folder, path, entries, { format: "pt" });
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
