/** What is known of a run before it is started in earnest: its memory, and how long an update takes. */
import type { ModelParameters } from "../nn/index.ts";
import {
  batchSizesOf,
  heaviestBatches,
  optimizers,
  trainingMemory,
  type Epoch,
  type Objective,
  type Step,
  type TrainingMemory,
} from "../training/index.ts";
import type { FitConfig } from "./fit-config.ts";

/** Batches of an epoch that are looked at, evenly over it: all are packed as full. */
const SAMPLED = 500;

/**
 * What learning an objective takes of the machine's memory, by the batches of an epoch. It traces the objective, and
 * computes nothing. Throws GraphError where a size of the objective's inputs is in no batch.
 */
export function lessonMemory(
  objective: Objective,
  { optimizer, beta1, beta2, movingAverage, recompute, accumulate }: FitConfig,
  epoch: Epoch,
): TrainingMemory {
  const step = Math.max(1, Math.floor(epoch.length / SAMPLED));
  const some = Array.from({ length: Math.ceil(epoch.length / step) }, (_, i) => epoch.batch(i * step)).flat();
  return trainingMemory(objective, {
    optimizer: optimizers[optimizer]({ beta1, beta2 }),
    movingAverage,
    recompute,
    accumulate: accumulate > 1,
    batches: heaviestBatches(batchSizesOf(objective, some)),
  });
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
