// A lane: a GPT trained with AdamW. A step is an update; its work is its tokens.
import { engineOf, serve } from "../lane.mjs";
import { gptTrainer } from "./gpt-model.mjs";

await serve(async (job) => {
  const { shape } = job;
  const engine = await engineOf(job);
  const { step } = await gptTrainer(engine, shape, job);
  return {
    about: { engine: engine.description },
    step: async () => {
      await step();
      return shape.batch * shape.time;
    },
    losses: async ({ count }) => {
      const losses = [];
      for (let i = 0; i < count; i++) losses.push(await step());
      return { losses };
    },
  };
});
