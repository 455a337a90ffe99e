/**
 * Attention flow: how much can run from each input token through the attention of all layers into one token, if each
 * weight is the capacity of a pipe (Abnar and Zuidema: "Quantifying attention flow in transformers", 2020, section 3).
 */
import { InputError } from "../errors/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { tracedOf } from "./answer.ts";
import type { InspectedModel } from "./inspected.ts";
import { inPieces, type Watch } from "./many-questions.ts";
import { steppedAttention } from "./rollout.ts";

/** More tokens than this would take minutes: a maximum flow is computed for each of them. */
const LONGEST = 128;
/** What is less than this is nothing: capacities are shares of 1. */
const NOTHING = 1e-9;

/** Which attention, and into which token of which layer. */
export interface FlowTarget extends Watch {
  /** Default: `attentions`. */
  readonly group?: string | undefined;
  readonly token: number;
  /** Counted from 0; the last one where it is left out. */
  readonly layer?: number | undefined;
}

/**
 * The maximum flow into a token of a layer from each token of the input, [T]. Layers are joined by pipes whose capacities
 * are Âₗ = ½ Aₗ + ½ I, rows normalized, as in rollout. Unlike rollout the numbers do not add up to 1: each is what could
 * come from that token alone. Throws InputError for attention from one side to another, a token that is not there, and
 * texts that are too long.
 */
export async function attentionFlow(
  model: InspectedModel,
  inputs: Values,
  { group = "attentions", token, layer, ...watch }: FlowTarget,
): Promise<Float32Array> {
  const { all } = tracedOf(model.architecture, inputs);
  if (!all.has(`${group}.0`) || group === "crossAttentions") {
    throw new InputError(
      `${model.architecture.className} has no self-attention "${group}" for tokens to flow through.`,
    );
  }
  const made = await model.derive(
    `flow ${group}`,
    inputs,
    (tensors) => new Map([["steps", steppedAttention(tensors, group)]]),
  );
  const steps = made.get("steps")!;
  const [layers, tokens] = steps.shape as [number, number];
  if (token >= tokens) throw new InputError(`Token ${token + 1} is not one of the ${tokens}.`);
  if (tokens > LONGEST)
    throw new InputError(`Attention flow is for ${LONGEST} tokens at most; the text has ${tokens}.`);
  const top = Math.min(layer ?? layers - 1, layers - 1);
  const sources = Array.from({ length: tokens }, (_, source) => source);
  const flows = await inPieces(sources, 8, "flows", watch, (piece) =>
    Promise.resolve(piece.map((source) => maximumFlow(steps, top, token, source))),
  );
  return Float32Array.from(flows);
}

/**
 * The maximum flow from token `from` behind layer `top` down to token `to` of the input, by Dinic's algorithm: as long as
 * there is a way with room, the shortest ones are filled. NaN where a weight of these layers is NaN.
 */
export function maximumFlow({ shape, data }: HostTensor, top: number, from: number, to: number): number {
  const tokens = shape[1]!;
  const size = tokens * tokens;
  /** Room down and back up of the pipe (layer, upper token, lower token). */
  const down = Float64Array.from(data as Float32Array).subarray(0, (top + 1) * size);
  if (down.some(Number.isNaN)) return NaN;
  const up = new Float64Array(down.length);
  const nodes = (top + 2) * tokens;
  const [start, end] = [(top + 1) * tokens + from, to];
  const depth = new Int32Array(nodes);
  const next = new Int32Array(nodes);
  let total = 0;

  /** The room to neighbor `k` of a node: below it for k < T, above it for the rest; and which pipe it is. */
  const pipe = (
    node: number,
    k: number,
  ): { readonly to: number; readonly at: number; readonly down: boolean } | undefined => {
    const [level, token] = [Math.floor(node / tokens), node % tokens];
    if (k < tokens) {
      if (level === 0) return undefined;
      return { to: (level - 1) * tokens + k, at: (level - 1) * size + token * tokens + k, down: true };
    }
    const upper = k - tokens;
    if (level > top) return undefined;
    return { to: (level + 1) * tokens + upper, at: level * size + upper * tokens + token, down: false };
  };

  function reach(): boolean {
    depth.fill(-1);
    depth[start] = 0;
    const queue = [start];
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head]!;
      for (let k = 0; k < 2 * tokens; k++) {
        const found = pipe(node, k);
        if (found === undefined || depth[found.to]! >= 0) continue;
        if ((found.down ? down : up)[found.at]! <= NOTHING) continue;
        depth[found.to] = depth[node]! + 1;
        queue.push(found.to);
      }
    }
    return depth[end]! >= 0;
  }

  function push(node: number, most: number): number {
    if (node === end) return most;
    for (; next[node]! < 2 * tokens; next[node]!++) {
      const found = pipe(node, next[node]!);
      if (found === undefined || depth[found.to] !== depth[node]! + 1) continue;
      const [there, back] = found.down ? [down, up] : [up, down];
      if (there[found.at]! <= NOTHING) continue;
      const pushed = push(found.to, Math.min(most, there[found.at]!));
      if (pushed <= NOTHING) continue;
      there[found.at]! -= pushed;
      back[found.at]! += pushed;
      return pushed;
    }
    return 0;
  }

  while (reach()) {
    next.fill(0);
    for (let pushed = push(start, Infinity); pushed > NOTHING; pushed = push(start, Infinity)) total += pushed;
  }
  return total;
}
