/** A base and its adapter as one model folder. */
import { isAdapterFolder, readAdapter, WEIGHTS, WEIGHTS_INDEX } from "../checkpoints/index.ts";
import { InputError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { writeTokenizer } from "./export-model.ts";
import { inspectCheckpoint, loadModel, saveModel, type OpenOptions } from "./open.ts";

/** What merging changed. */
export interface Merged {
  readonly layers: number;
  readonly parameters: number;
}

/**
 * Writes a base with an adapter merged into it; a folder that is an adapter is merged into the base that it names.
 * Throws InputError where there is no adapter, or where the folder to be written holds a model, CheckpointError where the
 * adapter does not fit.
 */
export async function mergeAdapterFolder(
  place: ReadableFolder,
  out: Folder,
  adapter?: ReadableFolder,
  options: OpenOptions = {},
): Promise<Merged> {
  if (adapter === undefined && !(await isAdapterFolder(place))) {
    throw new InputError(`${place.describe()} is no adapter. Give the adapter beside it: --adapter FOLDER.`);
  }
  for (const file of [WEIGHTS, WEIGHTS_INDEX]) {
    if ((await out.kind(file)) !== "file") continue;
    throw new InputError(`${out.describe()} already holds a model. Give another folder.`);
  }
  const { layers, full } = await readAdapter(adapter ?? place);
  const checkpoint = await inspectCheckpoint(place, { ...options, adapter });
  const model = await loadModel(checkpoint, options);
  try {
    await saveModel(model, out);
  } finally {
    await model.dispose();
  }
  await writeTokenizer(checkpoint.tokenizerFolder, out, checkpoint.architecture.modelType);
  return { layers: layers.size, parameters: full.size };
}
