/** What all runs have in common: they are judged, repeated, and their configs have schemas. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { sentences } from "../learning/small-data.ts";
import { files, heed } from "./heed.ts";

const config = `task: classify
model: { model_type: bert, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32, max_position_embeddings: 24 }
tokenizer: { size: 120 }
training: { updates: 30, learningRate: 0.01, batchTokens: 256 }
`;

test("a run is repeated to the bit, and judged beside another", async () => {
  const at = await files({ "c.yaml": config, "train.tsv": sentences(64, 1), "test.tsv": sentences(40, 3) });
  const folder = (name: string): string => join(at("c.yaml"), "..", name);
  const given = ["--config", at("c.yaml"), "--data", at("train.tsv"), "--threads", "1", "--engine", "onnxruntime"];
  const learned = await heed(["finetune", ...given, "--test", at("test.tsv"), "--out", folder("run")]);
  expect(learned.code, learned.err).toBe(0);
  await heed(["finetune", ...given, "--updates", "1", "--out", folder("other")]);

  const repeated = await heed(["reproduce", folder("run")]);
  expect(repeated.code, repeated.err).toBe(0);
  expect(repeated.out).toMatch(/^30 updates repeated: .* equal to the bit\.\nscore +before +now\n/);

  const command = ["evaluate", "classify", "--model", folder("run"), "--data", at("test.tsv"), "--threads", "1"];
  const judged = await heed([...command, "--bootstrap", "100", "--compare", folder("other"), "--json"]);
  expect(judged.code, judged.err).toBe(0);
  const { examples, measures } = JSON.parse(judged.out) as {
    examples: number;
    measures: { metric: string; score: number; interval: object; compared: { pValue: number } }[];
  };
  const [first] = measures;
  expect([examples, first!.metric]).toEqual([40, "accuracy"]);
  expect(learned.out).toContain(`accuracy ${first!.score.toFixed(4)}`);
  expect(first!.interval).toHaveProperty("low");
  expect(first!.compared.pValue).toBeLessThanOrEqual(1);

  const wrong = await heed(["evaluate", "tag", "--model", folder("run"), "--data", at("test.tsv")]);
  expect(wrong.code).toBe(1);
  const gone = await heed(["reproduce", folder("nothing")]);
  expect(gone.err).toContain("has no run.json");
});

test("schemas are those of the configs", async () => {
  const { out } = await heed(["schema", "pretrain"]);
  const schema = JSON.parse(out) as { properties: { objective: { enum: string[] } }; additionalProperties: boolean };
  expect(schema.properties.objective.enum).toEqual(expect.arrayContaining(["mlm", "clm", "rtd", "span"]));
  expect(schema.additionalProperties).toBe(false);
  expect((await heed(["schema", "nothing"])).err).toContain("Allowed choices are pretrain, finetune");
});
