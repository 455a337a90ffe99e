/** How an objective judges rows that are held out: always on the same batches, without dropout and without learning. */
import type { ModelParameters } from "../nn/index.ts";
import { rowBatches } from "../objectives/index.ts";
import { Evaluation, type Batch, type JudgedBatch, type Objective, type Scores } from "../training/index.ts";

/** The batches that rows are judged in: of like length together. */
export function judgedBatches(
  lengths: readonly number[],
  batchTokens: number,
  make: (rows: readonly number[]) => Omit<Batch, "examples">,
): JudgedBatch[] {
  const epoch = rowBatches(lengths, { batchTokens, seed: 1 }, make)(0);
  return Array.from({ length: epoch.length }, (_, i) => epoch.batch(i)).flat();
}

/**
 * Scores of held-out rows: each entry of the objective by the number of targets, as `name` makes scores of them. The
 * batches of rows are made once, and kept as long as the same rows are judged.
 */
export function judgeBy<R>(
  parameters: ModelParameters,
  objective: Objective,
  batches: (rows: readonly R[]) => readonly JudgedBatch[],
  name: (means: Readonly<Record<string, number>>) => Scores,
): (rows: readonly R[]) => Promise<Scores> {
  const evaluation = new Evaluation(parameters, objective);
  let held: { readonly rows: readonly R[]; readonly batches: readonly JudgedBatch[] } | undefined;
  return async (rows) => {
    if (held?.rows !== rows) held = { rows, batches: batches(rows) };
    const { sums, targets } = await evaluation.sums(held.batches);
    const means = Object.entries(sums).map(([entry, sum]) => [entry, sum / Math.max(targets, 1)] as const);
    return name(Object.fromEntries(means));
  };
}
