/**
 * The residual stream: what layers read and add to, found in the traced graph itself, so that it is the same for every
 * family, norms before or behind the sub-layers (Elhage, Nanda, Olsson and others: "A mathematical framework for
 * transformer circuits", 2021).
 */
// B batch, T tokens, D width, H heads, K = D / H
import { nodesOf, type Tensor } from "../graph/index.ts";
import type { ModelTensors } from "./inspected.ts";

/** One thing that happens to the stream on the way from one layer to the next. */
export type StreamStep =
  { readonly kind: "norm"; readonly output: Tensor } | { readonly kind: "sum"; readonly part: Sublayer };

/** What a layer adds to the stream. */
export interface Sublayer {
  readonly layer: number;
  readonly kind: "attention" | "cross-attention" | "feed-forward";
  /** [B, T, D], with the bias of its last product. */
  readonly output: Tensor;
  /** Of attention: what each head gives, [B, H, T, K], and its public name `contexts.3`. */
  readonly heads?: { readonly name: string; readonly contexts: Tensor } | undefined;
}

/** A stack of layers. */
export interface Stream {
  /** The public name of its states: `hiddenStates`, `decoderHiddenStates`, `visionModelOutput.hiddenStates`. */
  readonly name: string;
  /**
   * [B, T, D] each: what enters layer 0, 1, and so on, and last what leaves the last layer, before a final norm: so that
   * each could stand in the place of the last.
   */
  readonly states: readonly Tensor[];
  /**
   * For each layer what happens between its two states; undefined where the layer does not add to what it reads.
   */
  readonly steps: readonly (readonly StreamStep[] | undefined)[];
}

const NORMS: ReadonlySet<string> = new Set(["layerNorm", "rmsNorm"]);
/** Whether a tensor comes out of LayerNorm or RMSNorm. */
export const isNormed = ({ node }: Tensor): boolean => NORMS.has(node.op.name);

/** All streams that a model publishes, the one that its outputs are made of last. */
export function streamsOf({ all }: Pick<ModelTensors, "all">): Stream[] {
  const published = new Map<string, Tensor[]>();
  for (const [name, tensor] of all) {
    const found = /^(.*hiddenStates)\.\d+$/i.exec(name);
    if (found === null) continue;
    const before = published.get(found[1]!);
    if (before === undefined) published.set(found[1]!, [tensor]);
    else before.push(tensor);
  }
  const contexts = [...all].filter(([name]) => /contexts\.\d+$/i.test(name));
  return [...published].map(([name, states]) => streamOf(name, states, contexts));
}

/** The last stream that a tensor is computed from; undefined for a model without layers. */
export function streamBehind(streams: readonly Stream[], output: Tensor): Stream | undefined {
  const tensors = new Set(nodesOf([output]));
  return streams.findLast(({ states }) => tensors.has(states.at(-1)!.node));
}

type Named = readonly (readonly [name: string, tensor: Tensor])[];

function streamOf(name: string, published: readonly Tensor[], contexts: Named): Stream {
  const last = published.at(-1)!;
  const before = published.at(-2);
  const entering = isNormed(last) ? last.node.inputs[0]! : undefined;
  // Only norms in front of the sub-layers leave sums alone from layer to layer, and have a norm of its own behind all.
  const unnormed = entering && before && wayTo(entering, before, false) !== undefined ? entering : last;
  const states = [...published.slice(0, -1), unnormed];
  const steps = states.slice(1).map((state, layer) => {
    const way = wayTo(state, states[layer]!, true);
    return way?.map((step) => named(step, layer, states[layer]!, contexts));
  });
  return { name, states, steps };
}

/** A norm's output, or what is added. */
interface WayStep {
  readonly normed?: Tensor;
  readonly added?: Tensor;
}

/** How one state becomes another by sums and norms alone; undefined where it does not. */
function wayTo(to: Tensor, from: Tensor, norms: boolean): readonly WayStep[] | undefined {
  if (to === from) return [];
  const { op, inputs } = to.node;
  if (isNormed(to)) {
    const way = norms ? wayTo(inputs[0]!, from, norms) : undefined;
    return way && [...way, { normed: to }];
  }
  if (op.name !== "add") return undefined;
  for (const side of [0, 1]) {
    const way = wayTo(inputs[side]!, from, norms);
    if (way !== undefined) return [...way, { added: inputs[1 - side]! }];
  }
  return undefined;
}

function named({ normed, added }: WayStep, layer: number, from: Tensor, contexts: Named): StreamStep {
  if (normed !== undefined) return { kind: "norm", output: normed };
  const output = added!;
  const found = nearestOf(output, from, contexts);
  if (found === undefined) return { kind: "sum", part: { layer, kind: "feed-forward", output } };
  const [name, tensor] = found;
  const kind = /^crossContexts/.test(name) ? "cross-attention" : "attention";
  return { kind: "sum", part: { layer, kind, output, heads: { name, contexts: tensor } } };
}

/** What heads gave that this was made of; not what other sub-layers added below it. */
function nearestOf(output: Tensor, from: Tensor, contexts: Named): Named[number] | undefined {
  const seen = new Set<Tensor>();
  const open = [output];
  while (open.length > 0) {
    const tensor = open.pop()!;
    if (seen.has(tensor) || tensor === from || isNormed(tensor)) continue;
    seen.add(tensor);
    const found = contexts.find(([, one]) => one === tensor);
    if (found !== undefined) return found;
    // Sums of the stream itself have more than one sub-layer below them.
    if (tensor !== output && wayTo(tensor, from, true) !== undefined) continue;
    open.push(...tensor.node.inputs);
  }
  return undefined;
}

/** The sub-layers of a stream in the order in which they are computed. */
export function sublayersOf({ steps }: Stream): Sublayer[] {
  return steps.flatMap((way) => (way ?? []).flatMap((step) => (step.kind === "sum" ? [step.part] : [])));
}
