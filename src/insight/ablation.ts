/**
 * Ablation: an answer without one part of the model (Michel, Levy, Neubig: "Are sixteen heads really better than one?",
 * 2019, for heads). What the part gives is replaced by zeros, or by its mean over the positions of the text.
 */
// B batch, T tokens, D width, H heads, K = D / H
import { InputError } from "../errors/index.ts";
import { input, iota, replaced, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { positionFeed, scoresAt, tracedOf, type Answered, type Scored } from "./answer.ts";
import { contextsOf } from "./contexts.ts";
import { effectOf, type Effect } from "./effects.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";
import { inPieces, repeated, rowsAtOnce, type Watch } from "./many-questions.ts";
import { streamsOf, sublayersOf, type Stream } from "./stream.ts";

/** What is taken out. Layers, heads and positions are counted from 0. */
export type Ablation =
  /** One head of a group of attention: what it gives, `contexts.i`, at all positions. */
  | { readonly kind: "head"; readonly group: string; readonly layer: number; readonly head: number }
  /** What a whole sub-layer adds to the stream. */
  | {
      readonly kind: "sublayer";
      readonly stream: string;
      readonly layer: number;
      readonly part: "attention" | "cross-attention" | "feed-forward";
    }
  /** A layer: what comes in goes out. */
  | { readonly kind: "layer"; readonly stream: string; readonly layer: number }
  /** What enters the first layer at one position. */
  | { readonly kind: "position"; readonly stream: string; readonly position: number };

export const ablationMethods = ["zero", "mean"] as const;
export type AblationMethod = (typeof ablationMethods)[number];

/** How parts are taken out. */
export interface AblationOptions extends Watch {
  /** What stands in place of a part. A layer is skipped either way. Default: zero. */
  readonly method?: AblationMethod | undefined;
}

/** All that can be taken out of a model, for some inputs. */
export interface AblationPlaces {
  /** Groups of attention with layers and heads, by the name of their weights. */
  readonly groups: readonly { readonly group: string; readonly layers: number; readonly heads: number }[];
  readonly streams: readonly {
    readonly stream: string;
    readonly layers: number;
    readonly parts: readonly ("attention" | "cross-attention" | "feed-forward")[];
  }[];
}

/** What can be taken out. */
export function ablationPlaces(model: InspectedModel, inputs: Values): AblationPlaces {
  const tensors = tracedOf(model.architecture, inputs);
  const groups = [...contextsOf(tensors)].map(([group, layers]) => {
    return { group, layers: layers.length, heads: layers[0]!.fixed(1) };
  });
  const streams = streamsOf(tensors).map((stream) => {
    const parts = [...new Set(sublayersOf(stream).map(({ kind }) => kind))];
    return { stream: stream.name, layers: stream.states.length - 1, parts };
  });
  return { groups, streams };
}

/**
 * The effect of each ablation, one at a time, on the score of an answer, its probability and all that the model scores.
 * They are rows of one program, which reads from masks what is taken out. Throws InputError for what is not there.
 */
export async function ablate(
  model: InspectedModel,
  inputs: Values,
  answered: Answered,
  ablations: readonly Ablation[],
  { method = "zero", ...watch }: AblationOptions = {},
): Promise<Effect[]> {
  const tensors = tracedOf(model.architecture, inputs);
  const tokens = Math.max(...Object.values(inputs).map(({ shape }) => shape[1] ?? 1));
  return inPieces(ablations, rowsAtOnce(tokens, answered.scores.length), "ablations", watch, async (piece) => {
    const masks = new Masks(tensors, piece.length);
    for (const [row, ablation] of piece.entries()) masks.remove(model, ablation, row);
    const found = await model.derive(
      `ablation ${answered.output}`,
      repeated(model.architecture, inputs, piece.length),
      (made) => ablationTensors(made, answered),
      {
        feeds: {
          ...positionFeed(answered.position),
          ...masks.feeds,
          "ablation.mean": scalar(method === "mean" ? 1 : 0),
        },
      },
    );
    const scores = found.get("scores")!.data as Float32Array;
    const size = answered.scores.length;
    return piece.map((_, row) => effectOf(answered.scores, scores.subarray(row * size, (row + 1) * size), answered));
  });
}

const scalar = (value: number): HostTensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });

/** What the program reads: a 1 where something is taken out. */
class Masks {
  readonly feeds: Record<string, HostTensor> = {};
  readonly #rows: number;
  readonly #groups: ReadonlyMap<string, readonly Tensor[]>;
  readonly #streams: readonly Stream[];

