/** Runs that train a part of a model: what changes, what is written, and that they resume to the bit. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { readAdapter, readTensors } from "../../src/checkpoints/index.ts";
import { ConfigError, InputError } from "../../src/errors/index.ts";
import type { Folder } from "../../src/files/index.ts";
import { wayConfig, finetune } from "../../src/learning/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import type { TextClassifier } from "../../src/tasks/classify.ts";
import { openModel, type OpenOptions } from "../../src/tasks/open.ts";
import { open } from "../../src/tasks/open-task.ts";
import { here } from "../tasks/checkpoints.ts";
import { configOf, ran, rows, workplace } from "./workplace.ts";

let root: Folder;
beforeAll(async () => {
  root = await workplace();
});
const opened: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

const lora = { rank: 4, alpha: 16, targets: ["query", "value"] };
const BASE = "bert.encoder.layer.0.attention.self.query.weight";

async function weightsOf(folder: Folder, options: OpenOptions = {}): Promise<Map<string, HostTensor>> {
  const model = await openModel(folder, { ...here, ...options });
  opened.push(model);
  return model.parameters.read();
}

/** Names of the parameters that differ between two folders. */
function changedNames(before: Map<string, HostTensor>, after: Map<string, HostTensor>): string[] {
  return [...after].flatMap(([name, { data }]) => {
    const old = before.get(name)?.data;
    return old?.every((value, i) => value === data[i]) === true ? [] : [name];
  });
}

async function classes(folder: Folder, adapter?: Folder): Promise<[string, number][]> {
  const classifier: TextClassifier = await open(folder, { task: "classify", ...here, adapter });
  opened.push(classifier);
  const found = await classifier.classify(rows.map(({ text }) => text));
  return found.map(([best]) => [best!.label, best!.score]);
}

