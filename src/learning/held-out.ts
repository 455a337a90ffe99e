/** How an objective judges rows that are held out: always on the same batches, without dropout and without learning. */
import type { ModelParameters } from "../nn/index.ts";
import { Evaluation, type JudgedBatch, type Objective, type Scores } from "../training/index.ts";

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
