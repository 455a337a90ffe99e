// A lane: forward passes of an encoder opened from a checkpoint. Work is sequences, or images.
import { open } from "heed";
import { engineNamed, rounds, serve, THREADS } from "../lane.mjs";
import { madeUpInputs } from "../made-up-inputs.mjs";

await serve(async ({ folder, task, kind, engine, precision }) => {
  const model = await open(folder, { task, engine, precision, threads: THREADS });
  engineNamed(model.engine, { engine, precision });
  const output = kind === "text" ? "lastHiddenState" : "logits";
  const pass = async (batch) => (await model.run(madeUpInputs(kind, batch), { outputs: [output] })).get(output);
  return {
    about: { engine: model.engine.description },
    check: async () => ({ values: Array.from((await pass(1)).data.subarray(0, 64)) }),
    turn: async ({ batch, seconds }) => {
      await pass(batch);
      return rounds(
        async () => {
          await pass(batch);
          return batch;
        },
        { seconds },
      );
    },
  };
});
