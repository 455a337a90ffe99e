/** `heed align` and the best of several answers, by the commands. */
import { expect, it } from "vitest";
import { politePairs } from "../learning/preference-runs.ts";
import { files, heed } from "./heed.ts";

const config = {
  model: { model_type: "gpt2", n_layer: 1, n_embd: 16, n_head: 2, n_positions: 48 },
  tokenizer: { size: 300 },
  maxTokens: 6,
  judge: { prompts: 6 },
  ppo: { rollouts: 8, minibatch: 8, epochs: 1 },
};

it("trains a reward model and a policy, and draws the best of several answers", async () => {
  const path = await files({ "pairs.jsonl": politePairs(60), "tiny.json": JSON.stringify(config) });
  const common = [
    "--data",
    path("pairs.jsonl"),
    "--config",
    path("tiny.json"),
    "--threads",
    "1",
    "--engine",
    "onnxruntime",
  ];
  const told = (...more: string[]): string[] => [
    "align",
    ...common,
    "--updates",
    "8",
    "--learning-rate",
    "5e-3",
    ...more,
  ];
  const reward = await heed(told("--method", "reward", "--out", path("reward"), "--json"));
  expect(reward.err).toContain("pairs over");
  expect(reward.code, reward.err).toBe(0);
  const { scores } = JSON.parse(reward.out) as { scores: Record<string, number> };
  expect(Object.keys(scores)).toEqual(["accuracy", "loss", "margin", "calibration error", "Brier score"]);
  const ppo = await heed(told("--method", "ppo", "--reward", path("reward"), "--out", path("policy")));
  expect(ppo.code, ppo.err).toBe(0);
  expect(ppo.out).toMatch(
    /The model is in .*policy: reward -?\d+\.\d+, .*untuned .*best of 4 .*KL per token \d.*perplexity ratio/,
  );
  const draw = ["generate", "where is the cup ?", "--model", path("policy"), "--max-tokens", "6", "--seed", "2"];
  const best = await heed([...draw, "--best-of", "3", "--reward", path("reward"), "--json"]);
  expect(best.code, best.err).toBe(0);
  const drawn = JSON.parse(best.out) as { reward: number; best: boolean }[];
  expect(drawn).toHaveLength(3);
  expect(drawn.find((one) => one.best)!.reward).toBe(Math.max(...drawn.map((one) => one.reward)));
  const alone = await heed([...draw, "--best-of", "3"]);
  expect(alone.code).toBe(1);
  expect(alone.err).toContain("--best-of and --reward belong together");
  const streamed = await heed([...draw, "--best-of", "3", "--reward", path("reward"), "--stream"]);
  expect(streamed.err).toContain("--stream writes text as it comes, and --best-of");
  const wrong = await heed(["generate", "a", "--model", path("policy"), "--best-of", "2", "--reward", path("policy")]);
  expect(wrong.err).toMatch(/reward|classes|head/);
});

it("names a file's bad line, and what it was not told", async () => {
  const path = await files({ "pairs.jsonl": '{"prompt": "a", "chosen": "b", "rejected": "c"}\n{"prompt": "a"}\n' });
  const run = ["align", "--model", "gpt2", "--data", path("pairs.jsonl"), "--out", path("out")];
  const bad = await heed([...run, "--method", "dpo"]);
  expect(bad.err).toContain('pairs.jsonl, line 2: "chosen" is missing');
  expect((await heed(run)).err).toContain("method must be one of reward, ppo, dpo");
});
