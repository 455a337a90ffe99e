/** Attention rollout, beside the attention that it is made of. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { attentionFlow, attentionRollout } from "../../insight/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { enteredLabels } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput } from "../reading.ts";
import { groupOf, layerOf } from "./attention.ts";

export const rollout = query({
  about:
    "Attention rollout (Abnar and Zuidema 2020): how much of each token of the input attention has carried into each token " +
    "of a layer; and the mean of the layer's own weights beside it.",
  input: readingInput.extend({
    group: z.string().optional(),
    /** Counted from 0; the last one where it is left out. */
    layer: z.int().nonnegative().optional(),
    /** The token into which attention flow is computed, too; of self-attention. */
    flow: z.int().nonnegative().optional(),
  }),
  answer: async (subject, { group, layer, flow, ...given }, watch) => {
    const reading = await read(subject, given);
    const wanted = groupOf(subject, group);
    const at = layer ?? wanted.layers - 1;
    if (at >= wanted.layers) {
      throw new InputError(`${wanted.name} has layers 1 to ${wanted.layers}; layer ${at + 1} was asked for.`);
    }
    const { mixes, own } = await attentionRollout(subject.model, reading.feeds, wanted.name);
    const into =
      flow === undefined
        ? undefined
        : await attentionFlow(subject.model, reading.feeds, { group: wanted.name, token: flow, layer: at, ...watch });
    const weights = await layerOf(subject, reading, wanted.name, at, "attentions");
    const kept = own === undefined ? {} : { own: layerFrom(own, at) };
    return {
      ...{ group: wanted.name, title: wanted.title, layer: at, layers: wanted.layers },
      rows: enteredLabels(subject, reading, wanted.queries),
      columns: enteredLabels(subject, reading, wanted.keys),
      /** The maximum flow from each token of the input into the one that was asked about. */
      flow: into === undefined ? null : Array.from(into),
      tensors: { mixes: layerFrom(mixes, at), attention: meanOfHeads(weights, mixes.shape[2]!), ...kept },
    };
  },
});

/** One layer of [L, T, S]. */
function layerFrom({ dtype, shape, data }: HostTensor, layer: number): HostTensor {
  const size = shape[1]! * shape[2]!;
  return { dtype, shape: shape.slice(1), data: data.slice(layer * size, (layer + 1) * size) };
}

/** The mean over heads of [1, H, T, S], the last `columns` of it. */
function meanOfHeads({ shape, data }: HostTensor, columns: number): HostTensor {
  const [, heads, rows, keys] = shape as [number, number, number, number];
  const mean = new Float32Array(rows * columns);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      const from = (head * rows + row + 1) * keys - columns;
      for (let i = 0; i < columns; i++) mean[row * columns + i]! += Number(data[from + i]) / heads;
    }
  }
  return { dtype: "float32", shape: [rows, columns], data: mean };
}
