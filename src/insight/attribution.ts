/**
 * Direct logit attribution: how much of an answer's logit each part of each layer wrote itself (Elhage, Nanda, Olsson and
 * others: "A mathematical framework for transformer circuits", 2021; nostalgebraist 2020).
 *
 * The stream is a sum, x = e + Σ c, of the embeddings e and what sub-layers add, c. With the deviation of every norm on
 * the way held at the value that it had, and so the slope f(x) / x of every activation of the head, the logit is
 * logit(x) = ⟨g, e⟩ + Σ ⟨g, c⟩ + bias, g being the gradient of that straight function. ⟨g, c⟩ is the share of c, and the
 * biases of norms and head are the remainder. What heads wrote is cut out of c before its output projection, whose bias
 * is the rest of the sub-layer's share.
 */
// B batch, T tokens, D width, H heads, K = D / H
import { InputError } from "../errors/index.ts";
import { gradients, nodesOf, replaced, type RewriteRule, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { answerFeeds, askedScore, scoreOf, tracedOf, type Answered, type Scored } from "./answer.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";
import { streamBehind, streamsOf, sublayersOf, type Stream, type Sublayer } from "./stream.ts";

/** The share of one sub-layer. */
export interface SublayerShare extends Pick<Sublayer, "layer" | "kind"> {
  readonly share: number;
  /** By position, [T]: where what was added stands. */
  readonly positions: Float32Array;
  /** Of attention, by head; their sum lacks the bias of the output projection. */
  readonly heads: readonly number[];
}

/** What wrote an answer's logit. */
export interface Attribution {
  /** The logit, or the difference of two. */
  readonly logit: number;
  readonly stream: string;
  /** The share of what enters the first layer, by position [T] and in all. */
  readonly embeddings: { readonly share: number; readonly positions: Float32Array };
  /** In the order in which they are computed. */
  readonly sublayers: readonly SublayerShare[];
  /** The score of a stream of zeros: what the biases of norms and head give. All shares and this add up to the logit. */
  readonly remainder: number;
}

/**
 * Divides an answer's logit among embeddings, sub-layers and heads. Throws InputError where the answer is not a straight
 * function of the stream even so: behind a softmax, or where layers do not add to what they read.
 */
export async function logitAttribution(
  model: InspectedModel,
  inputs: Values,
  answered: Answered,
): Promise<Attribution> {
  const { architecture } = model;
  const traced = tracedOf(architecture, inputs);
  const stream = streamToDivide(architecture.className, traced, answered);
  const found = await model.derive(
    `attribution ${answered.output}`,
    inputs,
    (tensors) => attributionTensors(tensors, answered),
    { feeds: answerFeeds(answered) },
  );
  const logit = scoreOf(answered.scores, answered).logit;
  const embeddings = shareOf(found.get("embeddings")!);
  const sublayers = sublayersOf(stream).map(({ layer, kind, heads }, i): SublayerShare => {
    const byHead = heads === undefined ? [] : Array.from(found.get(`heads.${i}`)!.data, Number);
    return { layer, kind, ...shareOf(found.get(`sublayer.${i}`)!), heads: byHead };
  });
  return { logit, stream: stream.name, embeddings, sublayers, remainder: Number(found.get("remainder")!.data[0]) };
}

function shareOf({ data }: HostTensor): { share: number; positions: Float32Array } {
  const positions = Float32Array.from(data as Float32Array);
  return { share: positions.reduce((sum, value) => sum + value, 0), positions };
}

/** Ops that no fixed slope makes straight. */
const BENT: ReadonlySet<string> = new Set(["softmax", "logSoftmax", "exp", "log", "pow", "sqrt"]);

function streamToDivide(className: string, tensors: Pick<ModelTensors, "all" | "outputs">, { output }: Scored): Stream {
  const scores = tensors.outputs.get(output)!;
  const stream = streamBehind(streamsOf(tensors), scores);
  if (stream === undefined || stream.steps.some((way) => way === undefined)) {
    throw new InputError(`${className}: the layers do not add to what they read, so logits have no shares by layer.`);
  }
  const below = new Set(nodesOf([stream.states.at(-1)!]));
  const bent = nodesOf([scores]).find((node) => !below.has(node) && BENT.has(node.op.name));
  if (bent === undefined) return stream;
  throw new InputError(
    `${className}: ${output} lies behind a ${bent.op.name}, so it is no sum of what layers wrote. Look at the lens instead.`,
  );
}

/** The shares by position, [T] each, and by head, [H]. */
function attributionTensors(tensors: ModelTensors, scored: Scored): ReadonlyMap<string, Tensor> {
  const score = askedScore(scored, tensors.outputs);
  const stream = streamBehind(streamsOf(tensors), tensors.outputs.get(scored.output)!)!;
  const [first] = stream.states;
  const embeddings = first!.stopGradient();
  const contexts = new Map<Tensor, Tensor>();
  const parts: Tensor[] = [];
  let x = embeddings;
  for (const step of stream.steps.flatMap((way) => way!)) {
    if (step.kind === "norm") {
      x = heldNorm(step.output, x);
      continue;
    }
    const { output, heads } = step.part;
    let part = output.stopGradient();
    if (heads !== undefined) {
      const held = heads.contexts.stopGradient();
      contexts.set(output, held);
      part = replaced([output], new Map([[heads.contexts, () => held]]))[0]!;
    }
    parts.push(part);
    x = x.add(part);
  }
  const straight = replaced([score], new Map([[stream.states.at(-1)!, () => x]]), [straightened])[0]!;
  const nothing = replaced([straight], new Map([embeddings, ...parts].map((part) => [part, () => part.zerosLike()])));
  const leaves = sublayersOf(stream).map(({ output }) => contexts.get(output));
  const heads = leaves.flatMap((held) => (held === undefined ? [] : [held]));
  const slopes = gradients(straight.sum(), [embeddings, ...parts, ...heads]);
  const byPosition = (tensor: Tensor, slope: Tensor): Tensor => tensor.mul(slope).sum([0, 2]);
  const found = new Map([["embeddings", byPosition(embeddings, slopes[0]!)]]);
  found.set("remainder", nothing[0]!);
  for (const [i, part] of parts.entries()) found.set(`sublayer.${i}`, byPosition(part, slopes[i + 1]!));
  for (const [i, held] of leaves.entries()) {
    if (held === undefined) continue;
    const slope = slopes[1 + parts.length + heads.indexOf(held)]!;
    found.set(`heads.${i}`, held.mul(slope).sum([0, 2, 3]));
  }
  return found;
}

/** A norm of `x`, with the deviation that it had in the model's own pass. */
function heldNorm(normed: Tensor, x: Tensor): Tensor {
  const { op, inputs, outputs } = normed.node;
  const [, weight, bias] = inputs;
  const inverse = outputs.at(-1)!.stopGradient();
  const centered = op.name === "layerNorm" ? x.sub(x.mean(-1, { keep: true })) : x;
  const scaled = centered.mul(inverse).mul(weight!);
  return bias === undefined ? scaled : scaled.add(bias);
}

const ACTIVATIONS: ReadonlySet<string> = new Set(["gelu", "silu", "relu", "tanh"]);

/** Norms with their deviations held, and activations with their slopes f(x) / x. */
const straightened: RewriteRule = {
  name: "straightened",
  apply: (node, { now }) => {
    const [from] = node.inputs;
    const [to] = node.outputs;
    if (from === undefined || to === undefined || now(from) === from) return undefined;
    if (node.op.name === "layerNorm" || node.op.name === "rmsNorm") return [heldNorm(to, now(from))];
    if (!ACTIVATIONS.has(node.op.name)) return undefined;
    const slope = from.equal(0).where(0, to.div(from.equal(0).where(1, from)));
    return [now(from).mul(slope.stopGradient())];
  },
};
