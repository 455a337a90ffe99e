/** How surprising each token of a text is to a model: its loss, how sure the model was, and what it expected instead. */
// T places, V vocabulary, B copies of a text with a mask each
import { InputError } from "../errors/index.ts";
import { dimension, input, type Tensor } from "../graph/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Values } from "../runtime/index.ts";
import type { InspectedModel } from "./inspected.ts";

/** What is known of tokens, one entry each. */
export interface Surprises {
  /** −log p of the token, in nats. */
  readonly nats: Float32Array;
  /** The entropy of the distribution that it was judged by, in nats. */
  readonly entropy: Float32Array;
  /** The most probable token at its place. */
  readonly best: Int32Array;
}

/** Copies of a text that go through the model at once where each has a mask. */
const COPIES = 16;

/**
 * The surprises of tokens that a model scores from left to right: `ids` stand at the places of the logits, so those of a
 * decoder alone are the inputs from the second on, and those of an encoder-decoder the whole target.
 * @param inputs One text; the logits [1, T, V] have at least as many places as there are ids.
 * @throws InputError for more ids than places, and as `derive` does.
 */
export async function tokenSurprises(
  model: InspectedModel,
  inputs: Values,
  ids: ArrayLike<number>,
): Promise<Surprises> {
  return surprisesAt(model, inputs, Array.from(ids, (_, place) => place), ids); // prettier-ignore
}

/**
 * The surprises of tokens that a masked language model fills in: each place is masked by itself, and the token that stood
 * there is judged (the pseudo-log-likelihood of Salazar et al. 2020, section 2).
 * @param inputs One text, int32[1, T] each.
 * @param places Which tokens are judged.
 * @param mask The id of the mask.
 */
export async function maskedSurprises(
  model: InspectedModel,
  inputs: Values,
  places: readonly number[],
  mask: number,
  progress?: (done: number) => void,
): Promise<Surprises> {
  const whole = inputs["inputIds"]!.data as Int32Array;
  const found: Surprises[] = [];
  for (let start = 0; start < places.length; start += COPIES) {
    const some = places.slice(start, start + COPIES);
    const copies = Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, repeated(one, some.length)]));
    const masked = (copies["inputIds"]!.data as Int32Array).slice();
    for (const [copy, place] of some.entries()) masked[copy * whole.length + place] = mask;
    const feeds = { ...copies, inputIds: { ...copies["inputIds"]!, data: masked } };
    const rows = some.map((place, copy) => copy * whole.length + place);
    found.push(await surprisesAt(model, feeds, rows, some.map((place) => whole[place]!))); // prettier-ignore
    progress?.(start + some.length);
  }
  const joined = (of: (one: Surprises) => ArrayLike<number>): number[] => found.flatMap((one) => Array.from(of(one)));
  return {
    nats: Float32Array.from(joined(({ nats }) => nats)),
    entropy: Float32Array.from(joined(({ entropy }) => entropy)),
    best: Int32Array.from(joined(({ best }) => best)),
  };
}

/** The surprises of tokens by the rows of the logits [B · T, V]. */
async function surprisesAt(
  model: InspectedModel,
  inputs: Values,
  rows: readonly number[],
  ids: ArrayLike<number>,
): Promise<Surprises> {
  const { className } = model.architecture;
  const chosen = dimension("chosen");
  const made = await model.derive(
    "surprises",
    inputs,
    ({ outputs }) => {
      const logits = outputs.get("logits");
      if (logits === undefined) throw new InputError(`${className} gives no scores of words. Open a model that does.`);
      const at = input("surprise.rows", "int32", [chosen]);
      const tokens = input("surprise.tokens", "int32", [chosen]).reshape([-1, 1]);
      const logs = logits
        .reshape([-1, logits.fixed(-1)])
        .gather(at)
        .logSoftmax(); // [N, V]
      return new Map<string, Tensor>([
        ["nats", logs.gatherElements(tokens, 1).scale(-1).reshape([-1])],
        ["entropy", logs.exp().mul(logs).sum(-1).scale(-1)],
        ["best", logs.argMax(-1).cast("int32")],
      ]);
    },
    { feeds: { "surprise.rows": int32(rows), "surprise.tokens": int32(ids) } },
  );
  return {
    nats: made.get("nats")!.data as Float32Array,
    entropy: made.get("entropy")!.data as Float32Array,
    best: made.get("best")!.data as Int32Array,
  };
}

const int32 = (values: ArrayLike<number>): HostTensor => ({
  dtype: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});

/** Copies of the one row of a tensor. */
function repeated({ dtype, shape, data }: HostTensor, copies: number): HostTensor {
  const make = data.constructor as new (length: number) => Int32Array;
  const all = new make(copies * data.length);
  for (let copy = 0; copy < copies; copy++) all.set(data as Int32Array, copy * data.length);
  return { dtype, shape: [copies, ...shape.slice(1)], data: all };
}
