// A GPT of a shape, trained by Heed: used by the lanes of several rows.
import { dimension, input } from "heed/graph";
import { gpt2, gpt2Config } from "heed/models";
import { adamW, Trainer } from "heed/training";
import { madeUpIds } from "../data.mjs";
import { adamWSettings } from "../shapes.mjs";

/** Batches of made-up tokens before they repeat. */
export const BATCHES = 4;

/** The loss of a GPT; with `fixed` sizes, or with the batch and time that named dimensions leave open. */
export function objectiveOf(shape, { dropout = 0, fixed = false } = {}) {
  const { layers, width, heads, vocabulary, positions: maxPositions } = shape;
  const rates = { embeddingDropout: dropout, attentionDropout: dropout, dropout };
  const config = gpt2Config.make({ layers, width, heads, vocabulary, maxPositions, ...rates });
  const size = fixed ? [shape.batch, shape.time] : [dimension("batch"), dimension("time")];
  const ids = (name) => input(name, "int32", size);
  return (scope) => {
    const logits = gpt2(scope, config, { inputIds: ids("ids") });
    return {
      loss: logits
        .reshape([-1, vocabulary])
        .crossEntropy(ids("labels").reshape([-1]))
        .sum(),
    };
  };
}

/** Batch `index` of a shape: ids, and the tokens behind them as labels. */
export function gptBatch({ batch, time, vocabulary }, seed, index) {
  const data = madeUpIds(BATCHES * batch * (time + 1), vocabulary, seed);
  const first = (index % BATCHES) * batch * (time + 1);
  const rows = (shift) => {
    const cut = new Int32Array(batch * time);
    for (let row = 0; row < batch; row++) {
      const start = first + row * (time + 1) + shift;
      cut.set(data.subarray(start, start + time), row * time);
    }
    return { dtype: "int32", shape: [batch, time], data: cut };
  };
  return {
    feeds: { ids: rows(0), labels: rows(1) },
    targets: batch * time,
    examples: Array.from({ length: batch }, (_, i) => i),
  };
}

/** A trainer, and a function that does one update and gives its loss. */
export async function gptTrainer(engine, shape, { seed, dropout = 0 }) {
  const { weightDecay, learningRate, ...adam } = adamWSettings;
  const trainer = await Trainer.create(engine, objectiveOf(shape, { dropout }), {
    optimizer: adamW(adam),
    weightDecay,
    seed,
  });
  const batches = Array.from({ length: BATCHES }, (_, index) => gptBatch(shape, seed, index));
  let update = 0;
  const step = async () => {
    const batch = batches[update % BATCHES];
    update++;
    return (await trainer.step(update, [batch], learningRate)).loss;
  };
  return { trainer, step };
}
