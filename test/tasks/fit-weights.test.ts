import { describe, expect, it } from "vitest";
import type { StoredWeights } from "../../src/checkpoints/index.ts";
import { architectureOf, parametersOf } from "../../src/models/index.ts";
import { fitWeights } from "../../src/tasks/fit-weights.ts";

const json = { model_type: "t5", vocab_size: 7, d_model: 4, d_kv: 2, num_heads: 2, d_ff: 3, num_layers: 1 };
const tied = architectureOf(json, "config.json", { className: "T5ForConditionalGeneration" });

/** A file with the parameters and an output layer, which is the table of words or another one. */
function stored(equal: boolean): StoredWeights {
  const names = [
    ...parametersOf(tied).map(({ name, shape }) => [name, shape] as const),
    ["lm_head.weight", [7, 4]] as const,
  ];
  return {
    shown: "model.safetensors",
    tensors: new Map(names.map(([name, shape]) => [name, { dtype: "float32", shape, stored: "F32" }])),
    metadata: {},
    tensor: () => Promise.reject(new Error("no values are needed")),
    equal: () => Promise.resolve(equal),
  };
}

describe("an output layer in the file of a model whose config ties it", () => {
  it("is a copy where it has the same values", async () => {
    const { architecture, match } = await fitWeights(tied, stored(true));
    expect(architecture).toBe(tied);
    expect([...match.copies]).toEqual([["lm_head.weight", "shared.weight"]]);
  });

  it("is one of its own where it has not", async () => {
    const { architecture, match } = await fitWeights(tied, stored(false));
    expect(architecture.config["output"]).toMatchObject({ tied: false });
    expect(match.places.get("lm_head.weight")).toBe("lm_head.weight");
    expect([match.copies.size, match.missing, match.unexpected]).toEqual([0, [], []]);
  });

  it("stays a copy that differs where the family has no other way, to be refused", async () => {
    const bert = architectureOf(
      {
        model_type: "bert",
        vocab_size: 7,
        hidden_size: 4,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 3,
      },
      "config.json",
      { className: "BertForMaskedLM" },
    );
    const weights = stored(false);
    const names = [
      ...parametersOf(bert).map(({ name, shape }) => [name, shape] as const),
      ["cls.predictions.decoder.weight", [7, 4]] as const,
    ];
    const tensors = new Map(
      names.map(([name, shape]) => [name, { dtype: "float32" as const, shape, stored: "F32" as const }]),
    );
    const { architecture, match } = await fitWeights(bert, { ...weights, tensors });
    expect(architecture).toBe(bert);
    expect(match.copies.size).toBe(1);
  });
});
