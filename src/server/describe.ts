/** What a model folder holds, from its config and the headers of its weights: no weight is read. */
import { CONFIG, openWeights, readSettings, WEIGHTS, WEIGHTS_INDEX } from "../checkpoints/index.ts";
import { HeedError } from "../errors/index.ts";
import { stampOf } from "../files/disk.ts";
import type { ReadableFolder } from "../files/index.ts";
import { TRANSFORMER } from "../models/index.ts";

/** A model folder, described. */
export interface Described {
  /** "translator", or the class that the config names. */
  readonly kind: string;
  /** Stored numbers; shared ones are stored once. */
  readonly parameters: number;
  /** What the weights take in memory, as float32. */
  readonly bytes: number;
  /** Why it cannot be opened, where that is known. */
  readonly problem: string | undefined;
}

/** Whether a folder holds a model, or at least half of one. */
export async function isModel(folder: ReadableFolder): Promise<boolean> {
  return (await folder.kind(CONFIG)) === "file";
}

/** Which files the model consists of: it changes when they do. */
export async function versionOf(folder: ReadableFolder, path: string): Promise<string> {
  const names = (await folder.list()).map(({ name }) => name);
  const ours = names.filter((name) => name.endsWith(".safetensors") || name.endsWith(".json"));
  const watched = ours.filter((name) => name !== "optimizer.safetensors" && name !== "training.json");
  const stamps = await Promise.all(watched.map(async (name) => `${name} ${(await stampOf(`${path}/${name}`)) ?? ""}`));
  return stamps.join("\n");
}

/** Describes; what is wrong with the folder is said in `problem`, not thrown. */
export async function describeModel(folder: ReadableFolder): Promise<Described> {
  let kind = "model";
  try {
    const { values } = await readSettings(folder, CONFIG);
    const { architectures, model_type: type } = values;
    const [first] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
    const named = typeof first === "string" ? first : typeof type === "string" ? type : kind;
    kind = type === TRANSFORMER ? "translator" : named;
    const { tensors } = await openWeights(folder);
    let parameters = 0;
    for (const { shape } of tensors.values()) parameters += shape.reduce((product, size) => product * size, 1);
    return { kind, parameters, bytes: 4 * parameters, problem: undefined };
  } catch (error) {
    if (!(error instanceof HeedError)) throw error;
    return { kind, parameters: 0, bytes: await sizeOf(folder), problem: error.message };
  }
}

async function sizeOf(folder: ReadableFolder): Promise<number> {
  const held = [WEIGHTS, WEIGHTS_INDEX].map(async (name) =>
    (await folder.kind(name)) === "file" ? folder.size(name) : 0,
  );
  return (await Promise.all(held)).reduce((sum, size) => sum + size, 0);
}
