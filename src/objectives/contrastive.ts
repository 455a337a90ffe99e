/**
 * Texts that belong together against all others of their batch: one text read twice with other dropout masks (Gao, Yao,
 * Chen: "SimCSE: Simple contrastive learning of sentence embeddings", 2021, sections 3 and 4), or two texts of a pair.
 */
// B rows of tokens, N = B / 2 pairs, D width
import { GraphError } from "../errors/index.ts";
import { constant, dimension, input, iota, type Tensor } from "../graph/index.ts";
import { contrastiveLoss, pooled, unitVectors, type Architecture, type Pooling } from "../models/index.ts";
import type { Scope } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";

/** How texts are compared. */
export interface ContrastiveOptions {
  readonly pooling: Pooling;
  /**
   * What cosines are divided by: a number (SimCSE's is 0.05), or "learned", where the logarithm of its inverse is a
   * parameter that starts at that of 1 / 0.07 and never multiplies cosines by more than 100 (Radford et al. 2021, section
   * 2.5).
   */
  readonly temperature: number | "learned";
  /** Whether second texts look for their first ones, too. Default: false. */
  readonly bothWays?: boolean | undefined;
}

/** The parameter of a learned temperature. */
export const LOGIT_SCALE = "contrastive.logit_scale";
const LARGEST = Math.log(100);

/**
 * Cross-entropy of each pair's second text among those of all pairs, by cosines of pooled hidden states over the
 * temperature. Rows 2i and 2i + 1 of the inputs are pair i; the loss is summed over the pairs, and `right` counts those
 * whose second text is the nearest. Throws GraphError where the architecture gives no hidden states.
 */
export function inBatchPairs(
  architecture: Architecture,
  given: Iterable<string>,
  { pooling, temperature, bothWays = false }: ContrastiveOptions,
): Objective {
  const names = [...given];
  return (scope) => {
    const rows = textVectors(scope, architecture, names, pooling); // [B, D]
    scope.at("loss").enter();
    const [first, second] = [rows.slice(0, 0, rows.dim(0), 2), rows.slice(0, 1, rows.dim(0), 2)];
    const cosines = first.matmul(second.swap(0, 1)); // [N, N]
    const similarities = cosines.mul(scaleOf(scope, temperature));
    const pairs = similarities.sizeValue(similarities.dim(0));
    const loss = contrastiveLoss(similarities, { columns: bothWays }).mul(pairs);
    if (scope.trace.kind === "training") return { loss };
    const nearest = cosines.argMax(-1).cast("int32");
    return {
      loss,
      right: nearest
        .equal(iota(cosines.dim(0), { dtype: "int32" }))
        .cast("float32")
        .sum(),
    };
  };
}

/** Pooled hidden states of length 1: [B, D]. */
function textVectors(scope: Scope, architecture: Architecture, names: readonly string[], pooling: Pooling): Tensor {
  const masked = names.includes("attentionMask");
  const mask = masked ? input("attentionMask", "int32", [dimension("batch"), dimension("time")]) : undefined;
  const { lastHiddenState } = architecture.compute(scope, names);
  if (lastHiddenState !== undefined) return unitVectors(pooled(lastHiddenState, mask, pooling));
  throw new GraphError(`${architecture.className} gives no hidden states. Use a model without a head, task features.`);
}

function scaleOf(scope: Scope, temperature: number | "learned"): Tensor {
  if (typeof temperature === "number") return constant([1 / temperature], []);
  const [at, name] = LOGIT_SCALE.split(".") as [string, string];
  const start = { kind: "values", values: [Math.log(1 / 0.07)] } as const;
  return scope.at(at).parameter(name, [], start).minimum(LARGEST).exp();
}
