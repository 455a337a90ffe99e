/** What is particular to encoders, beside what their goldens show. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { dimension, gradients, input } from "../../src/graph/index.ts";
import {
  architectureOf,
  families,
  neededInputs,
  parametersOf,
  traceOf,
  type Architecture,
  type ConfigJson,
} from "../../src/models/index.ts";
import { layoutOf, matchWeights, PARAMETERS, tokenPositions, type TensorType } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { readGolden } from "../../src/tasks/golden-file.ts";
import type { Model } from "../../src/tasks/model.ts";
import { openModel } from "../../src/tasks/open.ts";
import { batch, compute, floats, ids } from "./programs.ts";

const encoders = ["albert", "bert", "distilbert", "electra", "esm", "roberta"];
const sizes = { num_hidden_layers: 2, num_attention_heads: 2, hidden_size: 8, intermediate_size: 12, vocab_size: 20 };
const small = (json: ConfigJson): ConfigJson => ({ ...sizes, embedding_size: 6, pad_token_id: 1, ...json });
const made = (json: ConfigJson, className: string): Architecture =>
  architectureOf(small(json), "config.json", { className });

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe("the heads of encoders", () => {
  const heads = families
    .filter(({ modelType }) => encoders.includes(modelType))
    .flatMap((family) => Object.keys(family.heads).map((name) => [name, family.modelType] as const));

  it.each(heads)("%s can be trained with dropout, every parameter but the fixed ones", (className, modelType) => {
    const architecture = made({ model_type: modelType }, className);
    const given = Object.keys(architecture.inputs);
    const { trace, outputs } = traceOf(architecture, given, "training");
    const loss = outputs["loss"] ?? Object.values(outputs)[0]!.sum();
    const parameters = [...trace.parameters.values()];
    const slopes = gradients(
      loss,
      parameters.map(({ tensor }) => tensor),
    );
    // A gradient that is a constant is one that nothing flows into.
    const still = parameters.filter((_, i) => slopes[i]!.node.op.name === "full").map(({ name }) => name);
    expect(still.filter((name) => !name.startsWith("pooler."))).toEqual(
      parameters.filter(({ trained }) => !trained).map(({ name }) => name),
    );
    if (modelType !== "albert") expect(trace.dropoutStreams).toBeGreaterThan(1);
  });

  it.each(heads)("%s needs nothing but ids", (className, modelType) => {
    const architecture = made({ model_type: modelType }, className);
    const full = traceOf(architecture, Object.keys(architecture.inputs)).trace.parameters;
    expect(neededInputs(architecture)).toEqual(["inputIds"]);
    expect(parametersOf(architecture).map(({ name }) => name)).toEqual([...full.keys()]);
  });
});

describe("words that are not tied", () => {
  const untied = { tie_word_embeddings: false };
  it.each([
    ["bert", "BertForMaskedLM", "cls.predictions.decoder.weight", "cls.predictions.bias"],
    ["roberta", "RobertaForMaskedLM", "lm_head.decoder.weight", "lm_head.bias"],
    ["albert", "AlbertForMaskedLM", "predictions.decoder.weight", "predictions.bias"],
    ["distilbert", "DistilBertForMaskedLM", "vocab_projector.weight", undefined],
    ["electra", "ElectraForMaskedLM", "generator_lm_head.weight", undefined],
    ["esm", "EsmForMaskedLM", "lm_head.decoder.weight", undefined],
  ])("%s: a weight of their own, and a bias without use only where the file has one", (type, name, weight, unused) => {
    const names = ({ tied = true }) => parametersOf(made({ model_type: type, ...(tied ? {} : untied) }, name));
    const [one, other] = [names({}), names({ tied: false })];
    expect(one.map((parameter) => parameter.name)).not.toContain(weight);
    expect(other.map((parameter) => parameter.name)).toContain(weight);
    expect(one.every(({ trained }) => trained || type === "esm")).toBe(true);
    expect(other.find((parameter) => parameter.name === unused)?.trained).toBe(unused && false);
  });
});

describe("configs that cannot be honored", () => {
  it.each<[string, string, ConfigJson]>([
    ["bert", "is_decoder", { is_decoder: true }],
    ["roberta", "position_embedding_type", { position_embedding_type: "relative_key" }],
    ["albert", "num_attention_heads", { num_attention_heads: 3 }],
    ["electra", "summary_type", { summary_type: "mean" }],
    ["electra", "summary_first_dropout", { summary_first_dropout: 0.1 }],
    ["distilbert", "n_heads", { dim: 8, n_heads: 3 }],
    ["esm", "is_folding_model", { is_folding_model: true }],
    ["esm", "mask_token_id", { token_dropout: true }],
    ["esm", "even", { position_embedding_type: "rotary", hidden_size: 6 }],
    ["esm", "pad_token_id", { pad_token_id: null }],
  ])("%s: %s", (type, named, json) => {
    const className = Object.keys(families.find(({ modelType }) => modelType === type)!.heads)[0]!;
    expect(() => made({ model_type: type, ...json }, className)).toThrow(new RegExp(named));
  });
});

describe("positions of real tokens", () => {
  it("count from behind the padding's id, wherever the padding lies", async () => {
    const tokens = input("ids", "int32", [batch, dimension("time")]);
    const places = tokenPositions(tokens, 1);
    const { places: found } = await compute(engine, { places }, { ids: ids([0, 7, 2, 1], [1, 0, 1, 2]) });
    expect([...found!.data]).toEqual([2, 3, 4, 1, 1, 2, 1, 3]);
  });
});

describe("ESM", () => {
  const root = "test/families";
  const open = (name: string): Promise<Model> => openModel(diskFolder(`${root}/${name}`), { worker: false });
  const { contacts } = JSON.parse(readFileSync("test/models/golden/esm-contacts.json", "utf8")) as {
    contacts: Record<string, number[][][]>;
  };

  it.each(Object.keys(contacts))("%s: contacts are those of transformers", async (name) => {
    const model = await open(name);
    const golden = await readGolden(diskFolder(`${root}/${name}`), "golden.safetensors");
    const { inputIds, attentionMask } = golden.inputs;
    const results = await model.run({ inputIds: inputIds!, attentionMask: attentionMask! }, { outputs: ["contacts"] });
    const [found, expected] = [floats(results.get("contacts")), contacts[name]!.flat(2)];
    expect(found).toHaveLength(expected.length);
    for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    await model.dispose();
  });

  it("turns by the frequencies of the file", async () => {
    const model = await open("esm-masked-lm");
    const inputs = { inputIds: ids([0, 5, 6, 7, 2]) };
    const logits = async (): Promise<Float32Array> => floats((await model.run(inputs)).get("logits"));
    const before = await logits();
    const { offset } = model.parameters.layout.places.get("esm.rotary_embeddings.inv_freq")!;
    await model.engine.write(PARAMETERS, Float32Array.of(1, 0.02), offset);
    model.parameters.changed();
    expect(await logits()).not.toEqual(before);
    await model.dispose();
  });

  it("opens files with a table of frequencies in each layer, and a table of positions without use", () => {
    const json = { model_type: "esm", position_embedding_type: "rotary", mask_token_id: 3, token_dropout: true };
    const architecture = made(json, "EsmForMaskedLM");
    const parameters = parametersOf(architecture);
    const tensors = new Map<string, TensorType>();
    for (const { name, shape } of parameters) {
      if (!name.endsWith("inv_freq")) tensors.set(name, { dtype: "float32", shape });
    }
    for (const layer of [0, 1]) {
      const name = `esm.encoder.layer.${layer}.attention.self.rotary_embeddings.inv_freq`;
      tensors.set(name, { dtype: "float32", shape: [2] });
    }
    tensors.set("esm.embeddings.position_embeddings.weight", { dtype: "float32", shape: [1026, 8] });
    const { missing, misshapen, unexpected, places } = matchWeights(parameters, tensors, architecture.names);
    expect([missing, misshapen, unexpected]).toEqual([[], [], []]);
    expect(places.get("esm.rotary_embeddings.inv_freq")).toBe(
      "esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq",
    );
  });

  it("leaves what is not trained out of weight decay", () => {
    const parameters = parametersOf(made({ model_type: "esm" }, "EsmForMaskedLM"));
    const { places, decayed } = layoutOf(parameters);
    expect(places.get("esm.contact_head.regression.weight")!.offset).toBeGreaterThanOrEqual(decayed);
    expect(places.get("esm.embeddings.word_embeddings.weight")!.offset).toBeLessThan(decayed);
  });
});
