import { attention, causalMask, embedding, linear, type Scope } from "../../src/nn/index.ts";
import { createEngine, Trainer } from "../../src/index.ts";
import { dimension, input } from "../../src/graph/index.ts";
import { adamW } from "../../src/training/index.ts";

// B batch, T time
const [batch, time] = [dimension("batch"), dimension("time")];

/** A model function: predicts which of 8 numbers comes next, with one layer of attention. Logits [B, T, 8]. */
function successor(scope: Scope) {
  const ids = input("ids", "int32", [batch, time]);
  const x = embedding(scope.at("numbers"), ids, 8, 16); // [B, T, 16]
  const seen = attention(scope.at("attention"), x, { heads: 2, mask: causalMask(time) });
  return linear(scope.at("output"), x.add(seen), 8);
}

/** What is minimized: the sum over all targets. The trainer divides by their number. */
function objective(scope: Scope) {
  const labels = input("labels", "int32", [batch, time]).reshape([-1]);
  return { loss: successor(scope).reshape([-1, 8]).crossEntropy(labels).sum() };
}

const engine = await createEngine();
const trainer = await Trainer.create(engine, objective, { optimizer: adamW(), seed: 1 });
const ids = { dtype: "int32", shape: [1, 4], data: Int32Array.of(1, 3, 5, 7) } as const;
const labels = { ...ids, data: Int32Array.of(3, 5, 7, 1) };
for (let update = 1; update <= 100; update++) {
  const { loss } = await trainer.step(update, [{ feeds: { ids, labels }, targets: 4, examples: [0] }], 0.01);
  if (update % 25 === 0) console.log(update, loss.toFixed(3));
}
await engine.dispose();
