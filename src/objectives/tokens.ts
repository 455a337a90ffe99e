/** A class for each token: tags, and the words of a text that is written. */
// B batch, T tokens, C classes
import { GraphError } from "../errors/index.ts";
import { constant, dimension, input, type Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { Scope } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";
import type { ClassOptions } from "./classes.ts";

const batch = dimension("batch");

/**
 * A class for each token that has a label: logits [B, T, C] of the architecture from the named inputs, and `labels`
 * (int32[B, T]), where negative ones count for nothing. The loss is summed over the labels, each with the weight of its
 * class; `right` counts the tokens whose largest logit is the label's. Throws GraphError where the architecture gives no
 * logits of tokens.
 */
export function tokenClasses(
  architecture: Architecture,
  given: Iterable<string>,
  { classWeights, labelSmoothing }: ClassOptions = {},
): Objective {
  const names = [...given].filter((name) => name !== "labels");
  return (scope) => {
    const { logits } = architecture.compute(scope, names);
    const labels = input("labels", "int32", [batch, dimension("time")]).reshape([-1]);
    const rows = rowsOf(architecture, logits);
    scope.at("loss").enter();
    const losses = rows.crossEntropy(labels, labelSmoothing === undefined ? {} : { labelSmoothing });
    const weights = classWeights && constant(classWeights, [classWeights.length]).gather(labels.maximum(0));
    return sums(scope, rows, labels, weights === undefined ? losses : losses.mul(weights));
  };
}

/**
 * Texts that are written from texts: logits [B, T, V] of an encoder-decoder whose decoder reads the labels shifted by one
 * place (teacher forcing), and `labels` (int32[B, T]), where negative ones count for nothing. The loss is summed over the
 * labels, smoothed (Szegedy et al. 2016, section 7) where that is asked for; `right` counts the tokens that are the most
 * probable ones. Throws GraphError where the architecture writes no text.
 */
export function writtenTokens(
  architecture: Architecture,
  given: Iterable<string>,
  { labelSmoothing }: Pick<ClassOptions, "labelSmoothing"> = {},
): Objective {
  const names = [...new Set([...given, "labels"])];
  return (scope) => {
    const { logits } = architecture.compute(scope, names);
    const labels = input("labels", "int32", [batch, dimension("target")]).reshape([-1]);
    const rows = rowsOf(architecture, logits);
    scope.at("loss").enter();
    return sums(scope, rows, labels, rows.crossEntropy(labels, labelSmoothing === undefined ? {} : { labelSmoothing }));
  };
}

function rowsOf({ className }: Architecture, logits: Tensor | undefined): Tensor {
  if (logits?.shape.length === 3) return logits.reshape([-1, logits.fixed(-1)]);
  throw new GraphError(`${className} gives no logits of tokens. Use a head for tokens, or one that writes text.`);
}

function sums(scope: Scope, rows: Tensor, labels: Tensor, losses: Tensor) {
  if (scope.trace.kind === "training") return { loss: losses.sum() };
  return { loss: losses.sum(), right: rows.argMax(-1).cast("int32").equal(labels).cast("float32").sum() };
}
