/** heed instruct, heed generate --chat with its folder, and heed prompt. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { files, heed } from "./heed.ts";

const words = ["cat", "dog", "sun"];
const rows = words.flatMap((a) => words.map((b) => ({ instruction: `say ${a} ${b}`, output: a })));
const sizes = { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 256, resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };

test("a model that is told to answer, asked, and put to a task in its prompt", async () => {
  const config = {
    model: { model_type: "gpt2", ...sizes },
    tokenizer: { size: 300 },
    training: { learningRate: 0.01 },
  };
  const at = await files({
    "config.json": JSON.stringify(config),
    "rows.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    "task.yaml":
      'template: "say {text} {answer}"\nchoices: { one: cat, two: dog }\nqueries: [queries.tsv]\nshots: [shots.tsv]\n',
    "queries.tsv": "text\tanswer\ncat\tone\ndog\ttwo\nsun\tone\n",
    "shots.tsv": "text\tanswer\ncat\tone\ndog\ttwo\n",
  });
  const told = ["instruct", "--config", at("config.json"), "--data", at("rows.jsonl"), "--test", at("rows.jsonl")];
  const { code, out, err } = await heed([...told, "--out", at("out"), "--updates", "2", "--engine", "onnxruntime"]);
  expect(code, err).toBe(0);
  expect(out).toMatch(/^The model is in .*out: loss \d\.\d{4}, exact match \d\.\d{4}\.\n$/);
  expect(err).toContain("template: alpaca");
  expect(err).toMatch(/9 rows, \d+ tokens, of which \d+ are answers that are learned \(\d+\.\d %\)/);

  const chat = await heed(["generate", "--model", at("out"), "--chat", "say cat dog", "--max-tokens", "3", "--json"]);
  expect(chat.code, chat.err).toBe(0);
  expect(JSON.parse(chat.out)).toHaveLength(1);

  const ask = ["prompt", "--model", at("out"), "--task", at("task.yaml"), "--shots", "0,2", "--seeds", "2"];
  const found = await heed([...ask, "--svg", at("curve.svg"), "--bootstrap", "20"]);
  expect(found.code, found.err).toBe(0);
  expect(found.out).toMatch(/^shots +accuracy +95 % interval/);
  expect(found.out).toMatch(/^ +0 +\d+\.\d %/m);
  expect(found.out).toContain("3 questions. The most frequent answer: 66.7 %; guessing: 50.0 %.");
  expect(found.out).toMatch(/SHA-256 (\w{16}) before and \1 after: no weight has changed\.\n$/);
  expect(await readFile(at("curve.svg"), "utf8")).toContain("<svg");
  const json = await heed([...ask, "--json", "--calibrate", "--normalize", "length", "--balance", "--orders", "2"]);
  const report = JSON.parse(json.out) as { results: { shots: number; runs: unknown[] }[]; parameters: object };
  expect(report.results.map(({ shots, runs }) => [shots, runs.length])).toEqual([[0, 1], [2, 4]]); // prettier-ignore
  expect(json.err).toContain("run 5 of 5");

  const wrong = await heed([...ask.slice(0, 6), "0,x"]);
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('--shots is "0,x"; whole numbers')]);
  const missing = await heed(["prompt", "--model", at("out"), "--task", at("queries.tsv")]);
  expect(missing.code).toBe(1);
});
