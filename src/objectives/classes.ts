/** Classes of rows: cross-entropy, a mean square or several yes-or-no questions, by what the labels are. */
import { GraphError } from "../errors/index.ts";
import { constant, dimension, input, type Tensor } from "../graph/index.ts";
import { logisticLoss, type Architecture } from "../models/index.ts";
import type { Objective } from "../training/index.ts";

/** How the loss of classes is made. */
export interface ClassOptions {
  /** What the loss of a row counts, by its class: rare classes may count more. Default: 1 for each. */
  readonly classWeights?: readonly number[] | undefined;
  readonly labelSmoothing?: number | undefined;
}

const batch = dimension("batch");

/**
 * One class for each row: logits [B, C] of the architecture from the named inputs, and `labels` (int32[B]). The loss is
 * summed over the rows, each with the weight of its class; `right` counts the rows whose largest logit is the label's.
 * Throws GraphError where the architecture gives no logits of rows.
 */
export function rowClasses(
  architecture: Architecture,
  given: Iterable<string>,
  { classWeights, labelSmoothing }: ClassOptions = {},
): Objective {
  const names = [...given].filter((name) => name !== "labels");
  return (scope) => {
    const logits = rowLogits(architecture, architecture.compute(scope, names));
    scope.at("loss").enter();
    const labels = input("labels", "int32", [batch]);
    const losses = logits.crossEntropy(labels, labelSmoothing === undefined ? {} : { labelSmoothing });
    const weighted =
      classWeights === undefined ? losses : losses.mul(constant(classWeights, [classWeights.length]).gather(labels));
    if (scope.trace.kind === "training") return { loss: weighted.sum() };
    const right = logits.argMax(-1).cast("int32").equal(labels).cast("float32").sum();
    return { loss: weighted.sum(), right };
  };
}

/**
 * Several yes-or-no questions for each row: the mean over the classes of the logistic losses of logits [B, C] and
 * `labels` (float32[B, C], 0 or 1), each with the weight of its class, summed over the rows.
 */
export function rowLabelSets(
  architecture: Architecture,
  given: Iterable<string>,
  { classWeights }: Pick<ClassOptions, "classWeights"> = {},
): Objective {
  const names = [...given].filter((name) => name !== "labels");
  return (scope) => {
    const logits = rowLogits(architecture, architecture.compute(scope, names));
    scope.at("loss").enter();
    const losses = logisticLoss(logits, input("labels", "float32", [batch, logits.fixed(-1)]));
    const weighted = classWeights === undefined ? losses : losses.mul(constant(classWeights, [classWeights.length]));
    return { loss: weighted.mean(-1).sum() };
  };
}

/** A number for each row: squares of the differences between logits [B, 1] and `labels` (float32[B]), summed. */
export function rowNumbers(architecture: Architecture, given: Iterable<string>): Objective {
  const names = [...given].filter((name) => name !== "labels");
  return (scope) => {
    const difference = rowLogits(architecture, architecture.compute(scope, names))
      .reshape([-1])
      .sub(input("labels", "float32", [batch]));
    return { loss: difference.mul(difference).sum() };
  };
}

function rowLogits({ className }: Architecture, { logits }: Readonly<Record<string, Tensor>>): Tensor {
  if (logits?.shape.length === 2) return logits;
  throw new GraphError(`${className} gives no logits of whole rows. Use a head for sequence classification.`);
}
