/** Adapters that Python's peft wrote: opened, merged, taken out again, and switched between while the model runs. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { readAdapter, readTensors } from "../../src/checkpoints/index.ts";
import { openSafetensors } from "../../src/checkpoints/safetensors.ts";
import { CheckpointError, InputError } from "../../src/errors/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import { memoryFolder, type Folder } from "../../src/files/index.ts";
import { parametersOf } from "../../src/models/index.ts";
import { generate, type CachedModel } from "../../src/generation/index.ts";
import { cachedModel } from "../../src/tasks/generation.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { mergeAdapter, withAdapters } from "../../src/tasks/adapted-model.ts";
import { mergeAdapterFolder } from "../../src/tasks/merge-adapter.ts";
import type { Model } from "../../src/tasks/model.ts";
import { openModel } from "../../src/tasks/open.ts";
import { here } from "./checkpoints.ts";

const goldens = diskFolder("test/tasks/golden/adapters");
const families = diskFolder("test/families");
const names = (await goldens.list()).map(({ name }) => name);

interface Golden {
  readonly base: Folder;
  readonly adapter: Folder;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly logits: HostTensor;
  readonly baseLogits: HostTensor;
}

const inputNames = { input_ids: "inputIds", attention_mask: "attentionMask", decoder_input_ids: "decoderInputIds" };

async function golden(name: string): Promise<Golden> {
  const adapter = goldens.at(name);
  const file = await openSafetensors(adapter, "golden.safetensors");
  const value = async (key: string): Promise<HostTensor> => {
    const { dtype, shape, data } = await file.tensor(key);
    return { dtype: dtype === "F32" ? "float32" : "int32", shape, data: data as Float32Array };
  };
  const inputs: Record<string, HostTensor> = {};
  for (const [key, named] of Object.entries(inputNames)) {
    if (file.names.includes(key)) inputs[named] = await value(key);
  }
  return {
    ...{ base: families.at(file.metadata["base"]!), adapter, inputs },
    ...{ logits: await value("logits"), baseLogits: await value("base_logits") },
  };
}

const models: Model[] = [];
afterEach(async () => {
  for (const model of models.splice(0)) await model.dispose();
});
const kept = async <T extends Model>(opening: Promise<T>): Promise<T> => {
  const model = await opening;
  models.push(model);
  return model;
};

/** The largest difference between what a model says and what it should, by the largest logit; without padding. */
async function difference(model: Model, { inputs }: Golden, expected: HostTensor): Promise<number> {
  const logits = (await model.run(inputs)).get("logits")!;
  expect(logits.shape).toEqual(expected.shape);
  const { attentionMask, decoderInputIds } = inputs;
  const perToken = decoderInputIds === undefined && expected.shape.length === 3;
  let [worst, largest] = [0, 1];
  for (const [i, value] of expected.data.entries()) {
    const token = Math.floor(i / expected.shape.at(-1)!);
    if (perToken && attentionMask!.data[token] === 0) continue;
    worst = Math.max(worst, Math.abs(Number(value) - Number(logits.data[i])));
    largest = Math.max(largest, Math.abs(Number(value)));
  }
  return worst / largest;
}

describe.each(names)("%s", (name) => {
  let made: Golden;
  beforeAll(async () => {
    made = await golden(name);
  });

  it("is opened on the base that it names", async () => {
    const model = await kept(openModel(made.adapter, here));
    expect(await difference(model, made, made.logits)).toBeLessThan(1e-5);
    expect(await difference(model, made, made.baseLogits)).toBeGreaterThan(0.1);
  });

  it("is merged into an open model and taken out again, to the bit", async () => {
    const model = await kept(openModel(made.base, here));
    const before = await model.parameters.read();
    const takeOut = await mergeAdapter(model, made.adapter);
    expect(await difference(model, made, made.logits)).toBeLessThan(1e-5);
    await takeOut();
    expect(await model.parameters.read()).toEqual(before);
    expect(await difference(model, made, made.baseLogits)).toBeLessThan(1e-5);
  });

  it("works unmerged, and is switched off without loading a program", async () => {
    const base = await kept(openModel(made.base, here));
    const model = await withAdapters(base, { ours: made.adapter });
    expect(await difference(model, made, made.baseLogits)).toBeLessThan(1e-5);
    const loads = countLoads(model);
    await model.use("ours");
    expect(await difference(model, made, made.logits)).toBeLessThan(1e-5);
    await model.use(undefined);
    expect(await difference(model, made, made.baseLogits)).toBeLessThan(1e-5);
    expect(loads()).toBe(0);
  });
});

/** How often the engine is asked to load a program from here on. */
function countLoads({ engine }: Model): () => number {
  let count = 0;
  const load = engine.load.bind(engine);
  engine.load = (...given) => {
    count++;
    return load(...given);
  };
  return () => count;
}

describe("several adapters of one base", () => {
  it("of other ranks, layers and heads are switched between", async () => {
    const [one, other] = [await golden("bert-classes"), await golden("bert-classes-keys")];
    const base = await kept(openModel(one.base, here));
    const model = await withAdapters(base, { one: one.adapter, other: await readAdapter(other.adapter) });
    expect(model.adapters).toEqual(["one", "other"]);
    await model.run(one.inputs);
    const loads = countLoads(model);
    for (let round = 0; round < 2; round++) {
      await model.use("one");
      expect(model.active).toBe("one");
      expect(await difference(model, one, one.logits)).toBeLessThan(1e-5);
      await model.use("other");
      expect(await difference(model, other, other.logits)).toBeLessThan(1e-5);
      await model.use(undefined);
      expect(await difference(model, other, other.baseLogits)).toBeLessThan(1e-5);
    }
    expect(loads()).toBe(0);
    await expect(model.use("ones")).rejects.toThrow(
      /no adapter "ones". Did you mean "one"\? The adapters are one, other/,
    );
  });
});