describe("LoRA", () => {
  it("trains few parameters, learns, and writes an adapter with the head and what the base lacked", async () => {
    const { steps, lesson } = await ran(root, "lora", configOf({ lora }, { updates: 80, learningRate: 0.02 }));
    expect(lesson.summary.at(-1)).toMatch(/^trained: \d+ of [\d,]+ parameters \(\d+\.\d\d %\)$/);
    const trained = lesson.parameters.specs.filter((spec) => spec.trained).map(({ name }) => name);
    expect(trained.filter((name) => !name.includes("lora_"))).toEqual([
      ...["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"],
    ]);
    expect(steps.at(-1)!.loss).toBeLessThan(0.1);
    const files = (await root.at("lora").list()).map(({ name }) => name);
    expect(files).toContain("tokenizer.json");
    expect(files).not.toContain("model.safetensors");
    const tensors = await readTensors(root.at("lora"), "adapter_model.safetensors");
    expect([...tensors.keys()].sort()).toEqual(
      [
        ...trained.filter((name) => name.includes("lora_")),
        ...["bert.pooler.dense.weight", "bert.pooler.dense.bias", "classifier.weight", "classifier.bias"],
      ]
        .map((name) => `base_model.model.${name}`)
        .sort(),
    );
    const json = JSON.parse(new TextDecoder().decode(await root.read("lora/adapter_config.json"))) as object;
    expect(json).toMatchObject({
      ...{ peft_type: "LORA", task_type: "SEQ_CLS", r: 4, lora_alpha: 16, base_model_name_or_path: "base" },
      ...{ target_modules: ["query", "value"], modules_to_save: ["classifier", "pooler"] },
    });
    const found = await classes(root.at("base"), root.at("lora"));
    expect(found.map(([label]) => label)).toEqual(rows.map(({ label }) => label));
  });

  it("leaves the base as it is, and has neither gradients nor optimizer state for it", async () => {
    const { lesson } = await ran(root, "lora-small", configOf({ lora }, { updates: 2, weightDecay: 0.5 }));
    const { layout } = lesson.parameters;
    expect(layout.trained).toBeLessThan(layout.size / 2);
    const [step] = (await root.at("lora-small/checkpoints").list()).map(({ name }) => name);
    const state = await readTensors(root.at(`lora-small/checkpoints/${step!}`), "optimizer.safetensors");
    expect(state.get("optimizer mean")!.data.length).toBe(layout.trained);
    const base = await weightsOf(root.at("base"), { task: "sequence-classification", fresh: true });
    const adapted = await weightsOf(root.at("base"), { adapter: root.at("lora-small") });
    const changed = changedNames(base, adapted);
    expect(changed.every((name) => /(query|value|pooler\.dense|classifier)\.(weight|bias)$/.test(name))).toBe(true);
    expect(changed).toContain(BASE);
  });

  it("resumes to the bit", async () => {
    const config = configOf({ lora: { ...lora, dropout: 0.1 } });
    await ran(root, "whole", config);
    await ran(root, "stopped", config, { stopAfter: 5 });
    await ran(root, "stopped", config, { resume: true });
    const read = (folder: string): Promise<Uint8Array> => root.read(`${folder}/adapter_model.safetensors`);
    expect(await read("stopped")).toEqual(await read("whole"));
  });

  it("goes back to the best weights, from checkpoints that hold the adapter alone", async () => {
    const config = configOf(
      { lora, validation: ["dev.tsv"] },
      { updates: 8, validateEvery: 2, patience: 2, learningRate: 0.003 },
    );
    const { steps } = await ran(root, "best", config);
    expect(steps.length).toBeGreaterThan(2);
    expect((await readAdapter(root.at("best"))).layers.size).toBe(4);
  });

  it.each([
    ["", lora],
    [", an embedding among the layers", { ...lora, targets: ["word_embeddings", "query"] }],
  ])("with merge leaves a model that says the same%s", async (name, how) => {
    const config = configOf({ lora: how, seed: 3 });
    await ran(root, `apart${name}`, config);
    await ran(root, `merged${name}`, { ...config, merge: true });
    const changed = changedNames(
      await weightsOf(root.at("base"), { task: "sequence-classification", fresh: true }),
      await weightsOf(root.at(`merged${name}`)),
    );
    expect(changed.some((one) => one.endsWith("word_embeddings.weight"))).toBe(name !== "");
    expect((await root.at(`merged${name}`).list()).map(({ name }) => name)).not.toContain("adapter_config.json");
    const [one, other] = [
      await classes(root.at("base"), root.at(`apart${name}`)),
      await classes(root.at(`merged${name}`)),
    ];
    expect(other.map(([label]) => label)).toEqual(one.map(([label]) => label));
    for (const [i, [, score]] of other.entries()) expect(score).toBeCloseTo(one[i]![1], 5);
  });

  it("trains no more in full than modulesToSave says, and keeps the rest of a fresh head as it was drawn", async () => {
    const { lesson } = await ran(root, "little", configOf({ lora: { ...lora, modulesToSave: ["classifier"] } }));
    const trained = lesson.parameters.specs.filter((spec) => spec.trained).map(({ name }) => name);
    expect(trained.filter((name) => !name.includes("lora_"))).toEqual(["classifier.weight", "classifier.bias"]);
    const { full } = await readAdapter(root.at("little"));
    expect([...full.keys()].sort()).toContain("bert.pooler.dense.weight");
  });

  it.each([
    [
      { lora: { targets: ["quarry"] } },
      /no layer is called "quarry"\. Did you mean "query"\? The layers are word_embeddings, query, key, value, dense/,
    ],
    [{ lora: { modulesToSave: ["clasifier"] } }, /no module "clasifier"\. Did you mean "classifier"/],
    [{ lora: {}, headOnly: true }, /leave out freeze and headOnly/],
    [{ lora: {}, model: "bert-base" }, /give the folder of one as model/],
    [{ merge: true }, /nothing to merge/],
    [{ freeze: ["0"], headOnly: true }, /freezing body is headOnly/],
    [{ freeze: ["7"] }, /no part "7"\. Its parts are embeddings, 0-1, head, body/],
    [{ freeze: ["body", "head"] }, /nothing would be trained/],
  ])("%j is refused", async (given, message) => {
    await expect(ran(root, "refused", configOf(given))).rejects.toThrow(message);
  });

  it("names unknown keys of its section", () => {
    expect(() => configOf({ lora: { rang: 4 } })).toThrow(/no key "rang" in lora; did you mean "rank"/);
    expect(() => wayConfig(finetune, { task: "classify", model: "base", data: ["x"], frieze: [] }, "c")).toThrow(
      /did you mean "freeze"/,
    );
  });
});

