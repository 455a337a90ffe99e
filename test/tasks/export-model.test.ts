import { readdirSync } from "node:fs";
import type { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import { snakeCase } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder, readJson } from "../../src/files/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { exportModel } from "../../src/tasks/export-model.ts";
import { readGolden, type Golden } from "../../src/tasks/golden-file.ts";
import { families } from "../../src/models/index.ts";
import { emptyPast, float32, greedy, int64, openExported, run, type Tensors } from "./exported.ts";

const goldens = diskFolder("test/families");
const known = new Set(families.map(({ modelType }) => modelType));
/** What is read only with options that exports do not have. */
const optional = new Set(["vit-image-classification-interpolated"]);

async function exported(name: string, options: Parameters<typeof exportModel>[2] = {}) {
  const [from, to] = [goldens.at(name), memoryFolder()];
  const golden = await readGolden(from, "golden.safetensors");
  const programs = await exportModel(from, to, { className: golden.modelClass, ...options });
  return { from, to, golden, programs, sessions: await openExported(to, programs) };
}

/** The largest difference, beside the largest value that is expected. */
function difference(tensors: Tensors, expected: ReadonlyMap<string, HostTensor>): { rows: number; worst: number } {
  let [rows, worst] = [0, 0];
  for (const [name, { data }] of expected) {
    const found = tensors[snakeCase(name)]?.data as Float32Array | undefined;
    if (found === undefined) continue;
    rows++;
    expect(found.length, name).toBe(data.length);
    const largest = (data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    for (let i = 0; i < found.length; i++) worst = Math.max(worst, Math.abs(found[i]! - Number(data[i])) / largest);
  }
  return { rows, worst };
}

/** A golden's inputs as a file takes them, with what callers of a cache add. */
function feedsOf({ inputs }: Golden, session: InferenceSession): Tensors {
  const feeds: Tensors = {};
  for (const [name, value] of Object.entries(inputs)) {
    feeds[snakeCase(name)] = value.dtype === "float32" ? float32(value) : int64(value);
  }
  const ids = inputs["inputIds"];
  if (ids === undefined) return feeds;
  const [rows, time] = [ids.shape[0]!, ids.shape.at(-1)!];
  const like = (value: (i: number) => number): Tensors[string] =>
    int64({ shape: ids.shape, data: Int32Array.from(ids.data as Int32Array, (_, i) => value(i)) });
  return {
    position_ids: like((i) => i % time),
    token_type_ids: like(() => 0),
    attention_mask: like(() => 1),
    ...memories(session, rows),
    ...emptyPast(session, rows),
    ...feeds,
  };
}

/** Memories of zeros. */
function memories(session: InferenceSession, rows: number): Tensors {
  const ports = session.inputMetadata.filter(({ name }) => name.startsWith("mems."));
  return Object.fromEntries(
    ports.map((port) => {
      const { shape } = port as unknown as { readonly shape: readonly (number | string)[] };
      const sizes = shape.map((d) => (typeof d === "string" ? rows : d));
      return [port.name, float32({ shape: sizes, data: new Float32Array(sizes.reduce((a, b) => a * b, 1)) })];
    }),
  );
}

const names = await Promise.all(
  readdirSync("test/families", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !optional.has(entry.name))
    .map(async ({ name }) => ({ name, config: (await readJson(goldens.at(name), "config.json")) as object })),
);
const classes = new Set<string>();
/** One folder for each class. */
const folders = names.filter(({ config }) => {
  const { model_type: type, architectures } = config as { model_type: string; architectures: [string] };
  const fresh = known.has(type) && !classes.has(architectures[0]);
  classes.add(architectures[0]);
  return fresh;
});
const isPair = (name: string): boolean => name.includes("conditional-generation");

test.each(folders.filter(({ name }) => !isPair(name)).map(({ name }) => name))(
  "%s, exported, computes what Python computes",
  async (name) => {
    const { golden, sessions } = await exported(name);
    const found = await run(sessions[0]!, feedsOf(golden, sessions[0]!));
    const { rows, worst } = difference(found, golden.outputs);
    expect(rows).toBeGreaterThan(0);
    expect(worst).toBeLessThan(1e-5);
  },
);

const generating = folders.filter(({ name }) => /causal-lm|conditional-generation/.test(name) && !/transfo/.test(name));

test.each(generating.map(({ name }) => name))("%s, exported, writes Python's ids with its cache", async (name) => {
  const { from, golden, sessions } = await exported(name);
  const settings = (await readJson(from, "generation_config.json")) as Record<string, number | number[][] | undefined>;
  const { ids, inputs, arguments: given } = golden.generated.find((one) => one.name === "greedy")!;
  const prompt = [Array.from(inputs["inputIds"]!.data, Number)];
  const found = await greedy(sessions, prompt, {
    tokens: given["max_new_tokens"] as number,
    start: settings["decoder_start_token_id"] as number,
    banned: ((settings["bad_words_ids"] ?? []) as number[][]).flat(),
    first: settings["forced_bos_token_id"] as number,
    last: settings["forced_eos_token_id"] as number,
  });
  const expected = Array.from(ids.data, Number);
  const end = expected.slice(1).indexOf(settings["eos_token_id"] as number);
  const length = end < 0 || !isPair(name) ? expected.length : end + 2;
  expect(found[0]!.slice(0, length)).toEqual(expected.slice(0, length));
});

test("what a decoder has read already need not be given again, whatever its length", async () => {
  const { sessions } = await exported("marian-conditional-generation");
  const ids = (rows: number[][]): Tensors[string] =>
    int64({ shape: [rows.length, rows[0]!.length], data: Int32Array.from(rows.flat()) });
  const source = { input_ids: ids([[5, 9, 11], [7, 0, 52]]), attention_mask: ids([[1, 1, 1], [1, 1, 0]]) }; // prettier-ignore
  const { last_hidden_state: hidden } = await run(sessions[0]!, source);
  const fixed = { encoder_hidden_states: hidden!, encoder_attention_mask: source.attention_mask };
  const target = [[52, 4, 8, 15], [52, 3, 9, 2]]; // prettier-ignore
  const whole = await run(sessions[1]!, { ...fixed, ...emptyPast(sessions[1]!, 2), input_ids: ids(target) });
  let past = emptyPast(sessions[1]!, 2);
  const steps: Float32Array[] = [];
  for (const [from, to] of [
    [0, 1],
    [1, 3],
    [3, 4],
  ] as const) {
    // prettier-ignore
    const found = await run(sessions[1]!, {
      ...{ ...fixed, ...past },
      input_ids: ids(target.map((row) => row.slice(from, to))),
    });
    past = Object.fromEntries(
      Object.keys(past).map((name) => [name, found[name.replace("past_key_values", "present")]!]),
    );
    steps.push(found["logits"]!.data as Float32Array);
  }
  expect(past["past_key_values.0.encoder.key"]!.dims[2]).toBe(3);
  expect(past["past_key_values.0.decoder.key"]!.dims[2]).toBe(4);
  const width = whole["logits"]!.dims[2]!;
  const last = (whole["logits"]!.data as Float32Array).subarray(3 * width, 4 * width);
  for (let i = 0; i < width; i++) expect(steps[2]![i]).toBeCloseTo(last[i]!, 4);
});

test("sizes and inputs have the names that other programs know", async () => {
  const { programs, to } = await exported("marian-conditional-generation");
  expect(programs.map(({ file }) => file)).toEqual(["onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx"]);
  const readme = new TextDecoder().decode(await to.read("README.md"));
  for (const row of [
    "| in | `input_ids` | `int64[batch_size, encoder_sequence_length]` |",
    "| out | `last_hidden_state` | `float32[batch_size, encoder_sequence_length, 12]` |",
    "| in | `encoder_attention_mask` | `int64[batch_size, encoder_sequence_length]` |",
    "| in | `past_key_values.1.decoder.key` | `float32[batch_size, 2, past_sequence_length, 6]` |",
    "| in | `past_key_values.1.encoder.value` | `float32[batch_size, 2, past_encoder_sequence_length, 6]` |",
    "| out | `present.0.decoder.value` | `float32[batch_size, 2, decoder_sequence_length + past_sequence_length, 6]` |",
    "| out | `present.0.encoder.key` | `float32[batch_size, 2, encoder_sequence_length, 6]` |",
  ]) {
    expect(readme).toContain(`${row}\n`);
  }
});

test("inner tensors become outputs, of whichever file computes them", async () => {
  const outputs = ["encoder_attentions.1", "decoderHiddenStates.1", "crossAttentions.0"];
  const { programs } = await exported("t5-conditional-generation", { outputs });
  const ports = programs.map((program) =>
    program.outputs.map(({ name }) => name).filter((name) => !name.startsWith("present")),
  );
  expect(ports).toEqual([
    ["last_hidden_state", "encoder_attentions.1"],
    ["logits", "decoder_hidden_states.1", "cross_attentions.0"],
  ]);
  const bert = await exported("bert-masked-lm", { outputs: ["hidden_states.1", "attentions.0"] });
  const found = await run(bert.sessions[0]!, feedsOf(bert.golden, bert.sessions[0]!));
  expect(difference(found, bert.golden.outputs)).toEqual({ rows: 3, worst: expect.closeTo(0, 5) as number });
  await expect(exported("bert-masked-lm", { outputs: ["attention.0"] })).rejects.toThrow(
    'BertForMaskedLM computes nothing named "attention.0". Did you mean "attentions.0"?',
  );
});

test("without a cache a decoder reads all at once", async () => {
  const { golden, sessions, programs } = await exported("gpt2-causal-lm", { cache: false });
  expect(programs[0]!.inputs.filter(({ name }) => !name.includes(".")).map(({ name }) => name)).toEqual([
    "input_ids",
    "attention_mask",
  ]);
  expect(programs[0]!.outputs.map(({ name }) => name)).toEqual(["logits"]);
  expect(difference(await run(sessions[0]!, feedsOf(golden, sessions[0]!)), golden.outputs).worst).toBeLessThan(1e-5);
});

test("another class of the family, by name or by task", async () => {
  const folder = memoryFolder();
  const [program] = await exportModel(goldens.at("bert-masked-lm"), folder, { task: "features" }).catch(() => []);
  expect(program).toBeUndefined();
  const [bare] = await exportModel(goldens.at("gpt2-causal-lm"), folder, { className: "GPT2Model" });
  expect(bare!.outputs.map(({ name }) => name)).toEqual(["last_hidden_state"]);
  expect(await readJson(folder, "config.json")).toMatchObject({ architectures: ["GPT2Model"] });
});
