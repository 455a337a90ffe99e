/** What the tests of models share: translating objectives, and programs run once with given parameters. */
import { dimension, input, type Tensor } from "../../src/graph/index.ts";
import { transformer, transformerConfig, type TransformerConfig } from "../../src/models/index.ts";
import { initialValues, Trace, type TraceKind } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import type { Engine, Values } from "../../src/runtime/index.ts";
import type { Objective } from "../../src/training/trainer.ts";

export const batch = dimension("batch");
const sourceTime = dimension("source");
const targetTime = dimension("target");

export const sourceIds = (): Tensor => input("source", "int32", [batch, sourceTime]);
export const targetIds = (): Tensor => input("target", "int32", [batch, targetTime]);

/** A small config: two layers each, width 16; anything may be set otherwise. */
export function smallConfig(settings: Partial<TransformerConfig> = {}): TransformerConfig {
  const sizes = { vocabulary: 23, encoderLayers: 2, decoderLayers: 2, width: 16, feedForward: 32, heads: 4 };
  return transformerConfig.parse({ ...sizes, dropout: 0, maxPositions: 16, ...settings });
}

/** Smoothed cross-entropy summed over real targets, as training minimizes it. */
export function translating(config: TransformerConfig, labelSmoothing = 0.1): Objective {
  return (scope) => {
    const logits = transformer(scope, config, { source: sourceIds(), target: targetIds() });
    const labels = input("labels", "int32", [batch, targetTime]);
    return {
      loss: logits
        .reshape([-1, logits.fixed(-1)])
        .crossEntropy(labels.reshape([-1]), { labelSmoothing })
        .sum(),
    };
  };
}

export interface Traced {
  readonly trace: Trace;
  readonly logits: Tensor;
}

export function traceTransformer(config: TransformerConfig, kind: TraceKind): Traced {
  const trace = new Trace(kind);
  return { trace, logits: transformer(trace.scope, config, { source: sourceIds(), target: targetIds() }) };
}

/** Values for every parameter from N(0, 0.2²), weights of norms around 1, so that nothing is zero by accident. */
export function drawnParameters(trace: Trace, seed = 1): Map<string, HostTensor> {
  const values = new Map<string, HostTensor>();
  for (const { name, shape } of trace.parameters.values()) {
    const generator = random(seed, name);
    const data = initialValues({ shape, initial: { kind: "normal", deviation: 0.2 } }, generator);
    if (name.endsWith("norm.weight")) for (const i of data.keys()) data[i]! += 1;
    values.set(name, { dtype: "float32", shape, data });
  }
  return values;
}

/** Whole numbers as a tensor, by rows of equal length. */
export function ids(...rows: readonly (readonly number[])[]): HostTensor {
  return { dtype: "int32", shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) };
}

/** Runs a program once. */
export async function compute(
  engine: Engine,
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Values,
): Promise<Values> {
  const program = await engine.load(lower("test", outputs));
  const results = await engine.run([{ program, fetch: Object.keys(outputs) }], feeds);
  await engine.unload(program);
  return results;
}

export const floats = (tensor: HostTensor | undefined): Float32Array => {
  if (!(tensor?.data instanceof Float32Array)) throw new Error(`expected float32 values, got ${String(tensor?.dtype)}`);
  return tensor.data;
};

/** ‖a − b‖. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values beside ${b.length}`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

export const norm = (a: ArrayLike<number>): number => distance(a, new Float32Array(a.length));

/** ‖a − b‖ / ‖b‖. */
export const relativeDistance = (a: ArrayLike<number>, b: ArrayLike<number>): number => distance(a, b) / norm(b);