describe("freezing", () => {
  it("leaves parts as they are, decay or not, without state for them, and resumes to the bit", async () => {
    const config = configOf({ freeze: ["embeddings", "0"] }, { weightDecay: 0.3, updates: 6 });
    const { lesson } = await ran(root, "frozen", config);
    const base = await weightsOf(root.at("base"), { task: "sequence-classification", fresh: true });
    const changed = changedNames(base, await weightsOf(root.at("frozen")));
    expect(changed.some((name) => name.includes("layer.1."))).toBe(true);
    expect(changed.some((name) => /embeddings|layer\.0\./.test(name))).toBe(false);
    expect(lesson.parameters.layout.trained).toBeLessThan(lesson.parameters.layout.size);
    await ran(root, "frozen-stopped", config, { stopAfter: 3 });
    await ran(root, "frozen-stopped", config, { resume: true });
    expect(await root.read("frozen-stopped/model.safetensors")).toEqual(await root.read("frozen/model.safetensors"));
  });

  it("of the body trains the head alone", async () => {
    const { lesson } = await ran(root, "head", configOf({ headOnly: true }));
    const trained = lesson.parameters.specs.filter((spec) => spec.trained).map(({ name }) => name);
    expect(trained.every((name) => /^(bert\.pooler|classifier)\./.test(name))).toBe(true);
  });
});

describe("rates by layer", () => {
  it("divide by the factor from each layer to the one below", async () => {
    const { lesson } = await ran(root, "decay", configOf({ layerDecay: 2 }, { updates: 1 }));
    expect(lesson.rates!("classifier.weight")).toBe(1);
    expect(lesson.rates!("bert.encoder.layer.1.output.dense.weight")).toBe(0.5);
    expect(lesson.rates!("bert.encoder.layer.0.output.dense.weight")).toBe(0.25);
    expect(lesson.rates!("bert.embeddings.word_embeddings.weight")).toBe(0.125);
  });

  it("unfreeze a layer after so many updates, from the top; after each epoch if asked", async () => {
    const { lesson } = await ran(root, "gradual", configOf({ unfreeze: 3 }, { updates: 5 }));
    expect(lesson.starts!("bert.encoder.layer.1.output.dense.weight")).toBe(3);
    const base = await weightsOf(root.at("base"), { task: "sequence-classification", fresh: true });
    const changed = changedNames(base, await weightsOf(root.at("gradual")));
    expect(changed.some((name) => name.includes("layer.1."))).toBe(true);
    expect(changed.some((name) => /embeddings|layer\.0\./.test(name))).toBe(false);
    const epochs = await ran(root, "epochs", configOf({ unfreeze: "epoch" }, { updates: 1 }));
    expect(epochs.lesson.starts!("bert.encoder.layer.0.output.dense.weight")).toBe(2 * epochs.lesson.updatesPerEpoch!);
  });

  it("resume to the bit in the middle of unfreezing", async () => {
    const config = configOf({ unfreeze: 2, layerDecay: 2.6 }, { updates: 7 });
    await ran(root, "unfrozen", config);
    await ran(root, "unfrozen-stopped", config, { stopAfter: 3 });
    await ran(root, "unfrozen-stopped", config, { resume: true });
    expect(await root.read("unfrozen-stopped/model.safetensors")).toEqual(
      await root.read("unfrozen/model.safetensors"),
    );
  });
});

it("errors are of the kinds that say whose they are", async () => {
  await expect(ran(root, "refused", configOf({ merge: true }))).rejects.toThrow(ConfigError);
  await expect(ran(root, "refused", configOf({ freeze: ["7"] }))).rejects.toThrow(InputError);
});
