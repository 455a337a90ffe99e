/** BART, mBART, Marian and T5: sizes, configs, and what decoders read. Their numbers are in test/families. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, GraphError } from "../../src/errors/index.ts";
import {
  families,
  architectureOf,
  architectureOfPreset,
  parametersOf,
  traceOf,
  type ConfigJson,
} from "../../src/models/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { compute, distance, drawnParameters, floats, ids } from "./programs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const layers = { encoder_layers: 1, encoder_attention_heads: 2, decoder_layers: 1, decoder_attention_heads: 2 };
const bart = {
  vocab_size: 23,
  d_model: 8,
  encoder_ffn_dim: 9,
  decoder_ffn_dim: 7,
  max_position_embeddings: 16,
  ...layers,
};
const t5 = { model_type: "t5", vocab_size: 23, d_model: 8, d_kv: 5, num_heads: 2, d_ff: 9, num_layers: 1 };
const small = { pad_token_id: 22, decoder_start_token_id: 22 };
const className = "T5ForConditionalGeneration";

type Feeds = Readonly<Record<string, HostTensor>>;

/** The logits of a model with drawn parameters. */
async function logitsOf(json: ConfigJson, feeds: Feeds): Promise<HostTensor> {
  const made = architectureOf(json, "config.json", { task: "conditional-generation" });
  const { trace, outputs } = traceOf(made, Object.keys(feeds));
  const all = { ...feeds, ...Object.fromEntries(drawnParameters(trace)) };
  return (await compute(engine, { logits: outputs["logits"]! }, all))["logits"]!;
}

describe("published sizes", () => {
  // As transformers 5.23 counts the parameters of its classes for conditional generation; Marian's without the two
  // tables of sinusoids, 524,288 values.
  it.each([
    ["bart-base", 139_420_416],
    ["bart-large", 406_291_456],
    ["mbart-large-cc25", 610_851_840],
    ["mbart-large-50", 610_879_488],
    ["opus-mt", 73_886_208],
    ["t5-small", 60_506_624],
    ["t5-base", 222_903_552],
    ["t5-large", 737_668_096],
    ["t5-3b", 2_851_598_336],
    ["t5-11b", 11_307_321_344],
    ["t5-v1_1-small", 76_961_152],
    ["t5-v1_1-base", 247_577_856],
    ["t5-v1_1-large", 783_150_080],
    ["t5-v1_1-xl", 2_849_757_184],
    ["t5-v1_1-xxl", 11_135_332_352],
  ])("%s has %i trained values", (preset, expected) => {
    const made = architectureOfPreset(preset, { task: "conditional-generation" });
    const sizes = parametersOf(made).flatMap(({ shape, trained }) => (trained ? [shape.reduce((a, b) => a * b)] : []));
    expect(sizes.reduce((a, b) => a + b)).toBe(expected);
  });

  it("are all of these families' presets", () => {
    const own = families.filter(({ modelType }) => ["bart", "mbart", "marian", "t5"].includes(modelType));
    expect(own.flatMap(({ presets }) => presets)).toHaveLength(15);
  });
});

describe("configs", () => {
  it.each([
    [{ ...bart, model_type: "bart", tie_word_embeddings: false }, "tie_word_embeddings is false"],
    [{ ...bart, model_type: "bart", normalize_before: true }, "normalize_before is true"],
    [{ ...bart, model_type: "mbart", normalize_before: false }, "normalize_before is false"],
    [{ ...bart, model_type: "mbart", encoder_layerdrop: 0.1 }, "encoder_layerdrop is 0.1"],
    [{ ...bart, model_type: "bart", decoder_attention_heads: 3 }, "d_model 8 does not divide into 3 attention heads"],
    [{ ...bart, model_type: "marian", decoder_vocab_size: 9 }, "a vocab_size of 23 and a decoder_vocab_size of 9"],
    [{ ...bart, model_type: "marian", tie_word_embeddings: false }, "tie_word_embeddings is false"],
    [{ ...bart, model_type: "marian", static_position_embeddings: false }, "static_position_embeddings is false"],
    [{ ...t5, feed_forward_proj: "gated-mish" }, "mish"],
    [{ ...t5, relative_attention_max_distance: 16 }, "must be above half of the 32 buckets"],
    [{ ...t5, relative_attention_num_buckets: 3 }, "at least 4"],
  ])("refuse %j", (json, message) => {
    expect(() => architectureOf(json, "config.json")).toThrow(ConfigError);
    expect(() => architectureOf(json, "config.json")).toThrow(message);
  });

  it.each([
    ["relu", { activation: "relu", gated: false }],
    ["gated-gelu", { activation: "gelu_tanh", gated: true }],
    ["gated-silu", { activation: "silu", gated: true }],
    ["gelu", { activation: "gelu", gated: false }],
  ])("of T5 say %s, and are written back so", (word, inner) => {
    const made = architectureOf({ ...t5, feed_forward_proj: word }, "config.json");
    expect(made.config["inner"]).toEqual(inner);
    const json = made.toJson();
    expect(json).toMatchObject({ feed_forward_proj: word, is_gated_act: inner.gated });
    expect(architectureOf(json, "config.json").config).toEqual(made.config);
  });

  it.each([
    [{}, true],
    [{ tie_word_embeddings: true }, true],
    [{ tie_word_embeddings: false }, false],
    [{ tie_word_embeddings: true, scale_decoder_outputs: false }, false],
    [{ tie_word_embeddings: false, scale_decoder_outputs: true }, true],
  ])("of T5 with %j: output scaled %s", (json, scaled) => {
    expect(architectureOf({ ...t5, ...json }, "config.json", { className }).config["output"]).toMatchObject({ scaled });
  });

  it("of T5 whose file has an output layer of its own say so when written", () => {
    const made = architectureOf(t5, "config.json", { className });
    const names = (one = made): string[] => parametersOf(one).map(({ name }) => name);
    expect(names()).not.toContain("lm_head.weight");
    expect(made.names.tied).toHaveProperty(["lm_head.weight"]);
    const untied = made.untied()!;
    expect(names(untied)).toContain("lm_head.weight");
    expect(untied.names.tied).not.toHaveProperty(["lm_head.weight"]);
    expect(untied.config["output"]).toEqual({ tied: false, scaled: true });
    expect(untied.toJson(t5)).toMatchObject({ tie_word_embeddings: false, scale_decoder_outputs: true });
    expect(architectureOf({ ...bart, model_type: "bart" }, "config.json").untied()).toBeUndefined();
  });

  it("of BART without names of classes have three, of the others two", () => {
    const labels = (type: string): unknown =>
      architectureOf({ ...bart, model_type: type }, "config.json").config["labels"];
    expect(labels("bart")).toHaveLength(3);
    expect(labels("mbart")).toHaveLength(2);
  });
});

