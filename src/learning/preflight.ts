/** What is known of a run before it is started in earnest: its memory, and how long an update takes. */
import { tokenBatches } from "../data/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import {
  heaviestBatches,
  optimizers,
  trainingMemory,
  type BatchSizes,
  type Objective,
  type Step,
  type TrainingMemory,
} from "../training/index.ts";
import type { FitConfig } from "./fit-config.ts";

/**
 * What learning an objective takes of the machine's memory, for batches of the given sizes: `batch`, and a size for each
 * other name that the objective's inputs have (`time`, `places`).
 * Throws GraphError where a size is left out.
 */
export function lessonMemory(
  objective: Objective,
  { optimizer, beta1, beta2, movingAverage, recompute, accumulate }: FitConfig,
  batches: readonly BatchSizes[],
): TrainingMemory {
  return trainingMemory(objective, {
    optimizer: optimizers[optimizer]({ beta1, beta2 }),
    movingAverage,
    recompute,
    accumulate: accumulate > 1,
    batches: heaviestBatches(batches),
  });
}

/** The sizes of the batches that rows of these lengths make: `batch` and `time`. */
export function rowBatchSizes(lengths: readonly number[], batchTokens: number): BatchSizes[] {
  const sides = lengths.map((length) => ({ source: length, target: length }));
  const { batches } = tokenBatches(sides, { tokens: batchTokens, seed: 0, epoch: 0 });
  return batches.map((rows) => ({
    batch: rows.length,
    time: rows.reduce((longest, row) => Math.max(longest, lengths[row]!), 0),
  }));
}

/** Updates that a dry run does, and after which a run says how long it will take; the first is slower than the others. */
export const MEASURED = 4;

/** Seconds an update, by those behind the first of some steps; undefined for fewer than two. */
export function secondsPerUpdate(steps: readonly Pick<Step, "update" | "seconds">[]): number | undefined {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined || last.update === first.update) return undefined;
  return (last.seconds - first.seconds) / (last.update - first.update);
}

/** How many numbers are in an engine, and how many of them are trained. */
export interface ParameterCount {
  readonly total: number;
  readonly trained: number;
}

/** Counts parameters. */
export function countOf({ specs, layout }: Pick<ModelParameters, "specs" | "layout">): ParameterCount {
  let [total, trained] = [0, 0];
  for (const { name, trained: learns } of specs) {
    const { size } = layout.places.get(name)!;
    total += size;
    if (learns) trained += size;
  }
  return { total, trained };
}
