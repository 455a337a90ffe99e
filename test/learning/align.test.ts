/** Reward model, DPO and PPO from files to folders, and resumed in their middle. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Folder } from "../../src/files/index.ts";
import { alignWith, PolicyPair } from "../../src/learning/index.ts";
import { rewardStatistics } from "../../src/learning/align-reward.ts";
import { modelFrom } from "../../src/learning/model-source.ts";
import { splitByPrompt } from "../../src/learning/preference-data.ts";
import { scoreOf } from "../../src/evaluation/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { open } from "../../src/tasks/open-task.ts";
import type { Answered, Reward } from "../../src/tasks/answers.ts";
import { engine, filesWith, politePairs, recordsOf, runAlign, same, tiny } from "./preference-runs.ts";

let files: Folder;
beforeAll(async () => {
  files = await filesWith({ "pairs.jsonl": politePairs(120) });
});
const base = { model: tiny, data: ["pairs.jsonl"] };

describe("a reward model", () => {
  it("orders held-out pairs, is saved with one label, and is opened to score answers", async () => {
    const training = { updates: 40, learningRate: 5e-3, batchTokens: 600, validateEvery: 20 };
    const { scores, steps, lines } = await runAlign(files, "reward", { ...base, method: "reward", training });
    expect(lines[0]).toMatch(/^1\d\d pairs over \d+ prompts to learn from, 1\d held out$/);
    expect(lines[1]).toMatch(/chosen answer is longer in 0\.0 %, as long in \d+\.\d %/);
    expect(steps[0]!.reports).toHaveProperty("accuracy");
    expect(scores["accuracy"]).toBe(1);
    expect(scores["loss"]).toBeLessThan(0.3);
    expect(scores["calibration error"]).toBeLessThan(0.3);
    const config = JSON.parse(new TextDecoder().decode(await files.read("reward/config.json"))) as Record<
      string,
      unknown
    >;
    expect(config).toMatchObject({ architectures: ["GPT2ForSequenceClassification"], id2label: { 0: "LABEL_0" } });
    expect(config["pad_token_id"]).toBe(0);
    const model = await open(files.at("reward"), { task: "reward", ...engine });
    const prompt = "where is the hat of 3 ?";
    const answers: Answered[] = [
      { prompt, answer: " in the hall , my friend ." },
      { prompt, answer: " in the hall , you fool ." },
      { prompt: [{ role: "user", content: "a" }], answer: "b" },
    ];
    const [polite, rude] = await model.score(answers.slice(0, 2));
    expect(polite).toBeGreaterThan(rude!);
    await expect(model.score(answers)).rejects.toThrow(/no chat template/);
    await model.dispose();
  });

  it("is judged by order, loss and calibration of its margins", () => {
    const found = Object.fromEntries(rewardStatistics([2, -1, 0]).map((one) => [one.metric, scoreOf(one)]));
    const loss = (margin: number): number => Math.log(1 + Math.exp(-margin));
    expect(found["accuracy"]).toBe(0.5);
    expect(found["margin"]).toBeCloseTo(1 / 3, 12);
    expect(found["loss"]).toBeCloseTo((loss(2) + loss(-1) + loss(0)) / 3, 12);
    expect(found["calibration error"]).toBeGreaterThan(0);
  });
});

describe("DPO", () => {
  const config = { ...base, method: "dpo", maxTokens: 6, judge: { prompts: 8 }, dpo: { beta: 0.5 } };
  const training = { updates: 6, learningRate: 3e-3, batchTokens: 600, validateEvery: 3, saveEvery: 3 };

  it("begins at log 2, learns the pairs, and goes on from a checkpoint to the bit", async () => {
    const { steps, scores } = await runAlign(files, "dpo", { ...config, training });
    expect(steps[0]!.loss).toBeCloseTo(Math.LN2, 5);
    expect(steps.at(-1)!.loss).toBeLessThan(0.6);
    expect(steps.at(-1)!.validation!["accuracy"]).toBeGreaterThan(0.9);
    expect(steps.at(-1)!.reports!["margin"]).toBeGreaterThan(0.1);
    expect(scores["KL per token"]).toBeGreaterThan(0);
    expect(scores["perplexity ratio"]).toBeGreaterThan(0);
    await runAlign(files, "dpo again", { ...config, training }, { until: 3 });
    await runAlign(files, "dpo again", { ...config, training }, { resume: true });
    expect(await same(files, "dpo/model.safetensors", "dpo again/model.safetensors")).toBe(true);
    expect(await recordsOf(files, "dpo again/log.jsonl")).toEqual(await recordsOf(files, "dpo/log.jsonl"));
  });
});

/** Likes answers with many an "e". */
const likesE: Reward = (answers) =>
  answers.map(({ answer }) => {
    const text = typeof answer === "string" ? answer : "";
    return (text.match(/e/g) ?? []).length / Math.max(text.length, 1);
  });

