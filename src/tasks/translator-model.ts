/** The translator as a model function: inputs, logits, loss, and the feeds of a batch. */
import { translationBatch } from "../data/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import {
  needed,
  transformer,
  TRANSFORMER,
  transformerToJson,
  type Architecture,
  type TransformerConfig,
} from "../models/index.ts";
import { Trace, type Parameter, type Scope } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Objective } from "../training/index.ts";

const batch = dimension("batch");
const ids = (name: "source" | "target" | "labels"): Tensor =>
  input(name, "int32", [batch, dimension(name === "source" ? "source" : "target")]);

/** The translator's forward pass with its inputs `source` and `target`: logits [batch, target, vocabulary]. */
export function translatorForward(config: TransformerConfig): (scope: Scope) => Tensor {
  return (scope) => transformer(scope, config, { source: ids("source"), target: ids("target") });
}

/**
 * The translator as an architecture like those of the families: `inputIds` and `decoderInputIds` give `logits`. Its inner
 * tensors bear the same public names, so whatever looks into one looks into the other.
 */
export function translatorArchitecture(config: TransformerConfig): Architecture {
  const inputs = {
    inputIds: needed("int32", "batch", "source"),
    decoderInputIds: needed("int32", "batch", "target"),
  };
  return {
    ...{ modelType: TRANSFORMER, className: "Transformer", task: "conditional-generation", names: {}, inputs },
    config: { ...config },
    longest: config.maxPositions,
    inputsWith: () => inputs,
    compute: (scope) => {
      const source = input("inputIds", "int32", [batch, dimension("source")]);
      const target = input("decoderInputIds", "int32", [batch, dimension("target")]);
      return { logits: transformer(scope, config, { source, target }) };
    },
    untied: () => undefined,
    toJson: () => transformerToJson(config),
  };
}

/** The parameters of a translator, by name and shape. */
export function translatorParameters(config: TransformerConfig): Parameter[] {
  const trace = new Trace("forward");
  trace.run(translatorForward(config));
  return [...trace.parameters.values()];
}

/**
 * Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4), summed over the targets that are not padding,
 * beside sums for reports: the likelihood loss without smoothing (`nats`) and the right answers (`accuracy`).
 */
export function translatorObjective(config: TransformerConfig, labelSmoothing: number): Objective {
  return (scope) => {
    const logits = translatorForward(config)(scope);
    scope.at("loss").enter();
    const rows = logits.reshape([-1, logits.fixed(-1)]);
    const labels = ids("labels").reshape([-1]);
    const loss = rows.crossEntropy(labels, { labelSmoothing }).sum();
    if (scope.trace.kind === "training") return { loss };
    const right = rows.argMax(-1).cast("int32").equal(labels).cast("float32").sum();
    return { loss, nats: rows.crossEntropy(labels).sum(), accuracy: right };
  };
}

/** The feeds of a batch of token pairs: source, target shifted right, labels. */
export function pairFeeds(
  config: TransformerConfig,
  pairs: readonly { source: Int32Array; target: Int32Array }[],
): { feeds: Record<"source" | "target" | "labels", HostTensor>; targets: number } {
  const made = translationBatch(pairs, { pad: config.paddingId, start: config.startId });
  const host = ({ data, shape }: typeof made.source): HostTensor => ({ dtype: "int32", shape, data });
  return {
    feeds: { source: host(made.source), target: host(made.target), labels: host(made.labels) },
    targets: made.tokens,
  };
}