it("generates with an adapter as with the merged model, and goes on with the same programs", async () => {
  const { base, adapter } = await golden("gpt2-words");
  const prompts: HostTensor = { dtype: "int32", shape: [3, 2], data: Int32Array.of(5, 6, 7, 8, 9, 10) };
  const texts = async (cached: CachedModel): Promise<number[][]> => {
    const found = await generate(cached, { inputIds: prompts }, { maxNewTokens: 8 });
    return found.map(([best]) => [...best!.ids]);
  };
  const merged = await texts(cachedModel(await kept(openModel(adapter, here))));
  const plain = await texts(cachedModel(await kept(openModel(base, here))));
  const model = await withAdapters(await kept(openModel(base, here)), { ours: adapter });
  const cached = cachedModel(model);
  expect(await texts(cached)).toEqual(plain);
  const loads = countLoads(model);
  await model.use("ours");
  expect(await texts(cached)).toEqual(merged);
  await model.use(undefined);
  expect(await texts(cached)).toEqual(plain);
  expect(loads()).toBe(0);
  expect(merged).not.toEqual(plain);
});

it("adapters work on a base in fewer bits", async () => {
  const { base, adapter, inputs } = await golden("bert-classes");
  const model = await withAdapters(await kept(openModel(base, { ...here, quantize: "fp16" })), { ours: adapter });
  const exact = await kept(openModel(adapter, here));
  await model.use("ours");
  const [got, expected] = [await model.run(inputs), await exact.run(inputs)];
  for (const [i, value] of expected.get("logits")!.data.entries()) {
    expect(Number(got.get("logits")!.data[i])).toBeCloseTo(Number(value), 1);
  }
});

describe("a merged folder", () => {
  it("needs no adapter, and holds the parameters of the base alone", async () => {
    const made = await golden("bert-classes");
    const out = memoryFolder();
    expect(await mergeAdapterFolder(made.adapter, out, undefined, here)).toEqual({ layers: 6, parameters: 2 });
    const model = await kept(openModel(out, here));
    expect(await difference(model, made, made.logits)).toBeLessThan(1e-5);
    const names = parametersOf(model.architecture).map(({ name }) => name);
    expect([...(await readTensors(out, "model.safetensors")).keys()].sort()).toEqual(names.sort());
    await expect(mergeAdapterFolder(made.adapter, out, undefined, here)).rejects.toThrow(/already holds a model/);
    await expect(mergeAdapterFolder(made.base, memoryFolder())).rejects.toThrow(InputError);
  });
});

describe("what is refused", () => {
  async function changed(config: Readonly<Record<string, unknown>>, without: readonly string[] = []): Promise<Folder> {
    const from = goldens.at("bert-classes");
    const folder = memoryFolder();
    for (const { name } of await from.list())
      if (!without.includes(name)) await folder.write(name, await from.read(name));
    const json = JSON.parse(new TextDecoder().decode(await from.read("adapter_config.json"))) as object;
    await folder.write("adapter_config.json", JSON.stringify({ ...json, ...config }));
    return folder;
  }

  it.each([
    [{ peft_type: "IA3" }, /of the kind IA3/],
    [{ use_dora: true }, /use_dora/],
    [{ init_lora_weights: "pissa_niter_4" }, /pissa_niter_4/],
    [{ r: "eight" }, /r: /],
  ])("%j", async (config, message) => {
    await expect(readAdapter(await changed(config))).rejects.toThrow(CheckpointError);
    await expect(readAdapter(await changed(config))).rejects.toThrow(message);
  });

  it("a folder without the tensors, a pickle, and one without a base", async () => {
    const none = await changed({}, ["adapter_model.safetensors"]);
    await expect(readAdapter(none)).rejects.toThrow(/has no adapter_model\.safetensors/);
    await none.write("adapter_model.bin", "x");
    await expect(readAdapter(none)).rejects.toThrow(/is a pickle/);
    await expect(openModel(await changed({ base_model_name_or_path: null }))).rejects.toThrow(/names no base/);
    await expect(openModel(await changed({ base_model_name_or_path: "no/such" }))).rejects.toThrow(
      /is an adapter of no\/such, which cannot be found\. Give the base, and the adapter beside it/,
    );
    await expect(readAdapter(families.at("bert-model"))).rejects.toThrow(/it is no adapter/);
  });

  it("an adapter of another model, with what does not fit", async () => {
    const { adapter } = await golden("bert-classes");
    await expect(openModel(families.at("gpt2-sequence-classification"), { adapter })).rejects.toThrow(
      /does not fit GPT2ForSequenceClassification:\n {2}there is no linear layer bert\.encoder\.layer\.0/,
    );
    await expect(openModel(families.at("distilbert-sequence-classification"), { adapter })).rejects.toThrow(
      CheckpointError,
    );
  });
});

it("an adapter of the bare body is opened under a head", async () => {
  const { adapter, base } = await golden("bert-tokens");
  const { layers } = await readAdapter(adapter);
  const bare = new Map([...layers].map(([path, change]) => [path.replace(/^bert\./, ""), change]));
  const made = { ...(await readAdapter(adapter)), layers: bare, full: new Map<string, HostTensor>() };
  const model = await kept(openModel(base, here));
  const before = (await model.parameters.read()).get("bert.encoder.layer.1.attention.self.query.weight")!.data.slice();
  await mergeAdapter(model, made);
  const after = (await model.parameters.read()).get("bert.encoder.layer.1.attention.self.query.weight")!.data;
  expect(Array.from(after, Number)).not.toEqual(Array.from(before, Number));
});