describe("PPO", () => {
  const way = alignWith({ reward: likesE });
  const ppo = { rollouts: 16, minibatch: 8, epochs: 2, klCoefficient: 0.01, targetKl: 0.05, samples: 2 };
  const config = { ...base, method: "ppo", maxTokens: 8, judge: { prompts: 12 }, ppo };

  it("raises the reward of its own answers", async () => {
    const training = { updates: 80, learningRate: 5e-3, batchTokens: 2000, schedule: "constant", validateEvery: 40 };
    const { steps, scores } = await runAlign(files, "ppo", { ...config, training }, { way });
    const rewards = steps.map(({ reports }) => reports!["reward"]!);
    const mean = (some: readonly number[]): number => some.reduce((sum, x) => sum + x, 0) / some.length;
    expect(mean(rewards.slice(-4))).toBeGreaterThan(mean(rewards.slice(0, 4)) + 0.05);
    expect(scores["gain over untuned"]).toBeGreaterThan(2 * scores["its standard error"]!);
    expect(scores["best of 4"]).toBeGreaterThan(scores["untuned"]!);
    expect(steps[1]!.reports!["klCoefficient"]).not.toBe(steps[0]!.reports!["klCoefficient"]);
    expect(steps[0]!.reports!["kl"]).toBeLessThan(1e-5);
    expect(steps.at(-1)!.reports!["kl"]).toBeGreaterThan(0.001);
    for (const name of ["entropy", "clipShare", "valueLoss", "policyLoss", "klCoefficient", "length", "finished"]) {
      expect(steps[0]!.reports, name).toHaveProperty(name);
    }
    const [first] = await recordsOf(files, "ppo/samples.jsonl");
    expect(Object.keys(first!)).toEqual(["step", "prompt", "answer", "finished", "reward", "kl"]);
    expect(await recordsOf(files, "ppo/samples.jsonl")).toHaveLength(2 * steps.length);
    expect(await files.kind("ppo/value_head.safetensors")).toBe("file");
    const model = await open(files.at("ppo"), { task: "generate", ...engine });
    expect((await model.generate(["where is"]))[0]).toHaveLength(1);
    await model.dispose();
  });

  it("goes on from a checkpoint to the bit", async () => {
    const training = { updates: 16, learningRate: 3e-3, batchTokens: 300, validateEvery: 8, saveEvery: 8 };
    await runAlign(files, "whole", { ...config, training }, { way });
    await runAlign(files, "halves", { ...config, training }, { way, until: 8 });
    await runAlign(files, "halves", { ...config, training }, { way, resume: true });
    for (const file of ["model.safetensors", "value_head.safetensors"]) {
      expect(await same(files, `whole/${file}`, `halves/${file}`), file).toBe(true);
    }
    for (const file of ["log.jsonl", "samples.jsonl"]) {
      expect(await recordsOf(files, `halves/${file}`), file).toEqual(await recordsOf(files, `whole/${file}`));
    }
  });

  it("says what it lacks", async () => {
    await expect(runAlign(files, "none", config)).rejects.toThrow(/reward: PPO needs a reward model's folder/);
    const poor = alignWith({ reward: () => [Number.NaN] });
    const training = { updates: 2 };
    await expect(runAlign(files, "poor", { ...config, training }, { way: poor })).rejects.toThrow(
      /The reward gave 1 numbers for 16 answers/,
    );
    await expect(runAlign(files, "odd", { ...config, data: [] }, { way })).rejects.toThrow(/data: PPO needs prompts/);
    await expect(runAlign(files, "odd", { ...base, method: "dpo", data: [] })).rejects.toThrow(
      /no preferences for dpo/,
    );
  });
});

describe("a policy beside its reference", () => {
  it("samples what its forward pass says, and what it has become at once", async () => {
    const context = { files, from: undefined, engine, warn: () => undefined };
    const wanted = { model: tiny, seed: 3, head: { task: "causal-lm" }, texts: () => [politePairs(20)] } as const;
    const source = await modelFrom({ ...wanted, tokenizer: { size: 300 } }, context);
    const louder = ([name, value]: readonly [string, HostTensor]): [string, HostTensor] => {
      return [name, { ...value, data: Float32Array.from(value.data as Float32Array, (x) => 8 * x) }];
    };
    const values = new Map([...(await source.model.parameters.read())].map(louder));
    await source.model.parameters.write(values);
    const pair = await PolicyPair.create(source, { engine, seed: 1, batchTokens: 200, reference: values });
    const prompts = ["where is the cup ?", "the", "in the garden , my friend . where is the lamp of 3 ?"];
    const drawn = (await pair.sample("policy", prompts, { seed: 5, maxTokens: 9, sequences: 2 })).flat();
    const measures = await pair.measure(drawn.map(({ row }) => row));
    for (const [i, { logProbabilities, row }] of drawn.entries()) {
      expect(logProbabilities).toHaveLength(row.answer.length);
      for (const [t, value] of logProbabilities.entries()) {
        expect(measures[i]!.logProbabilities[t]).toBeCloseTo(value, 4);
        expect(measures[i]!.reference[t]).toBeCloseTo(value, 4);
        expect(measures[i]!.divergence[t]).toBeCloseTo(0, 4);
      }
    }
    const texts = (from: "policy" | "reference"): Promise<string[]> =>
      pair.sample(from, prompts, { seed: 5, maxTokens: 9 }).then((all) => all.flat().map(({ answer }) => answer));
    const before = await texts("policy");
    expect(await texts("reference")).toEqual(before);
    const head = pair.parameters.specs.find(({ name }) => name === "transformer.wte.weight")!;
    const turned = Float32Array.from(values.get(head.name)!.data as Float32Array, (x) => -x);
    await pair.parameters.update(new Map([[head.name, { dtype: "float32", shape: head.shape, data: turned }]]));
    expect(await texts("policy")).not.toEqual(before);
    expect(await texts("reference")).toEqual(before);
    await pair.dispose();
  });
});

describe("held-out prompts", () => {
  it("are on one side alone, the same in any order", () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ prompt: `prompt ${i % 20}`, i }));
    const { kept, held } = splitByPrompt(rows, ({ prompt }) => prompt, 0.25, 4);
    expect([kept.length, held.length]).toEqual([45, 15]);
    const prompts = new Set(held.map(({ prompt }) => prompt));
    expect(kept.some(({ prompt }) => prompts.has(prompt))).toBe(false);
    const turned = splitByPrompt([...rows].reverse(), ({ prompt }) => prompt, 0.25, 4);
    expect(new Set(turned.held.map(({ prompt }) => prompt))).toEqual(prompts);
    expect(splitByPrompt(rows, ({ prompt }) => prompt, 0, 4).held).toEqual([]);
    expect(splitByPrompt(rows.slice(0, 1), ({ prompt }) => prompt, 0.5, 4).kept).toHaveLength(1);
  });
});
