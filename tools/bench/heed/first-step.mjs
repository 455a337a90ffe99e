// From nothing to the first training step of the smallest GPT; then it says so and ends.
import { engineOf } from "../lane.mjs";
import { gptTrainer } from "./gpt-model.mjs";

const job = JSON.parse(process.argv[2]);
try {
  const { step } = await gptTrainer(await engineOf(job), job.shape, job);
  await step();
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
