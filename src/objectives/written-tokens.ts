/** What an encoder with a decoder is to write, token by token: the loss of denoising, summaries and translations. */
// B batch, T target tokens, V vocabulary
import { GraphError } from "../errors/index.ts";
import { dimension, input } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import type { Objective } from "../training/index.ts";

/**
 * Cross-entropy in nats of `labels` (int32[B, T], −100 where none counts), summed over the labels, of an architecture for
 * conditional generation, which makes the decoder's inputs from them; `right` counts the labels with the largest logit.
 * Throws GraphError where the architecture writes nothing.
 */
export function writtenTokens(
  architecture: Architecture,
  given: Iterable<string>,
  { labelSmoothing }: { readonly labelSmoothing?: number | undefined } = {},
): Objective {
  const names = new Set([...given, "labels"]);
  return (scope) => {
    const { logits } = architecture.compute(scope, names);
    if (logits?.shape.length !== 3) {
      throw new GraphError(`${architecture.className} writes no text. Use a head for conditional generation.`);
    }
    scope.at("loss").enter();
    const labels = input("labels", "int32", [dimension("batch"), dimension("target")]).reshape([-1]);
    const rows = logits.reshape([-1, logits.fixed(-1)]);
    const loss = rows.crossEntropy(labels, labelSmoothing === undefined ? {} : { labelSmoothing }).sum();
    if (scope.trace.kind === "training") return { loss };
    return { loss, right: rows.argMax(-1).cast("int32").equal(labels).cast("float32").sum() };
  };
}
