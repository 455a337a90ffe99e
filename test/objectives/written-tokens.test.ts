import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { architectureOf } from "../../src/models/index.ts";
import { lossOf, writtenTokens } from "../../src/objectives/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { drawn, evaluated, matrix } from "./running.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const sizes = {
  bart: {
    ...{ d_model: 8, encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2, decoder_attention_heads: 2 },
    ...{ encoder_ffn_dim: 12, decoder_ffn_dim: 12, max_position_embeddings: 16, dropout: 0 },
  },
  mbart: {
    ...{ d_model: 8, encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2, decoder_attention_heads: 2 },
    ...{ encoder_ffn_dim: 12, decoder_ffn_dim: 12, max_position_embeddings: 16, dropout: 0 },
  },
  t5: { d_model: 8, d_kv: 4, d_ff: 12, num_layers: 1, num_heads: 2, dropout_rate: 0 },
} as const;

describe("what an encoder with a decoder is to write", () => {
  it.each(["bart", "mbart", "t5"] as const)("%s: costs the head's own mean loss for each label", async (family) => {
    const json = { model_type: family, vocab_size: 30, ...sizes[family] };
    const architecture = architectureOf(json, "a test", { task: "conditional-generation" });
    const feeds = {
      inputIds: matrix([5, 6, 7, 2], [8, 9, 2, 1]),
      attentionMask: matrix([1, 1, 1, 1], [1, 1, 1, 0]),
      labels: matrix([10, 11, 12, 13, 2], [14, 15, 2, -100, -100]),
    };
    const given = ["inputIds", "attentionMask"];
    const objective = writtenTokens(architecture, given);
    const values = drawn(objective, 3);
    const found = await evaluated(engine, objective, values, feeds);
    const { loss } = await evaluated(engine, lossOf(architecture, [...given, "labels"]), values, feeds);
    expect(found["loss"]! / 8).toBeCloseTo(loss!, 5);
    expect(found["right"]).toBeGreaterThanOrEqual(0);
  });

  it("is refused by a model that writes nothing", () => {
    const json = { model_type: "bert", vocab_size: 30, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 1 };
    const bert = architectureOf({ ...json, intermediate_size: 8 }, "a test", { task: "sequence-classification" });
    expect(() => drawn(writtenTokens(bert, ["inputIds"]))).toThrow(/gives no logits of tokens/);
  });
});
