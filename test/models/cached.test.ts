/** What families that generate compute token by token, from a cache, is what they compute at once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CachedModel, type ModelFunction } from "../../src/generation/index.ts";
import { architectureOf, neededInputs, type ConfigJson } from "../../src/models/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { forward, matrix, peaked } from "../generation/models.ts";

const gpt = { vocab_size: 29, n_embd: 16, n_layer: 2, n_head: 4, n_positions: 16 };
const llama = {
  ...{ model_type: "llama", vocab_size: 29, hidden_size: 16, intermediate_size: 27, num_hidden_layers: 2 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 16, rope_theta: 300 },
};
const transfoXl = {
  ...{ model_type: "transfo-xl", vocab_size: 29, cutoffs: [9, 20], d_model: 16, d_embed: 16, d_inner: 27, n_head: 4 },
  ...{ d_head: 5, n_layer: 2, div_val: 2, mem_len: 5, clamp_len: 4, same_length: true },
};

/** One small config a class; add a line with a family. */
const generating: readonly (readonly [string, ConfigJson])[] = [
  ["GPT2LMHeadModel", { model_type: "gpt2", ...gpt }],
  ["OpenAIGPTLMHeadModel", { model_type: "openai-gpt", ...gpt }],
  ["CTRLLMHeadModel", { model_type: "ctrl", dff: 27, ...gpt }],
  ["LlamaForCausalLM", llama],
  ["LlamaForCausalLM", { ...llama, num_key_value_heads: 1, head_dim: 6, tie_word_embeddings: true }],
  ["TransfoXLLMHeadModel", transfoXl],
  ["TransfoXLLMHeadModel", { ...transfoXl, pre_lnorm: true, untie_r: false, div_val: 1 }],
];

const rows = [
  [3, 14, 15, 9, 26, 5, 8, 7, 21],
  [2, 7, 18, 28, 1, 8, 10, 4, 23],
];
const PROMPT = 4;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe.each(generating)("%s of %o", (className, json) => {
  const made = architectureOf(json, "config.json", { className });
  const model: ModelFunction = (scope) => made.compute(scope, neededInputs(made))["logits"]!;

  it("computes from its cache what it computes at once, also where rows change places", async () => {
    const cached = new CachedModel(await peaked(engine, model, 5), model, { growing: "inputIds" });
    const { data, shape } = await forward(cached.parameters, model, { inputIds: matrix(rows) });
    const [, time, width] = shape as [number, number, number];
    const logitsAt = (row: number, place: number): Float32Array =>
      (data as Float32Array).subarray((row * time + place) * width, (row * time + place + 1) * width);
    const session = await cached.start({ inputIds: matrix(rows.map((row) => row.slice(0, PROMPT))) }, LOGITS);
    let order = [0, 1];
    for (let place = PROMPT - 1; ; place++) {
      const { selected } = session;
      if (selected.kind !== "logits") throw new Error("expected logits");
      const expected = order.flatMap((row) => [...logitsAt(row, place)]);
      const largest = Math.max(...expected.map(Math.abs));
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(selected.logits[i]! - value), `place ${place}`).toBeLessThan(1e-5 * Math.max(1, largest));
      }
      if (place + 1 === time) break;
      const places = place % 2 === 0 ? [1, 0] : [0, 1];
      order = places.map((row) => order[row]!);
      await session.advance(
        Int32Array.from(order, (row) => rows[row]![place + 1]!),
        Int32Array.from(places),
      );
    }
    await session.close();
    await cached.dispose();
  });
});

const LOGITS = { kind: "logits" } as const;
