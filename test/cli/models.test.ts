import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readConfigFile } from "../../src/cli/config-file.ts";
import { memoryLine } from "../../src/cli/memory.ts";
import { writeTensors } from "../../src/checkpoints/index.ts";
import { ConfigError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { transformerConfig, transformerParts, type TransformerConfig } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { translatorForward } from "../../src/tasks/translator-model.ts";
import { hasEngine } from "../engines.ts";
import { files, heed, smallModel, type SmallModel } from "./heed.ts";

let model: SmallModel;
beforeAll(async () => {
  model = await smallModel();
});

test.each<Partial<TransformerConfig>>([
  {},
  { normalization: "pre", positions: "learned", tiedEmbeddings: "output" },
  { tiedEmbeddings: "none", targetVocabulary: 31, encoderLayers: 3 },
])("parts add up to the traced parameters: %j", (settings) => {
  const sizes = { vocabulary: 23, encoderLayers: 2, decoderLayers: 1, width: 16, feedForward: 40, heads: 4 };
  const config = transformerConfig.parse({ ...sizes, ...settings });
  const trace = new Trace("forward");
  translatorForward(config)(trace.scope);
  const traced = [...trace.parameters.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { parts, total, letters } = transformerParts(config);
  expect(total).toBe(traced);
  for (const { formula, each, times, count } of parts) {
    expect([formula, evaluate(formula, letters), count]).toEqual([formula, each, times * each]);
  }
});

/** "4 (D² + D)" with the letters' values. */
function evaluate(formula: string, letters: Readonly<Record<string, { readonly value: number }>>): number {
  const times = /^(\d+) \((.+)\)$/.exec(formula);
  if (times !== null) return Number(times[1]) * evaluate(times[2]!, letters);
  const factor = (text: string): number =>
    /^\d+$/.test(text) ? Number(text) : letters[text[0]!]!.value ** (text.endsWith("²") ? 2 : 1);
  const products = formula
    .split(" + ")
    .map((term) => term.split(" ").reduce((product, text) => product * factor(text), 1));
  return products.reduce((sum, product) => sum + product, 0);
}

test("heed parameters: a preset's table, a folder's JSON", async () => {
  const base = await heed(["parameters", "base", "--vocabulary", "37000"]);
  expect(base.out).toMatch(/^encoder self-attention +6 {2}4 \(D² \+ D\) +1,050,624 +6,303,744 +10\.0 %$/m);
  expect(base.out).toMatch(
    /\ntotal +63,082,496\n\n.*\n63,082,496 parameters, 252\.3 MB in float32, 126\.2 MB in float16, 63\.1 MB in int8\n$/,
  );
  const { total, parts } = JSON.parse((await heed(["parameters", model.path, "--json"])).out) as ReturnType<
    typeof transformerParts
  >;
  expect(total).toBe(transformerParts(model.config).total);
  expect(parts[0]).toEqual({
    ...{ part: "embeddings, shared by source, target and output", times: 1, formula: "V D" },
    ...{ each: 16 * model.tokenizer.size, count: 16 * model.tokenizer.size },
  });
  expect((await heed(["parameters", "tinny"])).err).toMatch(
    /^tinny is neither a folder, a pulled model nor a preset\. Did you mean tiny\?\n$/,
  );
  expect((await heed(["parameters", "tiny"])).err).toMatch(
    /^The preset tiny has no vocabulary of its own\. Add --vocabulary/,
  );
});

test("heed doctor runs a program on each engine, and says what a model takes", async () => {
  const { code, out, err } = await heed(["doctor", model.path]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^Node +\d+\.\d+\.\d+, \S+ \S+$/m);
  expect(out).toMatch(/^engine +GFLOP\/s +GB\/s$/m);
  const native = hasEngine("onnxruntime");
  expect(out).toMatch(
    native ? /^ONNX Runtime +ONNX Runtime [\d.]+, \d+ threads? +[\d.,]+ +[\d.,]+$/m : /^ONNX Runtime: /m,
  );
  for (const name of ["OpenVINO", "OpenVINO, bf16"]) {
    const here = new RegExp(`^${name} +OpenVINO [\\d.]+(, bf16)?, \\d+ threads? +[\\d.,]+ +[\\d.,]+$`, "m");
    if (hasEngine("openvino")) expect(out).toMatch(here);
    else expect(out).toMatch(/^OpenVINO: .*pip install --no-deps openvino/m);
  }
  expect(out).toMatch(/^WebAssembly +ONNX Runtime [\d.]+ \(WebAssembly\), \d+ threads? +[\d.,]+ +[\d.,]+$/m);
  expect(out).toMatch(/^model +translator, [\d,]+ parameters, [\d.]+ kB; nothing is missing$/m);
  expect(out).toMatch(/^ {2}to train +[\d.]+ MB, .* \(with --recompute [\d.]+ MB, .*\), 4,096 tokens a batch$/m);
});

test("heed doctor says what the training of a config would take", async () => {
  const needs = async (config: string): Promise<Record<string, number>> => {
    const path = (await files({ "planned.yaml": config }))("planned.yaml");
    const { code, out } = await heed(["doctor", "--config", path, "--json"]);
    expect(code).toBe(0);
    return (JSON.parse(out) as { model: Record<string, number> }).model;
  };
  const [all, half] = [
    await needs("preset: tiny\nvocabulary: 1000\n"),
    await needs("preset: tiny\nvocabulary: 1000\ntraining: { batchTokens: 2048 }\n"),
  ];
  expect(all["parameters"]).toBe(half["parameters"]);
  expect(all["toTrainRecomputing"]).toBeLessThan(0.8 * all["toTrain"]!);
  expect(half["toTrain"]).toBeLessThan(0.8 * all["toTrain"]!);
});

test("a training that no machine has the memory for is refused, with what to do", () => {
  const MB = 2 ** 20;
  const machine = { limit: 4000 * MB, available: 1900 * MB, held: 180 * MB };
  const line = (total: number): string =>
    memoryLine({ parameters: 0, activations: 0, evaluation: 0, fixed: 0, total }, machine);
  // What the process holds beyond an engine, 100 MB, comes on top.
  expect(line(900 * MB)).toBe("memory: about 1.0 GB at most, 2.2 GB available");
  expect(line(2000 * MB)).toMatch(/^memory: about 2\.2 GB at most, 2\.2 GB available\. It may not fit\. .*--recompute/);
  expect(() => line(3950 * MB)).toThrow(
    /^This training would take 4\.2 GB of memory; this machine lets a process have 4\.2 GB\. .*--recompute/,
  );
  expect(memoryLine({ parameters: 0, activations: 0, evaluation: 0, fixed: 0, total: 1 })).toMatch(/ available$/);
});

test("a broken model folder is said to be so", async () => {
  const { path, weights, config } = await smallModel();
  const folder = diskFolder(path);
  const error = async (): Promise<string> => {
    const { code, err } = await heed(["parameters", path]);
    expect(code).toBe(1);
    return err.replaceAll(path, "model");
  };
  const whole = await readFile(join(path, "model.safetensors"));
  await truncate(join(path, "model.safetensors"), 1000);
  expect(await error()).toMatch(/^model\/model\.safetensors /);
  await writeFile(join(path, "model.safetensors"), whole.subarray(0, whole.length - 4));
  expect(await error()).toMatch(/^model\/model\.safetensors /);
  const changed = new Map(weights);
  const name = "model.encoder.layers.0.fc1.bias";
  changed.set(name, { dtype: "float32", shape: [8, 4], data: changed.get(name)!.data });
  changed.delete("model.encoder.layers.0.fc2.bias");
  changed.set("extra", { dtype: "float32", shape: [1], data: new Float32Array(1) });
  await writeTensors(folder, "model.safetensors", changed);
  expect(await error()).toBe(
    `model/model.safetensors does not fit the model that the config describes:
  missing: model.encoder.layers.0.fc2.bias [16]
  wrong shape: ${name} is [8, 4], expected [32]
  not part of the model: extra
`,
  );
  const json = JSON.parse(await readFile(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  await writeFile(join(path, "config.json"), JSON.stringify({ ...json, vocab_size: config.vocabulary + 1 }));
  expect(await error()).toMatch(/^model\/tokenizer\.json has \d+ tokens, and the model was trained with \d+\./);
  await writeFile(join(path, "config.json"), JSON.stringify({ ...json, ffn_dimm: 3 }));
  expect(await error()).toBe('model/config.json has the unknown key "ffn_dimm"; did you mean "ffn_dim"?\n');
  await rm(join(path, "tokenizer.json"));
  expect(await error()).toMatch(/^model is not a model folder: tokenizer\.json is missing\./);
  const doctor = await heed(["doctor", path, "--json"]);
  expect(doctor.code).toBe(1);
  expect(JSON.parse(doctor.out)).toMatchObject({ model: { problem: doctor.err.trimEnd() }, wasm: { works: true } });
});

test("config files may be YAML or JSON; what is neither is named with its line", async () => {
  const at = await files({
    "a.yaml": "seed: 3\nmodel:\n  width: 64\n",
    "b.json": '{ "seed": 3, "model": { "width": 64 } }',
    "empty.yaml": "# nothing yet\n",
    "bad.yaml": "seed: 3\nseed: 4\n",
    "open.json": '{ "seed": 3,\n  "model": [1 }\n',
    "list.yaml": "- seed\n",
  });
  const folder = diskFolder(at("."));
  const expected = { seed: 3, model: { width: 64 } };
  expect(await readConfigFile(folder, "a.yaml")).toEqual(expected);
  expect(await readConfigFile(folder, "b.json")).toEqual(expected);
  expect(await readConfigFile(folder, "empty.yaml")).toEqual({});
  const error = async (path: string): Promise<string> => {
    const thrown = await readConfigFile(folder, path).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ConfigError);
    return (thrown as ConfigError).message.replace(at("/"), "");
  };
  expect(await error("bad.yaml")).toBe("bad.yaml, line 2: Map keys must be unique. YAML or JSON was expected.");
  expect(await error("open.json")).toMatch(/^open\.json, line 2: /);
  expect(await error("list.yaml")).toMatch(/^list\.yaml holds no settings\./);
});

test("package.json's version is the program's", async () => {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  expect((await heed(["--version"])).out).toBe(`${version}\n`);
});