describe("what the decoder reads", () => {
  const inputIds = ids([5, 6, 2], [7, 2, 1]);
  const labels = ids([8, 9, 10, 2], [11, 2, -100, -100]);

  /** Logits from labels, and from the inputs of the decoder that they stand for. */
  const both = async (json: ConfigJson, read: HostTensor): Promise<[Float32Array, Float32Array]> => [
    floats(await logitsOf(json, { inputIds, labels })),
    floats(await logitsOf(json, { inputIds, decoderInputIds: read })),
  ];

  it.each([
    ["bart", { ...bart, model_type: "bart" }, ids([2, 8, 9, 10], [2, 11, 2, 1])],
    [
      "bart, another start",
      { ...bart, model_type: "bart", decoder_start_token_id: 4 },
      ids([4, 8, 9, 10], [4, 11, 2, 1]),
    ],
    ["mbart", { ...bart, model_type: "mbart" }, ids([2, 8, 9, 10], [2, 11, 2, 1])],
    [
      "marian",
      { ...bart, model_type: "marian", pad_token_id: 22, decoder_start_token_id: 22 },
      ids([22, 8, 9, 10], [22, 11, 2, 22]),
    ],
    ["t5", t5, ids([0, 8, 9, 10], [0, 11, 2, 0])],
  ])("of %s comes from labels", async (_, json, read) => {
    const [ours, expected] = await both(json, read);
    expect(distance(ours, expected)).toBe(0);
  });

  it("of mBART begins with the last real label", async () => {
    const json = { ...bart, model_type: "mbart", decoder_start_token_id: 20 };
    const [ours, shifted] = await both(json, ids([20, 8, 9, 10], [20, 11, 2, 1]));
    expect(distance(ours, shifted)).toBeGreaterThan(0.1);
  });

  it("must be given, or labels, where the library asks for it", () => {
    const made = architectureOf(t5, "config.json", { className });
    expect(() => traceOf(made, ["inputIds"])).toThrow(GraphError);
    expect(() => traceOf(made, ["inputIds"])).toThrow('needs the input "decoderInputIds", or "labels"');
    expect(() => traceOf(made, ["inputIds", "labels"])).not.toThrow();
  });
});

describe("masks", () => {
  const feeds = (source: number, target: number): Feeds => ({
    inputIds: ids([source, 6, 7, 2]),
    attentionMask: ids([0, 1, 1, 1]),
    decoderInputIds: ids([target, 4, 5, 6]),
    decoderAttentionMask: ids([0, 1, 1, 1]),
  });

  it.each([
    ["bart", { ...bart, model_type: "bart" }],
    ["mbart", { ...bart, model_type: "mbart" }],
    ["marian", { ...bart, ...small, model_type: "marian" }],
    ["t5", t5],
  ])("of %s hide what they say of the source and of what the decoder reads, and no more", async (_, json) => {
    const run = async (given: Feeds): Promise<Float32Array> => {
      const logits = await logitsOf(json, given);
      return floats(logits).subarray(logits.shape[2]); // without the position that is hidden
    };
    const before = await run(feeds(5, 3));
    expect(distance(await run(feeds(8, 3)), before)).toBe(0);
    expect(distance(await run(feeds(5, 9)), before)).toBe(0);
    for (const name of ["attentionMask", "decoderAttentionMask"]) {
      const seen = { ...feeds(5, 3), [name]: ids([1, 1, 1, 1]) };
      expect(distance(await run(seen), before), name).toBeGreaterThan(0.01);
    }
  });
});
