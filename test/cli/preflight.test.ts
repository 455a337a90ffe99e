/** What commands that learn say before they start and after their first updates, and the run that stops there. */
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { opinions, sizes } from "../learning/opinions.ts";
import { files, heed } from "./heed.ts";

const common = ["--engine", "onnxruntime", "--threads", "1"];
const config = JSON.stringify({
  task: "classify",
  model: sizes,
  tokenizer: { size: 150 },
  training: { batchTokens: 300 },
});

it("a dry run says parameters, memory, time and what is there twice, and writes nothing", async () => {
  const at = await files({ "run.json": config, "train.tsv": opinions(60, 1), "test.tsv": opinions(5, 1) });
  const given = ["--config", at("run.json"), "--data", at("train.tsv"), "--test", at("test.tsv"), "--out", at("out")];
  const { code, out, err } = await heed(["finetune", ...given, "--updates", "500", "--dry-run", ...common]);
  expect(code, err).toBe(0);
  expect(out).toMatch(
    /^Dry run, nothing written: [\d.]+ s an update, about .+ for the 496 that are left, without validation\.\n$/,
  );
  expect(err).toMatch(/^[\d,]+ parameters, all trained$/m);
  expect(err).toMatch(/^memory: about .+ at most, .+ available/m);
  expect(err).toMatch(/^test: 5 of 5 rows are also in the training data, and 0 nearly so/m);
  expect(err).toMatch(/^60 rows: /m);
  expect(existsSync(at("out"))).toBe(false);
});

it("a run says after some updates how long it will take", async () => {
  const at = await files({ "run.json": config, "train.tsv": opinions(60, 1) });
  const given = ["--config", at("run.json"), "--data", at("train.tsv"), "--out", at("out")];
  const { code, err } = await heed(["finetune", ...given, "--updates", "6", ...common]);
  expect(code, err).toBe(0);
  expect(err).toMatch(/[\d.]+ s an update, about .+ for the 2 that are left/);
  expect(existsSync(at("out/model.safetensors"))).toBe(true);
});