  constructor(tensors: Pick<ModelTensors, "all">, rows: number) {
    this.#rows = rows;
    this.#groups = contextsOf(tensors);
    this.#streams = streamsOf(tensors);
    for (const [group, layers] of this.#groups) this.#add(`heads.${group}`, layers.length, layers[0]!.fixed(1));
    for (const stream of this.#streams) {
      this.#add(`parts.${stream.name}`, sublayersOf(stream).length);
      this.#add(`layers.${stream.name}`, stream.states.length - 1);
      const none = new Int32Array(rows).fill(-1);
      this.feeds[`ablation.positions.${stream.name}`] = { dtype: "int32", shape: [rows], data: none };
    }
  }

  #add(name: string, ...sizes: readonly number[]): void {
    const shape = [this.#rows, ...sizes];
    const data = new Float32Array(shape.reduce((product, d) => product * d, 1));
    this.feeds[`ablation.${name}`] = { dtype: "float32", shape, data };
  }

  /** Takes one thing out in one row. */
  remove({ architecture: { className } }: InspectedModel, ablation: Ablation, row: number): void {
    if (ablation.kind === "head") {
      const { group, layer, head } = ablation;
      const shape = this.feeds[`ablation.heads.${group}`]?.shape;
      if (shape === undefined || layer >= shape[1]! || head >= shape[2]!) {
        throw new InputError(`${className} has no head ${head + 1} in layer ${layer + 1} of ${group}.`);
      }
      this.#set(`heads.${group}`, (row * shape[1]! + layer) * shape[2]! + head, 1);
      return;
    }
    const stream = this.#streams.find(({ name }) => name === ablation.stream);
    if (stream === undefined) throw new InputError(`${className} has no layers "${ablation.stream}".`);
    if (ablation.kind === "position") {
      this.#set(`positions.${stream.name}`, row, ablation.position);
      return;
    }
    const layers = stream.states.length - 1;
    const { layer } = ablation;
    if (layer >= layers)
      throw new InputError(`${className}: ${stream.name} has layers 1 to ${layers}, not ${layer + 1}.`);
    if (ablation.kind === "layer") {
      this.#set(`layers.${stream.name}`, row * layers + layer, 1);
      return;
    }
    const parts = sublayersOf(stream);
    const marked = parts.flatMap((one, i) => (one.layer === layer && one.kind === ablation.part ? [i] : []));
    if (marked.length === 0) throw new InputError(`${className} has no ${ablation.part} in layer ${layer + 1}.`);
    for (const i of marked) this.#set(`parts.${stream.name}`, row * parts.length + i, 1);
  }

  #set(name: string, place: number, value: number): void {
    this.feeds[`ablation.${name}`]!.data[place] = value;
  }
}

/** The scores [B, N] where masks take parts out. */
function ablationTensors(tensors: ModelTensors, scored: Scored): ReadonlyMap<string, Tensor> {
  const changes = new Map<Tensor, (tensor: Tensor) => Tensor>();
  for (const [group, layers] of contextsOf(tensors)) {
    const [heads, batch] = [layers[0]!.fixed(1), layers[0]!.dim(0)];
    const mask = input(`ablation.heads.${group}`, "float32", [batch, layers.length, heads]);
    for (const [layer, context] of layers.entries()) {
      const removed = mask.slice(1, layer, layer + 1).reshape([batch, heads, 1, 1]);
      changes.set(context, (given) => without(given, removed, 2));
    }
  }
  for (const stream of streamsOf(tensors)) changeStream(stream, changes);
  return new Map([["scores", replaced([scoresAt(scored, tensors.outputs)], changes)[0]!]]);
}

function changeStream(stream: Stream, changes: Map<Tensor, (tensor: Tensor) => Tensor>): void {
  const { name, states } = stream;
  const [first] = states;
  const [batch, time] = [first!.dim(0), first!.dim(1)];
  const parts = sublayersOf(stream);
  const mask = (what: string, size: number): Tensor => input(`ablation.${what}.${name}`, "float32", [batch, size]);
  const column = (tensor: Tensor, i: number): Tensor => tensor.slice(1, i, i + 1).reshape([batch, 1, 1]);
  if (parts.length > 0) {
    const removed = mask("parts", parts.length);
    for (const [i, { output }] of parts.entries()) {
      changes.set(output, (given) => without(given, column(removed, i), 1));
    }
  }
  const place = input(`ablation.positions.${name}`, "int32", [batch]).reshape([batch, 1, 1]);
  const here = iota(time, { dtype: "int32" }).reshape([1, time, 1]).equal(place).cast("float32");
  const skipped = mask("layers", states.length - 1);
  let before: Tensor;
  for (const [layer, state] of states.entries()) {
    changes.set(state, (given) => {
      before = layer === 0 ? without(given, here, 1) : mixed(given, before, column(skipped, layer - 1));
      return before;
    });
  }
}

/** Where `removed` is 1, zeros or the mean over the axis of positions, as the program is told. */
function without(tensor: Tensor, removed: Tensor, axis: number): Tensor {
  return mixed(tensor, tensor.mean(axis, { keep: true }).mul(input("ablation.mean", "float32", [])), removed);
}

function mixed(tensor: Tensor, other: Tensor, share: Tensor): Tensor {
  return tensor.mul(share.rsub(1)).add(other.mul(share));
}
