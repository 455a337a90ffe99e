/** An adapted architecture: the same model with changes beside its layers and frozen parameters, wherever it is traced. */
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { adapted, architectureOf, adaptableLayers, parametersOf, type Architecture } from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import { loraPlan } from "../../src/tasks/lora.ts";

const bert = (className: string): Architecture =>
  architectureOf(
    {
      model_type: "bert",
      vocab_size: 20,
      hidden_size: 8,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      intermediate_size: 12,
    },
    "config",
    { className },
  );
const classifier = bert("BertForSequenceClassification");
const QUERY = "bert.encoder.layer.0.attention.self.query";

describe("linear layers", () => {
  it("are told with their widths and how their weights lie", () => {
    const layers = adaptableLayers(classifier);
    expect(layers.get(QUERY)).toEqual({ path: QUERY, from: 8, to: 8, layout: "out-in", table: false });
    expect(layers.get("bert.encoder.layer.1.output.dense")).toMatchObject({ from: 12, to: 8 });
    expect([...layers.keys()].filter((path) => path.includes("layer."))).toHaveLength(12);
    const words = { path: "bert.embeddings.word_embeddings", from: 20, to: 8, layout: "in-out", table: true };
    expect(layers.get(words.path)).toEqual(words);
    // A table that may score words, too, cannot change alone.
    expect(adaptableLayers(bert("BertForMaskedLM")).has(words.path)).toBe(false);
    const gpt2 = architectureOf({ model_type: "gpt2", n_embd: 8, n_layer: 1, n_head: 2, vocab_size: 9 }, "config");
    expect(adaptableLayers(gpt2).get("h.0.attn.c_attn")).toMatchObject({ from: 8, to: 24, layout: "in-out" });
  });

  it("that are shared count once", () => {
    const albert = architectureOf(
      {
        model_type: "albert",
        vocab_size: 20,
        hidden_size: 8,
        num_hidden_layers: 3,
        num_attention_heads: 2,
        intermediate_size: 12,
        embedding_size: 4,
      },
      "config",
    );
    expect([...adaptableLayers(albert).keys()].filter((path) => path.endsWith("query"))).toHaveLength(1);
  });
});

describe("an adapted architecture", () => {
  const how = {
    lora: (path: string) => (path === QUERY ? { rank: 3, scale: 2 } : undefined),
    trained: (name: string) => name.includes("lora_"),
  };

  it("has the same parameters and those of the changes", () => {
    const names = parametersOf(classifier).map(({ name }) => name);
    const specs = parametersOf(adapted(classifier, how));
    const added = specs.filter(({ name }) => !names.includes(name));
    expect(added.map(({ name, shape }) => [name, shape])).toEqual([
      [`${QUERY}.lora_A.weight`, [3, 8]],
      [`${QUERY}.lora_B.weight`, [8, 3]],
    ]);
    expect(specs.filter(({ trained }) => trained)).toEqual(added);
    expect(added[0]!.initial).toEqual({ kind: "uniform", bound: 8 ** -0.5 });
    expect(added[1]!.initial).toEqual({ kind: "zeros" });
  });

  it("means its own names where it is a part of something larger", () => {
    const trace = new Trace("forward");
    trace.run((scope) => adapted(classifier, how).compute(scope.at("policy"), ["inputIds"]));
    const trained = [...trace.parameters.values()].filter((one) => one.trained).map(({ name }) => name);
    expect(trained).toEqual([`policy.${QUERY}.lora_A.weight`, `policy.${QUERY}.lora_B.weight`]);
  });
});

describe("a plan of LoRA", () => {
  it("takes queries and values, and the head in full, where nothing is said", () => {
    const plan = loraPlan(classifier);
    expect(plan.layers.map(({ path }) => path.split(".").at(-1))).toEqual(["query", "value", "query", "value"]);
    expect(plan).toMatchObject({ rank: 8, alpha: 16, dropout: 0 });
    expect(plan.change(QUERY)).toEqual({ rank: 8, scale: 2, dropout: 0 });
    expect(["classifier.weight", "bert.pooler.dense.weight", `${QUERY}.weight`].map(plan.trained)).toEqual([
      true,
      false,
      false,
    ]);
    expect(plan.stored("classifier.bias")).toBe("base_model.model.classifier.bias");
    expect(plan.stored(`${QUERY}.weight`)).toBeUndefined();
    expect(loraPlan(bert("BertForMaskedLM")).description.modules).toEqual([]);
  });

  it("takes layers by the ends of their paths, by expressions, and all below the head", () => {
    const count = (...targets: string[]): number => loraPlan(classifier, { targets }).layers.length;
    expect(count("query")).toBe(2);
    expect(count("attention.self.query", "intermediate.dense")).toBe(4);
    expect(count("/bert\\.encoder\\.layer\\.1\\..*/")).toBe(6);
    expect(count("all-linear")).toBe(12);
    expect(() => count("uery")).toThrow(InputError);
    expect(() => count("query", "keyy")).toThrow(/no layer is called "keyy"\. Did you mean "key"/);
  });

  it("names targets for another program so that they mean the same layers there", () => {
    const targets = (...asked: string[]): readonly string[] =>
      loraPlan(classifier, { targets: asked }).description.targets;
    expect(targets("query", "value")).toEqual(["query", "value"]);
    // "dense" would be six layers and the pooler.
    expect(targets("intermediate.dense")).toEqual(
      [0, 1].map((layer) => `bert.encoder.layer.${layer}.intermediate.dense`),
    );
  });
});
