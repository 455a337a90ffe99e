import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, type Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { Trace } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { exportTranslator } from "../../src/tasks/export-translator.ts";
import { translatorForward } from "../../src/tasks/translator-model.ts";
import { emptyPast, int64 as int64Tensor, run, type Tensors } from "../tasks/exported.ts";
import { files, heed, smallModel, type SmallModel } from "./heed.ts";

let model: SmallModel;
let engine: Engine;
let out: string;

beforeAll(async () => {
  model = await smallModel({ normalization: "pre" });
  engine = await createEngine({ worker: false, threads: 1 });
  out = (await files())("onnx");
});
afterAll(async () => {
  await engine.dispose();
});

// Two sentences, the second one padded.
const source = [
  [5, 9, 260, 11, 2],
  [40, 7, 2, 0, 0],
];
const target = [
  [1, 30, 31, 32],
  [1, 8, 200, 12],
];

/** The logits of the whole model at once, float32[2, 4, vocabulary]. */
async function reference(): Promise<Float32Array> {
  const program = lower(
    "forward",
    { logits: translatorForward(model.config)(new Trace("forward").scope) },
    { weights: model.weights },
  );
  const int32 = (rows: number[][]): HostTensor => ({
    dtype: "int32",
    shape: [rows.length, rows[0]!.length],
    data: Int32Array.from(rows.flat()),
  });
  const id = await engine.load(program);
  const { logits } = await engine.run([{ program: id, fetch: ["logits"] }], {
    source: int32(source),
    target: int32(target),
  });
  return logits!.data as Float32Array;
}

const int64 = (rows: number[][]): Tensor =>
  int64Tensor({ shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) });

