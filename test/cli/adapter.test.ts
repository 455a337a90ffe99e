/** `heed finetune --lora`, commands that open what it wrote, `heed adapter merge`, `heed search`. */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { bertWords } from "../tasks/checkpoints.ts";
import { rows } from "../learning/workplace.ts";
import { files, heed } from "./heed.ts";

let at: (name: string) => string;
const texts = ["w12 w30 w7", "w8 w33 w14"];

beforeAll(async () => {
  at = await files({ "train.tsv": rows.map(({ text, label }) => `${text}\t${label}\n`).join("") });
  await cp("test/families/bert-masked-lm", at("base"), { recursive: true });
  for (const [name, content] of Object.entries(bertWords)) await writeFile(`${at("base")}/${name}`, content);
  const run = await heed([
    ...["finetune", "--task", "classify", "--model", at("base"), "--data", at("train.tsv"), "--out", at("adapter")],
    ...[
      "--lora",
      "rank=4,alpha=16,targets=query,value",
      "--updates",
      "60",
      "--learning-rate",
      "0.01",
      "--threads",
      "1",
    ],
  ]);
  expect(run.err).toMatch(/trained: [\d,]+ of [\d,]+ parameters/);
  expect(run).toMatchObject({ code: 0, out: `The model is in ${at("adapter")}.\n` });
});

const labels = async (...options: string[]): Promise<unknown> => {
  const { code, out, err } = await heed(["classify", ...options, "--threads", "1", "--json", ...texts]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(`[${out.trim().replaceAll(/\n(?=[{[])/g, ",\n")}]`);
};

test("an adapter is opened by itself, beside its base, and merged", async () => {
  const alone = await labels("--model", at("adapter"));
  expect(JSON.stringify(alone)).toMatch(/good.*bad/s);
  expect(await labels("--model", at("base"), "--adapter", at("adapter"))).toEqual(alone);
  const merging = ["adapter", "merge", "--model", at("base"), "--adapter", at("adapter"), "--out", at("merged")];
  expect(await heed(merging)).toMatchObject({
    code: 0,
    out: `The model is in ${at("merged")}: 4 layers were changed, 4 parameters replaced.\n`,
  });
  expect((await readdir(at("merged"))).sort()).toEqual(
    ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"].sort(),
  );
  expect(await labels("--model", at("merged"))).toEqual(alone);
  expect(await heed(merging)).toMatchObject({
    code: 1,
    err: expect.stringContaining("already holds a model") as string,
  });
});

test("an adapter is found a folder further, beside its base, by a relative name", async () => {
  await mkdir(at("elsewhere"));
  await cp(at("adapter"), at("elsewhere/adapter"), { recursive: true });
  const path = at("elsewhere/adapter/adapter_config.json");
  const json = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...json, base_model_name_or_path: "../../base" }));
  expect(await labels("--model", at("elsewhere/adapter"))).toEqual(await labels("--model", at("adapter")));
});

test("settings of --lora, --unfreeze and --freeze that mean nothing are refused", async () => {
  const start = ["finetune", "--task", "classify", "--model", at("base"), "--data", at("train.tsv"), "--out", at("no")];
  const of = async (...more: string[]): Promise<string> => (await heed([...start, ...more])).err;
  expect(await of("--lora", "query")).toMatch(/"query" has no value. Write settings such as rank=8/);
  expect(await of("--lora", "rank=4,tragets=query")).toMatch(/"tragets".*did you mean "targets"/);
  expect(await of("--lora", "rank=x")).toMatch(/lora\.rank must be a (whole )?number, not "?x/);
  expect(await of("--unfreeze", "soon")).toMatch(/It must be epoch, or a number of updates/);
  expect(await of("--freeze", "layers")).toMatch(/no part "layers". Its parts are embeddings, 0-1, head, body/);
  expect(await of("--layer-decay", "0.5")).toMatch(/at least 1/);
});

test("heed search prints settings side by side, the best first, and does not repeat what is done", async () => {
  const sweep = {
    way: "finetune",
    config: {
      ...{ task: "classify", model: at("base"), data: [at("train.tsv")], validation: [at("train.tsv")] },
      training: { updates: 10, batchTokens: 64, saveEvery: 100 },
    },
    search: { "training.learningRate": [1e-6, 0.01], freeze: [["embeddings"]] },
    seeds: [1, 2],
  };
  await writeFile(at("sweep.json"), JSON.stringify(sweep));
  const command = ["search", "--config", at("sweep.json"), "--out", at("sweep"), "--threads", "1"];
  const first = await heed(command);
  expect(first.code, first.err).toBe(0);
  expect(first.err).toMatch(/run 4 of 4: learningRate 0\.01, freeze \["embeddings"\], seed 2\n[^]*accuracy (0|1)\.\d+/);
  expect(first.out).toMatch(/training\.learningRate +freeze +accuracy +spread +seeds 1 2 +time +folders\n─+/);
  expect(first.out).toMatch(/\n +0\.01 .*\n +0\.000001 /);
  expect(first.out).toMatch(/The best config:\n\n[^]*learningRate: 0\.01\n/);
  const again = await heed([...command, "--json"]);
  expect(again.err).not.toMatch(/run \d of/);
  const { rows: found, goal } = JSON.parse(again.out) as { rows: { mean: number }[]; goal: object };
  expect(goal).toEqual({ score: "accuracy", better: "higher" });
  expect(found[0]!.mean).toBeGreaterThan(found[1]!.mean);
});
