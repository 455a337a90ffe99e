/**
 * GPT-2 (Radford, Wu, Child, Luan, Amodei, Sutskever: "Language models are unsupervised multitask learners", 2019): a
 * decoder that reads its own output, with LayerNorm in front of each sub-layer (section 2.3). Parameters are named and
 * laid out as in the published checkpoints.
 */
// B batch, T tokens, D width, V vocabulary, H heads, K = D / H
import { z } from "zod";
import type { Schema } from "../errors/schema.ts";
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attendCausally,
  dropout,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  positions,
  splitHeads,
  type Activation,
  type Scope,
} from "../nn/index.ts";

/** Sizes and choices of a GPT-2; `gpt2Config` checks them and fills in those of the smallest published model. */
export interface Gpt2Config {
  readonly vocabulary: number;
  readonly layers: number;
  readonly width: number;
  /** Width of the hidden layer of the feed-forward network; 4 · width where absent. */
  readonly feedForward?: number | undefined;
  readonly heads: number;
  /** The longest text, in tokens. */
  readonly maxPositions: number;
  /** Dropout of the embeddings, of the attention weights and of each sub-layer's output. */
  readonly embeddingDropout: number;
  readonly attentionDropout: number;
  readonly dropout: number;
  readonly activation: Activation;
  readonly normEpsilon: number;
}

const count = z.int().positive();
const rate = z.number().min(0).lt(1);

/** Checks a config, and fills in the choices of the smallest published model. */
export const gpt2Config: Schema<Gpt2Config> = z
  .strictObject({
    vocabulary: count.default(50257),
    layers: count.default(12),
    width: count.default(768),
    feedForward: count.optional(),
    heads: count.default(12),
    maxPositions: count.default(1024),
    embeddingDropout: rate.default(0.1),
    attentionDropout: rate.default(0.1),
    dropout: rate.default(0.1),
    activation: z.enum(Object.keys(activations) as [Activation]).default("gelu_tanh"),
    normEpsilon: z.number().positive().default(1e-5),
  })
  .refine(({ width, heads }) => width % heads === 0, { error: "heads must divide the width evenly", path: ["heads"] });

/** The published sizes (Table 2). */
export const gpt2Presets = {
  gpt2: { layers: 12, width: 768, heads: 12 },
  "gpt2-medium": { layers: 24, width: 1024, heads: 16 },
  "gpt2-large": { layers: 36, width: 1280, heads: 20 },
  "gpt2-xl": { layers: 48, width: 1600, heads: 25 },
} as const satisfies Record<string, Partial<Gpt2Config>>;
/** The name of a published size. */
export type Gpt2Preset = keyof typeof gpt2Presets;

const normal = { kind: "normal", deviation: 0.02 } as const;

/** Logits [B, T, V] of the token after each position: ids int32[B, T]. */
export function gpt2(scope: Scope, config: Gpt2Config, ids: Tensor): Tensor {
  const model = scope.at("transformer");
  const tokens = embeddingTable(model.at("wte"), config.vocabulary, config.width, normal);
  const embedded = tokens.gather(ids);
  const places = positions(model.at("wpe"), embedded, "learned", config.maxPositions, scope.past);
  let x = dropout(scope, model.record("embeddings", embedded.add(places)), config.embeddingDropout);
  for (let i = 0; i < config.layers; i++) {
    const layer = model.at("h", i);
    x = x.add(
      dropout(scope, selfAttention(layer.at("attn"), config, norm(layer.at("ln_1"), x, config)), config.dropout),
    );
    const hidden = x.add(
      dropout(scope, mlp(layer.at("mlp"), config, norm(layer.at("ln_2"), x, config)), config.dropout),
    );
    x = layer.checkpoint(layer.record("hidden", hidden));
  }
  return norm(model.at("ln_f"), x, config).linear(tokens);
}

const norm = (scope: Scope, x: Tensor, { normEpsilon }: Gpt2Config): Tensor => layerNorm(scope, x, normEpsilon);

/** Queries, keys and values come from one product: [B, T, D] to [B, T, D]. */
function selfAttention(scope: Scope, config: Gpt2Config, x: Tensor): Tensor {
  const { width, heads, attentionDropout } = config;
  const joined = linear(scope.at("c_attn"), x, 3 * width, { layout: "in-out", initial: normal }); // [B, T, 3D]
  const [query, key, value] = joined.split(-1, [width, width, width]).map((part) => splitHeads(part, heads));
  const [keys, values] = [scope.append("key", key!), scope.append("value", value!)];
  const context = attendCausally(scope, query!, keys, values, attentionDropout);
  return linear(scope.at("c_proj"), joinHeads(context), width, { layout: "in-out", initial: residualInitial(config) });
}

/** The feed-forward network: [B, T, D] to [B, T, D]. */
function mlp(scope: Scope, config: Gpt2Config, x: Tensor): Tensor {
  const { width, feedForward = 4 * width, activation } = config;
  const inner = activations[activation](
    linear(scope.at("c_fc"), x, feedForward, { layout: "in-out", initial: normal }),
  );
  return linear(scope.at("c_proj"), inner, width, { layout: "in-out", initial: residualInitial(config) });
}

/** Weights that add to the residual stream start smaller by 1 / √N, N the number of such sums (section 2.3). */
const residualInitial = ({ layers }: Gpt2Config) =>
  ({ kind: "normal", deviation: 0.02 / Math.sqrt(2 * layers) }) as const;
