// What the bench page measures of Heed, through its public package: training steps and greedy generation of a GPT-2.
import { createEngine, Trainer } from "heed";
import { CachedModel, generate } from "heed/generation";
import { dimension, input } from "heed/graph";
import { gpt2, gpt2Config } from "heed/models";
import { ModelParameters, Trace } from "heed/nn";
import { adamW } from "heed/training";
import { configOf } from "./shapes.js";

const idsInput = (name) => input(name, "int32", [dimension("batch"), dimension("time")]);

/** Trains some steps; milliseconds and loss of each. */
export async function train(shape, options, steps, data) {
  const engine = await createEngine(options);
  const config = gpt2Config.parse(configOf(shape));
  const objective = (scope) => {
    const logits = gpt2(scope, config, idsInput("tokens")).reshape([-1, shape.vocabulary]);
    return { loss: logits.crossEntropy(idsInput("labels").reshape([-1])).sum() };
  };
  const trainer = await Trainer.create(engine, objective, {
    optimizer: adamW({ beta1: 0.9, beta2: 0.95, epsilon: 1e-8 }),
    weightDecay: 0.1,
    clipNorm: 1,
    seed: 1,
  });
  const tensor = (values) => ({ dtype: "int32", shape: [shape.batch, shape.context], data: Int32Array.from(values) });
  const examples = Array.from({ length: shape.batch }, (_, i) => i);
  const times = [];
  const losses = [];
  for (let step = 1; step <= steps; step++) {
    const { ids, labels } = data(step);
    const start = performance.now();
    const batch = [{ feeds: { tokens: tensor(ids), labels: tensor(labels) }, targets: ids.length, examples }];
    losses.push((await trainer.step(step, batch, 1e-3)).loss);
    times.push(performance.now() - start);
  }
  const { description } = engine;
  await engine.dispose();
  return { description, times, losses };
}

/** Continues a prompt greedily, several times; milliseconds of each time, and the tokens. */
export async function generate(shape, options, { prompt, tokens, times: count }) {
  const engine = await createEngine(options);
  const config = gpt2Config.parse(configOf(shape));
  const model = (scope) => gpt2(scope, config, idsInput("tokens"));
  const trace = new Trace("forward");
  model(trace.scope);
  const parameters = await ModelParameters.initialize(engine, [...trace.parameters.values()], 1);
  const cached = new CachedModel(parameters, model, { growing: "tokens" });
  const feeds = { tokens: { dtype: "int32", shape: [1, prompt.length], data: Int32Array.from(prompt) } };
  const times = [];
  let found;
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    // No token of the vocabulary ends a text: every continuation has the same length.
    found = await generate(cached, feeds, { eosTokenId: shape.vocabulary, maxNewTokens: tokens });
    times.push(performance.now() - start);
  }
  const { description } = engine;
  await engine.dispose();
  return { description, times, ids: [...found[0][0].ids] };
}
