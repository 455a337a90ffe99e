/**
 * Activation patching, or causal tracing (Vig et al.: "Investigating gender bias in language models using causal mediation
 * analysis", 2020; Meng, Bau, Andonian, Belinkov: "Locating and editing factual associations in GPT", 2022, section 2):
 * the model reads a corrupted text, but one inner value is that of the clean text. Where the answer comes back, what it
 * needs has passed.
 */
// B batch, T tokens, D width, H heads, K = D / H
import { InputError } from "../errors/index.ts";
import { input, iota, replaced, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import { positionFeed, scoreOf, scoresAt, tracedOf, type Answered, type AnswerScore, type Scored } from "./answer.ts";
import { contextsOf } from "./contexts.ts";
import type { InspectedModel, ModelTensors } from "./inspected.ts";
import { inPieces, repeated, rowsAtOnce, stacked, type Watch } from "./many-questions.ts";
import { streamsOf } from "./stream.ts";

/** What is taken from the clean reading. Layers count from 0. */
export type Patch =
  /** The state that enters a layer (the last: that leaves the last one) at a position, or at all of them. */
  | { readonly kind: "state"; readonly stream: string; readonly layer: number; readonly position?: number | undefined }
  /** What a head gives, at all positions. */
  | { readonly kind: "head"; readonly group: string; readonly layer: number; readonly head: number };

/** What patches bring back. */
export interface Patching {
  readonly clean: AnswerScore;
  readonly corrupted: AnswerScore;
  readonly patched: readonly (AnswerScore & {
    /** 0 where nothing came back, 1 where the clean score did: (patched − corrupted) / (clean − corrupted), of logits. */
    readonly restored: number;
  })[];
}

/** Positions that are none, and all. */
const NOWHERE = -2;
const EVERYWHERE = -1;

/**
 * Reads the corrupted inputs with one patch at a time from the clean ones, which have the same shapes. `answered` belongs
 * to the clean reading. Row 0 of the program is the clean reading, whose values the other rows take where their masks
 * say so. Throws InputError for readings of different lengths, patches of what is not there, and readings between whose
 * answers there is no difference to bring back.
 */
export async function patch(
  model: InspectedModel,
  readings: { readonly clean: Values; readonly corrupted: Values },
  answered: Answered,
  patches: readonly Patch[],
  watch: Watch = {},
): Promise<Patching> {
  requireAlike(readings);
  const { architecture } = model;
  const tensors = tracedOf(architecture, readings.clean);
  const tokens = Math.max(...Object.values(readings.clean).map(({ shape }) => shape[1] ?? 1));
  const size = answered.scores.length;
  const run = async (piece: readonly Patch[]): Promise<AnswerScore[]> => {
    const masks = masksOf(model, tensors, piece);
    const rows = repeated(architecture, readings.corrupted, piece.length);
    const inputs = Object.fromEntries(
      Object.entries(rows).map(([name, tensor]) => {
        const first = readings.clean[name]!;
        return [name, first.shape.length === 0 ? first : behind(first, tensor)];
      }),
    );
    const make = (made: ModelTensors): ReadonlyMap<string, Tensor> => patchTensors(made, answered);
    const feeds = { ...positionFeed(answered.position), ...masks };
    const found = await model.derive(`patching ${answered.output}`, inputs, make, { feeds });
    const scores = found.get("scores")!.data as Float32Array;
    return piece.map((_, i) => scoreOf(scores.subarray((i + 1) * size, (i + 2) * size), answered));
  };
  const nothing: Patch = { kind: "state", stream: streamsOf(tensors)[0]!.name, layer: 0, position: NOWHERE };
  const at = Math.max(1, rowsAtOnce(tokens, size) - 1);
  const [corrupted, ...patched] = await inPieces([nothing, ...patches], at, "patches", watch, run);
  const clean = scoreOf(answered.scores, answered);
  const difference = clean.logit - corrupted!.logit;
  if (Math.abs(difference) < 1e-6) {
    throw new InputError(
      "The answer has the same score after both readings, so there is no difference to bring back. Change another word.",
    );
  }
  const scored = patched.map((one) => ({ ...one, restored: (one.logit - corrupted!.logit) / difference }));
  return { clean, corrupted: corrupted!, patched: scored };
}

function requireAlike({ clean, corrupted }: { readonly clean: Values; readonly corrupted: Values }): void {
  for (const [name, { shape }] of Object.entries(clean)) {
    const other = corrupted[name]?.shape;
    if (other?.length === shape.length && other.every((size, i) => size === shape[i])) continue;
    throw new InputError(
      `The clean reading has ${shape.at(-1)} tokens and the corrupted one ${other?.at(-1) ?? 0} ("${name}"). ` +
        `Patching needs as many in both: replace words by others of as many tokens.`,
    );
  }
}

function behind(first: HostTensor, others: HostTensor): HostTensor {
  const rows = others.shape[0]!;
  const size = first.data.length;
  const whole = stacked(Array.from({ length: rows + 1 }, () => first));
  whole.data.set(others.data as never, size);
  return whole;
}

/** Where each row takes what: [rows + 1] positions for each layer, and heads. Row 0 is the clean reading. */
function masksOf(
  { architecture: { className } }: InspectedModel,
  tensors: Pick<ModelTensors, "all">,
  patches: readonly Patch[],
): Record<string, HostTensor> {
  const rows = patches.length + 1;
  const feeds: Record<string, HostTensor> = {};
  for (const { name, states } of streamsOf(tensors)) {
    const data = new Int32Array(rows * states.length).fill(NOWHERE);
    feeds[`patching.states.${name}`] = { dtype: "int32", shape: [rows, states.length], data };
  }
  for (const [group, layers] of contextsOf(tensors)) {
    const shape = [rows, layers.length, layers[0]!.fixed(1)];
    feeds[`patching.heads.${group}`] = {
      dtype: "float32",
      shape,
      data: new Float32Array(rows * shape[1]! * shape[2]!),
    };
  }
  for (const [i, made] of patches.entries()) {
    const feed = feeds[made.kind === "state" ? `patching.states.${made.stream}` : `patching.heads.${made.group}`];
    const [, layers = 0, heads = 0] = feed?.shape ?? [];
    if (feed === undefined || made.layer >= layers || (made.kind === "head" && made.head >= heads)) {
      const what =
        made.kind === "state"
          ? `state ${made.layer} of ${made.stream}`
          : `head ${made.head + 1} in layer ${made.layer + 1} of ${made.group}`;
      throw new InputError(`${className} has no ${what} to patch.`);
    }
    if (made.kind === "state") feed.data[(i + 1) * layers + made.layer] = made.position ?? EVERYWHERE;
    else feed.data[((i + 1) * layers + made.layer) * heads + made.head] = 1;
  }
  return feeds;
}

/** The scores [B, N] where rows take from row 0 what masks say. */
function patchTensors(tensors: ModelTensors, scored: Scored): ReadonlyMap<string, Tensor> {
  const changes = new Map<Tensor, (tensor: Tensor) => Tensor>();
  const fromFirst = (tensor: Tensor, share: Tensor): Tensor =>
    tensor.mul(share.rsub(1)).add(tensor.slice(0, 0, 1).mul(share));
  for (const { name, states } of streamsOf(tensors)) {
    const [batch, time] = [states[0]!.dim(0), states[0]!.dim(1)];
    const places = input(`patching.states.${name}`, "int32", [batch, states.length]);
    const here = iota(time, { dtype: "int32" }).reshape([1, time, 1]);
    for (const [layer, state] of states.entries()) {
      const place = places.slice(1, layer, layer + 1).reshape([batch, 1, 1]);
      const share = here.equal(place).or(place.equal(EVERYWHERE)).cast("float32");
      changes.set(state, (given) => fromFirst(given, share));
    }
  }
  for (const [group, layers] of contextsOf(tensors)) {
    const [heads, batch] = [layers[0]!.fixed(1), layers[0]!.dim(0)];
    const mask = input(`patching.heads.${group}`, "float32", [batch, layers.length, heads]);
    for (const [layer, context] of layers.entries()) {
      const share = mask.slice(1, layer, layer + 1).reshape([batch, heads, 1, 1]);
      changes.set(context, (given) => fromFirst(given, share));
    }
  }
  return new Map([["scores", replaced([scoresAt(scored, tensors.outputs)], changes)[0]!]]);
}