/** The logits by the exported files, the target cut into steps of the given lengths. */
async function exported(folder: string, steps: readonly number[]): Promise<Float32Array> {
  const encoder = await InferenceSession.create(join(folder, "onnx/encoder_model.onnx"));
  const decoder = await InferenceSession.create(join(folder, "onnx/decoder_model_merged.onnx"));
  const mask = int64(source.map((row) => row.map((id) => (id === model.config.paddingId ? 0 : 1))));
  const { last_hidden_state: hidden } = await run(encoder, { input_ids: int64(source), attention_mask: mask });
  const once: Tensors = { encoder_hidden_states: hidden!, encoder_attention_mask: mask };
  let past = emptyPast(decoder, 2);
  const width = model.config.vocabulary;
  const logits = new Float32Array(2 * 4 * width);
  let at = 0;
  for (const step of steps) {
    const ids = int64(target.map((row) => row.slice(at, at + step)));
    const results = await run(decoder, { input_ids: ids, ...once, ...past });
    for (const row of [0, 1]) {
      const values = results["logits"]!.data as Float32Array;
      logits.set(values.subarray(row * step * width, (row + 1) * step * width), (row * 4 + at) * width);
    }
    past = Object.fromEntries(
      Object.keys(past).map((name) => [name, results[name.replace("past_key_values", "present")]!]),
    );
    at += step;
  }
  return logits;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

test("heed export: the files compute what the model computes, at once and with the cache", async () => {
  const { code, out: printed, err } = await heed(["export", model.path, "--out", out]);
  expect([code, err]).toEqual([0, ""]);
  expect(printed.replaceAll(out, "onnx")).toMatch(
    /^onnx\/onnx\/encoder_model\.onnx {2}[\d.]+ kB\nonnx\/onnx\/decoder_model_merged\.onnx {2}[\d.]+ kB\nonnx\/README\.md says what goes in and what comes out\.\n$/,
  );
  const expected = await reference();
  expect(Math.max(...expected)).toBeGreaterThan(0.5);
  expect(largestDifference(await exported(out, [4]), expected)).toBeLessThan(1e-5);
  expect(largestDifference(await exported(out, [1, 2, 1]), expected)).toBeLessThan(1e-5);
});

test("beside the files lie what Python needs, and a README of inputs and outputs", async () => {
  const files = await diskFolder(out).list();
  expect(files.map(({ name }) => name)).toEqual([
    "README.md",
    "config.json",
    "onnx",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  for (const file of ["config.json", "tokenizer.json"]) {
    expect(await readFile(join(out, file), "utf8")).toBe(await readFile(join(model.path, file), "utf8"));
  }
  const readme = await readFile(join(out, "README.md"), "utf8");
  for (const row of [
    "| in | `attention_mask` | `int64[batch_size, encoder_sequence_length]` |",
    "| in | `past_key_values.0.decoder.value` | `float32[batch_size, 4, past_sequence_length, 4]` |",
    "| out | `present.0.decoder.value` | `float32[batch_size, 4, decoder_sequence_length + past_sequence_length, 4]` |",
    `| out | \`logits\` | \`float32[batch_size, decoder_sequence_length, ${model.config.vocabulary}]\` |`,
  ]) {
    expect(readme).toContain(`${row}\n`);
  }
  expect(readme).not.toMatch(/undefined|NaN|\[object/);
});

test("weights that do not fit inside lie beside each file", async () => {
  const beside = (await files())("onnx");
  const { config, tokenizer, weights } = model;
  const programs = await exportTranslator(diskFolder(beside), { config, tokenizer, weights }, { insideLimit: 1000 });
  const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const sizes = await Promise.all(programs.map(({ file }) => diskFolder(beside).size(file)));
  for (const size of sizes) expect(size).toBeLessThan(parameters / 2);
  expect(programs.map((program) => program.beside)).toEqual([
    "onnx/encoder_model.onnx_data",
    "onnx/decoder_model_merged.onnx_data",
  ]);
  expect(await readFile(join(beside, "config.json"), "utf8")).toContain('"decoder_model_merged.onnx": 1');
  expect(largestDifference(await exported(beside, [1, 1, 1, 1]), await reference())).toBeLessThan(1e-5);
});

test("weights that do not fit the model are refused, and nothing is written", async () => {
  const folder = diskFolder((await files())("onnx"));
  const weights = new Map(model.weights);
  weights.delete("model.shared.weight");
  const { config, tokenizer } = model;
  await expect(exportTranslator(folder, { config, tokenizer, weights })).rejects.toThrow(
    /^The weights do not fit .*\n {2}missing: model\.shared\.weight /,
  );
  expect(await folder.kind("")).toBeUndefined();
});

test("--json names inputs and outputs with their types", async () => {
  const { out: json } = await heed(["export", model.path, "--out", out, "--json"]);
  const { files } = JSON.parse(json) as { files: { file: string; inputs: object; outputs: object }[] };
  expect(files.map(({ file }) => file)).toEqual(["onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx"]);
  expect(files[0]!.inputs).toEqual({
    input_ids: "int64[batch_size, encoder_sequence_length]",
    attention_mask: "int64[batch_size, encoder_sequence_length]",
  });
  expect(files[1]!.outputs).toHaveProperty(
    "logits",
    `float32[batch_size, decoder_sequence_length, ${model.config.vocabulary}]`,
  );
});

test("a checkpoint of any family, with weights in fewer bits and inner tensors", async () => {
  const folder = (await files())("gpt2");
  const flags = ["--quantize", "int8", "--outputs", "attentions.0", "--json"];
  const { code, out: json, err } = await heed(["export", "test/families/gpt2-causal-lm", "--out", folder, ...flags]);
  expect([code, err]).toEqual([0, ""]);
  const { files: written } = JSON.parse(json) as { files: { file: string; outputs: Record<string, string> }[] };
  expect(written.map(({ file }) => file)).toEqual(["onnx/model_quantized.onnx"]);
  expect(Object.keys(written[0]!.outputs)).toContain("attentions.0");
  const names = (await diskFolder(folder).list()).map(({ name }) => name);
  expect(names).toEqual(["README.md", "config.json", "generation_config.json", "onnx"]);
  const refused = await heed(["export", "test/families/gpt2-causal-lm", "--out", folder, "--task", "masked-lm"]);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("gpt2 has no head for masked-lm")]);
});
