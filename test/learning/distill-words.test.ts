/** Masked words distilled with DistilBERT's three losses. */
import { expect, it } from "vitest";
import { memoryFolder } from "../../src/files/index.ts";
import { distill, pretrain } from "../../src/learning/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import { here } from "../tasks/checkpoints.ts";
import { opinions, ran, sizes } from "./opinions.ts";

it("a student learns masked words from its teacher, resumes to the bit, and fills them in", async () => {
  const files = memoryFolder();
  const text = (seed: number, count: number): string => opinions(count, seed).replaceAll(/\t.*/g, "");
  await files.write("train.txt", text(1, 120));
  await files.write("test.txt", text(2, 40));
  const teaching = {
    ...{ objective: "mlm", model: sizes, tokenizer: { size: 150 }, data: ["train.txt"] },
    training: { updates: 60, learningRate: 5e-3, batchTokens: 600, warmUp: 1 },
  };
  await ran(pretrain, teaching, { folder: files.at("teacher"), files });
  const config = {
    ...{ task: "mlm", teacher: "teacher", student: { num_hidden_layers: 1 }, recipe: "distilbert" },
    ...{ data: ["train.txt"], test: ["test.txt"] },
    training: { updates: 20, learningRate: 5e-3, batchTokens: 600, saveEvery: 100 },
  };
  const [whole, parts] = [memoryFolder(), memoryFolder()];
  const all = await ran(distill, config, { folder: whole, files });
  expect(all.steps.at(-1)!.loss).toBeLessThan(all.steps[0]!.loss);
  expect(all.result.scores["accuracy of the teacher"]).toBeGreaterThan(0.1);
  expect(all.result.scores["share of accuracy kept"]).toBeGreaterThan(0.5);
  const first = await ran(distill, config, { folder: parts, files }, 9);
  const second = await ran(distill, config, { folder: parts, files, resume: true });
  expect([...first.steps, ...second.steps].map(({ loss }) => loss)).toEqual(all.steps.map(({ loss }) => loss));
  const filler = await open(whole, { task: "fill", ...here });
  const [found] = await filler.fill("the film was [MASK] .");
  expect(found).toBeDefined();
  await filler.dispose();
});
