/** How an architecture and the weights of a folder fit each other. */
import type { StoredWeights } from "../checkpoints/index.ts";
import { parametersOf, type Architecture } from "../models/index.ts";
import { matchWeights, type WeightMatch } from "../nn/index.ts";

/** An architecture and where its parameters are in a file. */
export interface Fit {
  readonly architecture: Architecture;
  readonly match: WeightMatch;
}

/**
 * Matches parameters with stored tensors. Where a config ties the output layer to the table of embeddings and the file
 * has other values for it, the file is right, if the family can have both: configs of T5 1.1 say nothing of it.
 */
export async function fitWeights(architecture: Architecture, weights: StoredWeights): Promise<Fit> {
  const fit = (one: Architecture): Fit => {
    return { architecture: one, match: matchWeights(parametersOf(one), weights.tensors, one.names) };
  };
  const tied = fit(architecture);
  for (const [copy, primary] of tied.match.copies) {
    if (await weights.equal(copy, primary)) continue;
    const untied = architecture.untied();
    return untied === undefined ? tied : fit(untied);
  }
  return tied;
}
