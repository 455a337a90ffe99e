/**
 * Attention rollout: how much of each input token attention has carried into each token of a layer (Abnar and Zuidema:
 * "Quantifying attention flow in transformers", 2020, section 3).
 */
// B batch, T queries, S keys, H heads, L layers
import { InputError } from "../errors/index.ts";
import { concat, iota, subtractDimensions, type Dimension, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { tracedOf } from "./answer.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";

/** What tokens of each layer are mixed of. */
export interface Rollout {
  /** The group of attention that was rolled out, `attentions`. */
  readonly group: string;
  /** [L, T, S]: row t of a layer says how much of each token of the input is in token t behind it; rows add up to 1. */
  readonly mixes: HostTensor;
  /** For a decoder with an encoder also what of the target's own tokens is in it, [L, T, T]; both together add up to 1. */
  readonly own?: HostTensor | undefined;
}

/**
 * Rolls attention out. With Aₗ the weights of layer l, the mean over its heads, and the residual connection counted as
 * half of what a token is, Âₗ = ½ Aₗ + ½ I, rows normalized, and R₀ = Â₀, Rₗ = Âₗ Rₗ₋₁.
 *
 * For `crossAttentions` this is Heed's own extension: the encoder is rolled out to R; in the decoder, target tokens start
 * as themselves (M = I) and hold nothing of the source (N = 0). Each layer first mixes targets, M ← Â M and N ← Â N, Â
 * from its self-attention, and then takes half of what it is from the source by its cross-attention C: M ← ½ M and
 * N ← ½ N + ½ C R. `mixes` is N and `own` is M.
 *
 * Throws InputError where a model has no such attention.
 */
export async function attentionRollout(model: InspectedModel, inputs: Values, group = "attentions"): Promise<Rollout> {
  const { all } = tracedOf(model.architecture, inputs);
  if (!all.has(`${group}.0`)) {
    throw new InputError(`${model.architecture.className} has no attention "${group}" to roll out.`);
  }
  const found = await model.derive(`rollout ${group}`, inputs, (tensors) => rolled(tensors, group));
  return { group, mixes: found.get("mixes")!, own: found.get("own") };
}

/** Âₗ of all layers of self-attention, [L, T, T]. */
export function steppedAttention(tensors: ModelTensors, group: string): Tensor {
  return joined(layersOf(tensors, group).map(withResidual));
}

function rolled(tensors: ModelTensors, group: string): ReadonlyMap<string, Tensor> {
  if (group === "crossAttentions") return rolledAcross(tensors);
  return new Map([["mixes", joined(rollOf(layersOf(tensors, group)))]]);
}

/** The mean over heads of each layer, [T, S]. */
function layersOf({ all }: ModelTensors, group: string): Tensor[] {
  const layers: Tensor[] = [];
  for (let layer = 0; all.has(`${group}.${layer}`); layer++) {
    const weights = all.get(`${group}.${layer}`)!.mean(1).sum(0);
    const [queries, keys] = [weights.dim(0), weights.dim(1)];
    // In front of its own tokens Transformer-XL sees a memory, which holds nothing for a text that stands alone.
    layers.push(group === "crossAttentions" ? weights : weights.slice(1, subtractDimensions(keys, queries), keys));
  }
  return layers;
}

function rollOf(layers: readonly Tensor[]): Tensor[] {
  const rolls: Tensor[] = [];
  for (const layer of layers) {
    const step = withResidual(layer);
    const before = rolls.at(-1);
    rolls.push(before === undefined ? step : step.matmul(before));
  }
  return rolls;
}

/** ½ A + ½ I, rows normalized: [T, T]. */
function withResidual(weights: Tensor): Tensor {
  const mixed = weights.add(identity(weights.dim(0))).scale(0.5);
  return mixed.div(mixed.sum(-1, { keep: true }));
}

function identity(size: Dimension): Tensor {
  const places = iota(size, { dtype: "int32" });
  return places.unsqueeze(1).equal(places.unsqueeze(0)).cast("float32");
}

function rolledAcross(tensors: ModelTensors): ReadonlyMap<string, Tensor> {
  const source = rollOf(layersOf(tensors, "encoderAttentions")).at(-1);
  const self = layersOf(tensors, "decoderAttentions");
  const cross = layersOf(tensors, "crossAttentions");
  const [mixes, own]: [Tensor[], Tensor[]] = [[], []];
  for (const [layer, weights] of cross.entries()) {
    const step = withResidual(self[layer]!);
    const seen = source === undefined ? weights : weights.matmul(source);
    const [m, n] = [own.at(-1), mixes.at(-1)];
    own.push((m === undefined ? step : step.matmul(m)).scale(0.5));
    mixes.push((n === undefined ? seen : step.matmul(n).add(seen)).scale(0.5));
  }
  return new Map([
    ["mixes", joined(mixes)],
    ["own", joined(own)],
  ]);
}

/** Of [T, S] each to [L, T, S]. */
function joined(layers: readonly Tensor[]): Tensor {
  return concat(
    layers.map((layer) => layer.unsqueeze(0)),
    0,
  );
}
