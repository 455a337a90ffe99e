// A lane: GPTs of several shapes, each made when it is first asked for and let go after its turn.
import { engineOf, serve } from "../lane.mjs";
import { gptTrainer } from "./gpt-model.mjs";

await serve(async (job) => {
  const engine = await engineOf(job);
  const about = { engine: engine.description };
  await engine.dispose();
  return {
    about,
    /** Steps of the shape with this number. */
    shape: async ({ at, seconds }) => {
      const shape = job.shapes[at];
      const own = await engineOf(job);
      try {
        const { step } = await gptTrainer(own, shape, { seed: job.seed });
        await step();
        const steps = [];
        for (let spent = 0; steps.length < 2 || spent < seconds;) {
          const start = performance.now();
          await step();
          steps.push((performance.now() - start) / 1000);
          spent += steps.at(-1);
        }
        return { steps: steps.map((taken) => [taken, shape.batch * shape.time]) };
      } finally {
        await own.dispose();
      }
    },
  };
});
