/** What a head's own loss is as a training objective. */
import { GraphError } from "../errors/index.ts";
import { neededInputs, type Architecture } from "../models/index.ts";
import type { Objective } from "../training/index.ts";

/**
 * The loss of an architecture on the named inputs, labels among them. It is a mean over what counts, so a batch of it
 * has one target. Throws GraphError where the inputs give no loss.
 */
export function lossOf(architecture: Architecture, given: Iterable<string>): Objective {
  const names = new Set([...neededInputs(architecture, given), ...given]);
  return (scope) => {
    const { loss } = architecture.compute(scope, names);
    if (loss !== undefined) return { loss };
    throw new GraphError(
      `${architecture.className} has no loss on ${[...names].join(", ")}. Its inputs are ` +
        `${Object.keys(architecture.inputs).join(", ")}: give the labels, too.`,
    );
  };
}
