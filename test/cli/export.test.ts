import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { Trace } from "../../src/nn/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { exportTranslator } from "../../src/tasks/export-translator.ts";
import { translatorForward } from "../../src/tasks/translator-model.ts";
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
  new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);

/** The logits by the exported files, the target cut into steps of the given lengths. */
async function exported(folder: string, steps: readonly number[]): Promise<Float32Array> {
  const encoder = await InferenceSession.create(join(folder, "encoder.onnx"));
  const decoder = await InferenceSession.create(join(folder, "decoder.onnx"));
  const once = await encoder.run({ source: int64(source) });
  let past: Record<string, Tensor> = {};
  for (const name of decoder.inputNames.filter((name) => name.startsWith("past."))) {
    past[name] = new Tensor("float32", new Float32Array(0), [2, 4, 0, 4]);
  }
  const width = model.config.vocabulary;
  const logits = new Float32Array(2 * 4 * width);
  let at = 0;
  for (const step of steps) {
    const results = await decoder.run({
      target: int64(target.map((row) => row.slice(at, at + step))),
      ...once,
      ...past,
    });
    for (const row of [0, 1]) {
      const values = results["logits"]!.data as Float32Array;
      logits.set(values.subarray(row * step * width, (row + 1) * step * width), (row * 4 + at) * width);
    }
    past = Object.fromEntries(Object.keys(past).map((name) => [name, results[name.replace("past.", "present.")]!]));
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
    /^onnx\/encoder\.onnx {2}[\d.]+ kB\nonnx\/decoder\.onnx {2}[\d.]+ kB\nonnx\/README\.md says what goes in and what comes out\.\n$/,
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
    "decoder.onnx",
    "encoder.onnx",
    "tokenizer.json",
  ]);
  for (const file of ["config.json", "tokenizer.json"]) {
    expect(await readFile(join(out, file), "utf8")).toBe(await readFile(join(model.path, file), "utf8"));
  }
  const readme = await readFile(join(out, "README.md"), "utf8");
  for (const row of [
    "| in | `source` | `int64[batch, source]` |",
    "| out | `once.model.decoder.layers.1.encoder_attn.key` | `float32[batch, 4, source, 4]` |",
    "| in | `past.model.decoder.layers.0.self_attn.value` | `float32[batch, 4, past, 4]` |",
    "| out | `present.model.decoder.layers.0.self_attn.value` | `float32[batch, 4, past + target, 4]` |",
    `| out | \`logits\` | \`float32[batch, target, ${model.config.vocabulary}]\` |`,
  ]) {
    expect(readme).toContain(`${row}\n`);
  }
  expect(readme).not.toMatch(/undefined|NaN|\[object/);
});

test("weights that do not fit inside lie in one safetensors file beside both", async () => {
  const beside = (await files())("onnx");
  const { config, tokenizer, weights } = model;
  const programs = await exportTranslator(diskFolder(beside), { config, tokenizer, weights }, { insideLimit: 1000 });
  const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  for (const { bytes } of programs) expect(bytes).toBeLessThan(parameters / 2);
  expect(await diskFolder(beside).size("model.safetensors")).toBeGreaterThan(parameters);
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
  expect(files.map(({ file }) => file)).toEqual(["encoder.onnx", "decoder.onnx"]);
  expect(files[0]!.inputs).toEqual({ source: "int64[batch, source]" });
  expect(files[1]!.outputs).toHaveProperty("logits", `float32[batch, target, ${model.config.vocabulary}]`);
});
