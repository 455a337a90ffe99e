/**
 * The logit lens: what the model would answer if it stopped behind a layer (nostalgebraist: "interpreting GPT: the logit
 * lens", 2020). The hidden state of each layer goes through the model's own last norm and output layer.
 */
// B batch, T tokens, V words or labels, K kept
import { InputError } from "../errors/index.ts";
import { input, replaced, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { scoredOf, tracedOf, type Scored } from "./answer.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";
import { streamBehind, streamsOf, type Stream } from "./stream.ts";

/** What each layer would answer. [L, T, ...], layer 0 being the embeddings; one place where a row is scored as a whole. */
export interface Lens {
  readonly output: Scored;
  /** The states that were read: `hiddenStates`, `decoderHiddenStates`. */
  readonly stream: string;
  readonly layers: number;
  readonly positions: number;
  /** The best `kept` tokens or labels, [L, T, K], best first. */
  readonly kept: number;
  readonly tokens: Int32Array;
  readonly probabilities: Float32Array;
  /** What is followed: at each place the model's own answer, or the one that was asked for, [T]. */
  readonly followed: Int32Array;
  /** Its place among all, 0 being the first, and its probability and logit, [L, T]. */
  readonly ranks: Int32Array;
  readonly followedProbabilities: Float32Array;
  readonly followedLogits: Float32Array;
}

/** What is looked at. */
export interface LensOptions {
  /** The output that scores; see `scoredBy`. */
  readonly output?: string | undefined;
  /** How many of the best are given. Default: 5. */
  readonly keep?: number | undefined;
  /** The token or label that is followed at every place. Default: the model's own answer there. */
  readonly follow?: number | undefined;
}

/**
 * Reads each layer's states through the model's output layer. For what norms in front of its sub-layers that is the state
 * before the last norm, which then norms it; so the last layer gives the model's own answer. Layers of other models
 * were not trained to be read so: what early layers seem to say may be noise. Throws InputError for a model that scores
 * nothing, and for an answer that it does not score.
 */
export async function logitLens(
  model: InspectedModel,
  inputs: Values,
  { output, keep = 5, follow = -1 }: LensOptions = {},
): Promise<Lens> {
  const { architecture } = model;
  const scored = scoredOf(architecture, inputs, output);
  const { all, outputs } = tracedOf(architecture, inputs);
  const scores = outputs.get(scored.output)!.shape.at(-1)!;
  if (typeof scores === "number" && follow >= scores) {
    throw new InputError(`The answer ${follow} is not one of the ${scores} that ${scored.output} scores.`);
  }
  const stream = streamBehind(streamsOf({ all }), outputs.get(scored.output)!);
  if (stream === undefined) throw new InputError(`${architecture.className} publishes no layers to look into.`);
  const found = await model.derive(
    `lens ${scored.output} ${keep}`,
    inputs,
    (tensors) => lensTensors(tensors, scored, keep),
    { feeds: { "lens.follow": { dtype: "int32", shape: [1], data: Int32Array.of(follow) } } },
  );
  return assembled(scored, stream, found);
}

/** The outputs of the program, by name and layer: [T, K] or [T]. */
function lensTensors(tensors: ModelTensors, scored: Scored, keep: number): ReadonlyMap<string, Tensor> {
  const output = tensors.outputs.get(scored.output)!;
  const { states } = streamBehind(streamsOf(tensors), output)!;
  const last = states.at(-1)!;
  const placed = (scores: Tensor): Tensor => {
    const whole = scored.each === "row" || scored.of === "replaced" ? scores.unsqueeze(-2) : scores;
    return (scored.of === "replaced" ? scores.unsqueeze(-1) : whole).sum(0);
  };
  const own = placed(output); // [T, V]
  const asked = input("lens.follow", "int32", [1]);
  const followed = asked.less(0).where(own.argMax(-1).cast("int32"), asked); // [T]
  const found = new Map<string, Tensor>([["followed", followed]]);
  for (const [layer, state] of states.entries()) {
    const scores = placed(replaced([output], new Map([[last, () => state]]))[0]!);
    const count = scores.dim(-1);
    const best = scores.topK(typeof count === "number" ? Math.min(keep, count) : 1);
    const logit = scores.gatherElements(followed.unsqueeze(-1), 1); // [T, 1]
    const sum = scores.logSumExp(-1, { keep: true }); // [T, 1]
    found.set(`tokens.${layer}`, best.indices.cast("int32"));
    found.set(`probabilities.${layer}`, best.values.sub(sum).exp());
    found.set(`logits.${layer}`, logit.squeeze(-1));
    found.set(`probability.${layer}`, logit.sub(sum).exp().squeeze(-1));
    found.set(`ranks.${layer}`, scores.greater(logit).cast("int32").sum(-1));
  }
  return found;
}

function assembled(output: Scored, stream: Stream, found: ReadonlyMap<string, HostTensor>): Lens {
  const layers = stream.states.length;
  const numbers = (name: string): number[] =>
    Array.from({ length: layers }, (_, layer) => Array.from(found.get(`${name}.${layer}`)!.data, Number)).flat();
  const [positions, kept] = found.get("tokens.0")!.shape as [number, number];
  return {
    ...{ output, stream: stream.name, layers, positions, kept },
    tokens: Int32Array.from(numbers("tokens")),
    probabilities: Float32Array.from(numbers("probabilities")),
    followed: Int32Array.from(found.get("followed")!.data, Number),
    ranks: Int32Array.from(numbers("ranks")),
    followedProbabilities: Float32Array.from(numbers("probability")),
    followedLogits: Float32Array.from(numbers("logits")),
  };
}
