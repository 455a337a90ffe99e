/** Answers that are parts of a text: where they start, and where they end. */
// B batch, T tokens
import { GraphError } from "../errors/index.ts";
import { dimension, input } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { Objective } from "../training/index.ts";

const batch = dimension("batch");

/**
 * The first and the last token of each row's answer: the mean of two cross-entropies over the places, from
 * `startLogits` and `endLogits` [B, T] of the architecture and `startPositions` and `endPositions` (int32[B]), summed
 * over the rows (Devlin et al. 2019, section 4.2).
 * Throws GraphError where the architecture gives no such logits.
 */
export function answerPlaces(architecture: Architecture, given: Iterable<string>): Objective {
  const names = [...given].filter((name) => name !== "startPositions" && name !== "endPositions");
  return (scope) => {
    const { startLogits, endLogits } = architecture.compute(scope, names);
    if (startLogits === undefined || endLogits === undefined) {
      throw new GraphError(`${architecture.className} gives no places of answers. Use a head for question answering.`);
    }
    scope.at("loss").enter();
    const start = input("startPositions", "int32", [batch]);
    const end = input("endPositions", "int32", [batch]);
    const loss = startLogits.crossEntropy(start).add(endLogits.crossEntropy(end)).scale(0.5).sum();
    if (scope.trace.kind === "training") return { loss };
    const right = startLogits
      .argMax(-1)
      .cast("int32")
      .equal(start)
      .cast("float32")
      .mul(endLogits.argMax(-1).cast("int32").equal(end).cast("float32"));
    return { loss, right: right.sum() };
  };
}
