/** What of LLaMA's configs is read, in both spellings, and what is refused. */
import { describe, expect, it } from "vitest";
import { architectureOf, type ConfigJson } from "../../src/models/index.ts";

const small = { model_type: "llama", hidden_size: 16, num_attention_heads: 4, max_position_embeddings: 64 };
const llama = (json: ConfigJson) =>
  architectureOf({ ...small, ...json }, "config.json", { className: "LlamaForCausalLM" });
const positionsOf = (json: ConfigJson): unknown => llama(json).config["positions"];

const stretched = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 };

describe("rotary positions of a config", () => {
  it.each([
    [{ rope_theta: 700 }, { rope_parameters: { rope_type: "default", rope_theta: 700 } }],
    [
      { rope_theta: 700, rope_scaling: { type: "linear", factor: 2 } },
      { rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 700 }, rope_theta: 5 },
    ],
    [
      { rope_theta: 700, rope_scaling: { rope_type: "llama3", ...stretched } },
      { rope_parameters: { rope_type: "llama3", rope_theta: 700, ...stretched } },
    ],
    [{ rope_scaling: null }, {}],
  ])("are read in the spelling of transformers 4 and of 5: %o, %o", (old, now) => {
    expect(positionsOf(old)).toEqual(positionsOf(now));
  });

  it("differ by what the config says", () => {
    const seen = [{}, { rope_theta: 700 }, { rope_scaling: { type: "linear", factor: 2 } }].map(positionsOf);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(3);
  });

  it.each(["dynamic", "yarn", "longrope"])("are refused by name: %s", (kind) => {
    for (const key of ["rope_scaling", "rope_parameters"]) {
      expect(() => llama({ [key]: { rope_type: kind, factor: 2 } })).toThrow(
        `${key}.kind must be one of default, linear, llama3, not "${kind}"`,
      );
    }
  });

  it("need all that their kind needs, and cover whole heads", () => {
    expect(() => llama({ rope_scaling: { rope_type: "linear" } })).toThrow("factor must be a number, not absent");
    expect(() => llama({ rope_scaling: { rope_type: "llama3", factor: 2 } })).toThrow("lowFrequencyFactor");
    expect(() => llama({ rope_parameters: { rope_type: "default", partial_rotary_factor: 0.5 } })).toThrow(
      "partialFactor must be one of 1, not 0.5",
    );
    expect(() => llama({ partial_rotary_factor: 0.5 })).toThrow("partial_rotary_factor is 0.5");
  });

  it("are written back as both versions read them", () => {
    for (const json of [{ rope_theta: 700 }, { rope_scaling: { type: "linear", factor: 2 } }]) {
      const written = llama(json).toJson();
      expect(positionsOf(written)).toEqual(positionsOf(json));
      expect(written["rope_theta"]).toBe(json["rope_theta" as keyof typeof json] ?? 10_000);
    }
  });
});

describe("heads of a config", () => {
  it.each([
    [{ num_attention_heads: 3 }, "hidden_size 16 does not divide into num_attention_heads 3"],
    [{ num_key_value_heads: 3 }, "num_attention_heads 4 do not share num_key_value_heads 3 evenly"],
    [{ head_dim: 5 }, "rotary positions need heads of an even width, got head_dim 5"],
  ])("%o is refused", (json, message) => {
    expect(() => llama(json)).toThrow(message);
  });
});
