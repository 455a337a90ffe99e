// A lane: updates of the translator on one batch whose sentences all have the same length.
import { readFileSync } from "node:fs";
import { adam, Trainer } from "heed/training";
import { engineOf, serve } from "../lane.mjs";
import { objectiveOf } from "./translator-model.mjs";

await serve(async (job) => {
  const { idsPath, seed, shape } = job;
  const rows = JSON.parse(readFileSync(idsPath, "utf8")).source;
  const engine = await engineOf(job);
  const options = { optimizer: adam(), clipNorm: 1, seed };
  const trainer = await Trainer.create(engine, objectiveOf(shape), options);
  const { batch, time } = shape;
  const matrix = (each) => ({ dtype: "int32", shape: [batch, time], data: Int32Array.from(rows.flatMap(each)) });
  const feeds = {
    source: matrix((row) => row),
    target: matrix((row) => [1, ...row.slice(0, -1)]),
    labels: matrix((row) => row),
  };
  const part = { feeds, targets: batch * time, examples: rows.map((_, i) => i) };
  let update = 0;
  return {
    about: { engine: engine.description },
    step: async () => {
      update++;
      await trainer.step(update, [part], 1e-4);
      return part.targets;
    },
  };
});
