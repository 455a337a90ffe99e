/** Queries that begin like keys: which weights, in which families, and what it does to a fresh model. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors/index.ts";
import { architectureOf, parametersOf, type ConfigJson } from "../../src/models/index.ts";
import { queriesLikeKeys } from "../../src/nn/index.ts";
import type { Model } from "../../src/tasks/model.ts";
import { createModel, type CreateOptions } from "../../src/tasks/open.ts";

const familyConfig = (folder: string): ConfigJson =>
  JSON.parse(readFileSync(`test/families/${folder}/config.json`, "utf8")) as ConfigJson;

const models: Model[] = [];
afterEach(async () => {
  for (const model of models.splice(0)) await model.dispose();
});

async function fresh(config: ConfigJson, options: CreateOptions = {}): Promise<Model> {
  const model = await createModel(architectureOf(config, "test", { task: "features" }), {
    ...{ worker: false, threads: 1 },
    ...options,
  });
  models.push(model);
  return model;
}

const bert = {
  ...{ model_type: "bert", vocab_size: 40, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2 },
  ...{ intermediate_size: 32, max_position_embeddings: 16, initializer_range: 0.3, pad_token_id: 0 },
};

describe("which weights", () => {
  it.each([
    ["bert-model", 2, "layer.0.attention.self.query.weight", "layer.0.attention.self.key.weight"],
    ["distilbert-model", 2, "layer.1.attention.q_lin.weight", "layer.1.attention.k_lin.weight"],
    ["t5-model", 4, "encoder.block.0.layer.0.SelfAttention.q.weight", "encoder.block.0.layer.0.SelfAttention.k.weight"],
    ["bart-model", 6, "decoder.layers.0.encoder_attn.q_proj.weight", "decoder.layers.0.encoder_attn.k_proj.weight"],
    ["ctrl-model", 2, "h.0.multi_head_attention.Wq.weight", "h.0.multi_head_attention.Wk.weight"],
    ["vit-model", 2, "layer.0.attention.attention.query.weight", "layer.0.attention.attention.key.weight"],
  ])("are those of each attention of %s: %d", (folder, count, query, key) => {
    const pairs = [...queriesLikeKeys(parametersOf(architectureOf(familyConfig(folder), folder)))];
    expect(pairs.filter(([name]) => name.endsWith(".weight"))).toHaveLength(count);
    expect(pairs.filter(([q, k]) => q.endsWith(query) && k.endsWith(key))).toHaveLength(1);
  });

  it("are none where both lie in one matrix, or where heads share keys", () => {
    for (const folder of ["gpt2-model", "transfo-xl-model", "llama-model"]) {
      expect([...queriesLikeKeys(parametersOf(architectureOf(familyConfig(folder), folder)))]).toEqual([]);
    }
  });
});

describe("a fresh model", () => {
  it("has them equal, and all else as it would be", async () => {
    const usual = await (await fresh(bert, { seed: 5 })).parameters.read();
    const equal = await (await fresh(bert, { seed: 5, queriesLikeKeys: true })).parameters.read();
    for (const [name, { data }] of equal) {
      const like = name.replace("query", "key");
      expect(data, name).toEqual(usual.get(like)!.data);
      if (name.endsWith("query.weight")) expect(data, name).not.toEqual(usual.get(name)!.data);
    }
  });

  it("sees equal tokens from the start", async () => {
    // Six tokens and the same again: the weight of a token on its equal, by the mean weight on the ten that are neither.
    const data = Int32Array.from({ length: 12 }, (_, i) => 4 + (i % 6));
    const preference = async (options: CreateOptions): Promise<number> => {
      const model = await fresh(bert, options);
      const inputs = { inputIds: { dtype: "int32", shape: [1, 12], data } } as const;
      const { attentions } = await model.forward(inputs, { attentions: true });
      const weights = attentions[0]!.data as Float32Array; // [1, 2, 12, 12]
      let [equal, others] = [0, 0];
      for (const [at, weight] of weights.entries()) {
        const [from, to] = [Math.floor(at / 12) % 12, at % 12];
        if (to === (from + 6) % 12) equal += weight;
        else if (to !== from) others += weight;
      }
      return equal / (others / 10);
    };
    for (const seed of [1, 2, 3]) {
      expect(await preference({ seed, queriesLikeKeys: true })).toBeGreaterThan(2);
      expect(await preference({ seed })).toBeLessThan(2);
    }
  });

  it("refuses where there is nothing to begin equal", async () => {
    await expect(
      fresh({ model_type: "gpt2", vocab_size: 40, n_embd: 16, n_layer: 1, n_head: 2 }, { queriesLikeKeys: true }),
    ).rejects.toThrow(
      new ConfigError(
        "queriesLikeKeys: gpt2 has no projections of queries and keys apart and of one shape. Leave it out.",
      ),
    );
  });
});
