// The translator's loss over one made-up batch without padding: for the rows that look at a single step.
import { dimension, input } from "heed/graph";
import { transformer, transformerConfig } from "heed/models";

/** The loss with label smoothing; with `fixed` sizes, or with named ones. */
export function objectiveOf({ sizes, batch, time }, { fixed = false } = {}) {
  const config = transformerConfig.parse({ ...sizes, normalization: "pre", dropout: 0 });
  const size = fixed ? [batch, time] : undefined;
  const ids = (name, length) => input(name, "int32", size ?? [dimension("batch"), dimension(length)]);
  return (scope) => {
    const logits = transformer(scope, config, { source: ids("source", "source"), target: ids("target", "target") });
    const labels = ids("labels", "target").reshape([-1]);
    return { loss: logits.reshape([-1, config.vocabulary]).crossEntropy(labels, { labelSmoothing: 0.1 }).sum() };
  };
}
