// What the bench page measures of Heed: training steps of a GPT through the public package.
import { createEngine, Trainer } from "heed";
import { dimension, input } from "heed/graph";
import { attention, causalMask, embeddingTable, feedForward, layerNorm } from "heed/nn";
import { adamW } from "heed/training";

function gpt(scope, { layers, heads, width, vocabulary, context }, ids) {
  const normal = { kind: "normal", deviation: 0.02 };
  const table = embeddingTable(scope.at("wte"), vocabulary, width, normal);
  const positions = embeddingTable(scope.at("wpe"), context, width, normal);
  const mask = causalMask(ids.dim(1));
  let x = table.gather(ids).add(positions.slice(0, 0, ids.dim(1)));
  for (let i = 0; i < layers; i++) {
    const layer = scope.at("h", i);
    x = x.add(attention(layer.at("attn"), layerNorm(layer.at("ln_1"), x), { heads, mask }));
    const hidden = { hidden: 4 * width, activation: "gelu_tanh", dropout: 0 };
    x = x.add(feedForward(layer.at("mlp"), layerNorm(layer.at("ln_2"), x), hidden));
  }
  return layerNorm(scope.at("ln_f"), x).linear(table);
}

/** A GPT that is being trained, on ids that `batch` makes. */
export async function trainer(sizes, options) {
  const engine = await createEngine(options);
  const ids = input("ids", "int32", [dimension("batch"), dimension("time")]);
  const labels = input("labels", "int32", ids.shape);
  const objective = (scope) => {
    const logits = gpt(scope, sizes, ids).reshape([-1, sizes.vocabulary]);
    return { loss: logits.crossEntropy(labels.reshape([-1])).sum() };
  };
  const made = await Trainer.create(engine, objective, {
    optimizer: adamW({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 }),
    weightDecay: 0.1,
    clipNorm: 1,
    seed: 1,
  });
  return { engine, trainer: made };
}

/** Trains some steps; milliseconds of each. */
export async function train(sizes, options, steps, data) {
  const { engine, trainer: made } = await trainer(sizes, options);
  const times = [];
  const losses = [];
  const shape = [sizes.batch, sizes.context];
  const tensor = (values) => ({ dtype: "int32", shape, data: Int32Array.from(values) });
  for (let step = 1; step <= steps; step++) {
    const { ids, labels } = data(step);
    const start = performance.now();
    const part = { feeds: { ids: tensor(ids), labels: tensor(labels) }, targets: ids.length, examples: [...Array(sizes.batch).keys()] };
    const { loss } = await made.step(step, [part], 1e-3);
    times.push(performance.now() - start);
    losses.push(loss);
  }
  const { description } = engine;
  await engine.dispose();
  return { description, times, losses };
}
