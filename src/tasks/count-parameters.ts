/** How many parameters a model has, by part: of a folder, with or without weights, or of a published size. */
import { isAdapterFolder, WEIGHTS, WEIGHTS_INDEX } from "../checkpoints/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { countParameters, type ParameterCounts } from "../insight/index.ts";
import { architectureOfPreset, parametersOf, type Architecture, type WantedHead } from "../models/index.ts";
import { describeCheckpoint, inspectCheckpoint } from "./open.ts";

/** The parameters of one head of a family, by part. */
export interface ModelCounts extends ParameterCounts {
  readonly modelType: string;
  readonly className: string;
}

/**
 * Counts the parameters that a folder's config.json describes. Weights need not be there; where they are, they must fit,
 * but for a head that they lack. Throws CheckpointError or ConfigError.
 */
export async function countsOfFolder(folder: ReadableFolder, wanted: WantedHead = {}): Promise<ModelCounts> {
  const kinds = await Promise.all([WEIGHTS, WEIGHTS_INDEX].map((file) => folder.kind(file)));
  const { architecture } =
    kinds.includes("file") || (await isAdapterFolder(folder))
      ? await inspectCheckpoint(folder, { ...wanted, fresh: true })
      : await describeCheckpoint(folder, wanted);
  return countsOf(architecture);
}

/** Counts the parameters of a published size. Throws ConfigError that lists the sizes, and for a head it cannot have. */
export function countsOfPreset(preset: string, wanted: WantedHead = {}): ModelCounts {
  return countsOf(architectureOfPreset(preset, wanted));
}

function countsOf(architecture: Architecture): ModelCounts {
  const { modelType, className } = architecture;
  return { modelType, className, ...countParameters(parametersOf(architecture)) };
}
