/**
 * The Transformer (Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin: "Attention is all you need",
 * 2017), encoder and decoder, read from top to bottom. Options leave the paper: pre-norm (Xiong et al. 2020), other
 * activations, learned positions, sinusoids in halves, separate embeddings.
 */
// B batch, S source tokens, T target tokens, D width, V vocabulary
import { z } from "zod";
import { ConfigError, nearest } from "../errors/index.ts";
import type { Schema } from "../errors/schema.ts";
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attention,
  bothMasks,
  causalMask,
  dropout,
  embeddingTable,
  feedForward,
  layerNorm,
  linear,
  paddingMask,
  positionKinds,
  positions,
  visible,
  type Activation,
  type Initializer,
  type PositionKind,
  type Scope,
} from "../nn/index.ts";
import { parseConfig } from "./config.ts";

/** Sizes and choices of a Transformer; `transformerConfig` checks them and fills in the paper's. */
export interface TransformerConfig {
  /** Tokens of the source, and of the target where the vocabulary is shared. */
  readonly vocabulary: number;
  /** Tokens of the target where it has a vocabulary of its own. */
  readonly targetVocabulary?: number | undefined;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** d_model. */
  readonly width: number;
  /** d_ff. */
  readonly feedForward: number;
  readonly heads: number;
  /** Dropout of every sub-layer's output and of the embeddings with positions (section 5.4). */
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  readonly activation: Activation;
  /** Whether LayerNorm follows the residual sum (`post`, the paper) or precedes the sub-layer (`pre`). */
  readonly normalization: "post" | "pre";
  readonly positions: PositionKind;
  /** `all`: source, target and output share one matrix (section 3.4); `output`: target and output; `none`. */
  readonly tiedEmbeddings: "all" | "output" | "none";
  /** The longest sentence, in tokens. */
  readonly maxPositions: number;
  readonly normEpsilon: number;
  readonly paddingId: number;
  /** The first token of the decoder. */
  readonly startId: number;
  readonly endId: number;
}

const count = z.int().positive();
const rate = z.number().min(0).lt(1);

/** Checks a config, and fills in the paper's choices. */
export const transformerConfig: Schema<TransformerConfig> = z
  .strictObject({
    vocabulary: count,
    targetVocabulary: count.optional(),
    encoderLayers: count.default(6),
    decoderLayers: count.default(6),
    width: count.default(512),
    feedForward: count.default(2048),
    heads: count.default(8),
    dropout: rate.default(0.1),
    attentionDropout: rate.default(0),
    activationDropout: rate.default(0),
    activation: z.enum(Object.keys(activations) as [Activation]).default("relu"),
    normalization: z.enum(["post", "pre"]).default("post"),
    positions: z.enum(positionKinds).default("interleaved"),
    tiedEmbeddings: z.enum(["all", "output", "none"]).default("all"),
    maxPositions: count.default(512),
    normEpsilon: z.number().positive().default(1e-5),
    paddingId: z.int().nonnegative().default(0),
    startId: z.int().nonnegative().default(1),
    endId: z.int().nonnegative().default(2),
  })
  .refine(({ width, heads }) => width % heads === 0, {
    error: ({ input }) => {
      const { width, heads } = input as TransformerConfig;
      return `${heads} heads cannot share a width of ${width} evenly`;
    },
    path: ["heads"],
  })
  .refine(({ targetVocabulary, tiedEmbeddings }) => targetVocabulary === undefined || tiedEmbeddings !== "all", {
    error: 'two vocabularies cannot share one matrix; use "output" or "none"',
    path: ["tiedEmbeddings"],
  });

/** Sizes by name; `base` and `big` are the paper's (Table 3), `tiny` is fairseq's for Multi30k. */
export const transformerPresets = {
  tiny: { encoderLayers: 4, decoderLayers: 4, width: 128, feedForward: 256, heads: 4 },
  small: { encoderLayers: 6, decoderLayers: 6, width: 256, feedForward: 1024, heads: 4 },
  base: { encoderLayers: 6, decoderLayers: 6, width: 512, feedForward: 2048, heads: 8 },
  big: { encoderLayers: 6, decoderLayers: 6, width: 1024, feedForward: 4096, heads: 16, dropout: 0.3 },
} as const satisfies Record<string, Partial<TransformerConfig>>;
/** The name of a size. */
export type TransformerPreset = keyof typeof transformerPresets;

/** What the model function is given. */
export interface TransformerInputs {
  /** Ids of the source, int32[B, S]. */
  readonly source: Tensor;
  /** Ids that the decoder has read, int32[B, T]: the target shifted right by one. */
  readonly target: Tensor;
  /** Which ids of the source are real, int32[B, S]. Default: those that are not padding. */
  readonly sourceMask?: Tensor | undefined;
}

/** Figure 1: logits [B, T, V] of the token after each target position. */
export function transformer(
  scope: Scope,
  config: TransformerConfig,
  { source, target, sourceMask }: TransformerInputs,
): Tensor {
  const model = scope.at("model");
  const mask = scope.once("source_mask", visible(sourceMask) ?? paddingMask(source, config.paddingId)); // [B, 1, 1, S]
  const encoding = { ...config, layers: config.encoderLayers };
  const memory = encoder(model.at("encoder"), encoding, embed(scope, config, "source", source), mask);
  const decoding = { ...config, layers: config.decoderLayers };
  const decoded = decoder(model.at("decoder"), decoding, embed(scope, config, "target", target), { memory, mask });
  const head = scope.at("lm_head");
  if (config.tiedEmbeddings !== "none") {
    const table = embeddings(scope, config, "target");
    head.enter();
    return decoded.linear(table);
  }
  return linear(head, decoded, config.targetVocabulary ?? config.vocabulary, { bias: false });
}

type Side = "source" | "target";

/** The embedding table of a side, [V, D]. */
function embeddings(scope: Scope, config: TransformerConfig, side: Side): Tensor {
  const path =
    config.tiedEmbeddings === "all" ? "shared" : side === "source" ? "encoder.embed_tokens" : "decoder.embed_tokens";
  const size = side === "source" ? config.vocabulary : (config.targetVocabulary ?? config.vocabulary);
  return embeddingTable(scope.at("model", path), size, config.width);
}

/** Embeddings times √D plus positions (sections 3.4 and 3.5): [B, T] to [B, T, D]. */
function embed(scope: Scope, config: TransformerConfig, side: Side, ids: Tensor): Tensor {
  const stack = scope.at("model", side === "source" ? "encoder" : "decoder");
  const tokens = embeddings(scope, config, side).gather(ids).scale(Math.sqrt(config.width));
  const isDecoder = side === "target";
  const encodings = positions(
    stack.at("embed_positions"),
    tokens,
    config.positions,
    config.maxPositions,
    isDecoder ? scope.past : 0,
  );
  return dropout(scope, stack.record("embeddings", tokens.add(encodings)), config.dropout);
}

/** The layers of one side, and what they are made of. BART, mBART and Marian are such stacks, too. */
export interface Stack {
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly dropout: number;
  readonly attentionDropout: number;
  readonly activationDropout: number;
  readonly activation: Activation;
  readonly normalization: "post" | "pre";
  readonly normEpsilon: number;
  /** How weights start. Default: Glorot and Bengio 2010. */
  readonly initial?: Initializer | undefined;
}

/** Figure 1, left: self-attention and feed-forward, N times. [B, S, D] to [B, S, D]. */
export function encoder(scope: Scope, stack: Stack, embedded: Tensor, mask: Tensor | undefined): Tensor {
  const { heads, attentionDropout, initial } = stack;
  let x = embedded;
  for (let i = 0; i < stack.layers; i++) {
    x = scope.publish(`encoderHiddenStates.${i}`, x);
    const layer = scope.at("layers", i);
    const own = { heads, mask, dropout: attentionDropout, initial, publish: `encoderAttentions.${i}`, cached: false };
    x = residual(layer, "self_attn_layer_norm", stack, x, (y) => attention(layer.at("self_attn"), y, own));
    const hidden = residual(layer, "final_layer_norm", stack, x, (y) => feedForward(layer, y, inner(stack)));
    x = layer.checkpoint(layer.record("hidden", hidden));
  }
  x = scope.publish(`encoderHiddenStates.${stack.layers}`, finish(scope, stack, x));
  return scope.publish("encoderLastHiddenState", x);
}

/** What a decoder sees beside its own tokens. */
export interface DecoderView {
  /** The encoder's output, [B, S, D]. */
  readonly memory: Tensor;
  /** Hides the source's padding: added to the scores of the attention to `memory`. */
  readonly mask: Tensor | undefined;
  /** Hides the target's padding, beside the future. */
  readonly padding?: Tensor | undefined;
}

/** Figure 1, right: masked self-attention, attention to the encoder, feed-forward, N times. [B, T, D] to [B, T, D]. */
export function decoder(scope: Scope, stack: Stack, embedded: Tensor, { memory, mask, padding }: DecoderView): Tensor {
  const future = bothMasks(causalMask(embedded.dim(1), scope.past), padding);
  const { heads, attentionDropout, initial } = stack;
  let x = embedded;
  for (let i = 0; i < stack.layers; i++) {
    x = scope.publish(`decoderHiddenStates.${i}`, x);
    const layer = scope.at("layers", i);
    const own = { heads, mask: future, dropout: attentionDropout, initial, publish: `decoderAttentions.${i}` };
    x = residual(layer, "self_attn_layer_norm", stack, x, (y) => attention(layer.at("self_attn"), y, own));
    const cross = { heads, memory, mask, dropout: attentionDropout, initial, publish: `crossAttentions.${i}` };
    x = residual(layer, "encoder_attn_layer_norm", stack, x, (y) => attention(layer.at("encoder_attn"), y, cross));
    const hidden = residual(layer, "final_layer_norm", stack, x, (y) => feedForward(layer, y, inner(stack)));
    x = layer.checkpoint(layer.record("hidden", hidden));
  }
  return scope.publish(`decoderHiddenStates.${stack.layers}`, finish(scope, stack, x));
}

const inner = ({ feedForward: hidden, activation, activationDropout, initial }: Stack) => ({
  hidden,
  activation,
  dropout: activationDropout,
  initial,
});

/** The residual connection (section 3.1): LayerNorm(x + Sublayer(x)), or pre-norm's x + Sublayer(LayerNorm(x)). */
function residual(scope: Scope, norm: string, stack: Stack, x: Tensor, sublayer: (y: Tensor) => Tensor): Tensor {
  const normalize = (y: Tensor): Tensor => layerNorm(scope.at(norm), y, stack.normEpsilon);
  if (stack.normalization === "pre") return x.add(dropout(scope, sublayer(normalize(x)), stack.dropout));
  return normalize(x.add(dropout(scope, sublayer(x), stack.dropout)));
}

/** Pre-norm leaves the last sum unnormalized, so a last LayerNorm follows. The paper's post-norm has none. */
function finish(scope: Scope, stack: Stack, x: Tensor): Tensor {
  return stack.normalization === "pre" ? scope.checkpoint(layerNorm(scope.at("layer_norm"), x, stack.normEpsilon)) : x;
}

/**
 * The names of config.json, which other programs read: those of Hugging Face's encoder-decoders where they have one.
 * Both stacks have one width of feed-forward and one number of heads, so each is written once for both.
 */
const fileKeys: Readonly<Record<keyof TransformerConfig, string>> = {
  vocabulary: "vocab_size",
  targetVocabulary: "decoder_vocab_size",
  encoderLayers: "encoder_layers",
  decoderLayers: "decoder_layers",
  width: "d_model",
  feedForward: "ffn_dim",
  heads: "attention_heads",
  dropout: "dropout",
  attentionDropout: "attention_dropout",
  activationDropout: "activation_dropout",
  activation: "activation_function",
  normalization: "normalization",
  positions: "position_embeddings",
  tiedEmbeddings: "tie_word_embeddings",
  maxPositions: "max_position_embeddings",
  normEpsilon: "layer_norm_eps",
  paddingId: "pad_token_id",
  startId: "decoder_start_token_id",
  endId: "eos_token_id",
};
/** Keys that say nothing new about a model of this type. */
const derivedKeys: readonly string[] = ["architectures", "is_encoder_decoder"];
/** The `model_type` in config.json. */
export const TRANSFORMER = "heed-transformer";

/** The config as config.json holds it. */
export function transformerToJson(config: TransformerConfig): Record<string, unknown> {
  const entries = Object.entries(fileKeys).map(([key, fileKey]) => [fileKey, config[key as keyof TransformerConfig]]);
  const known = entries.filter(([, value]) => value !== undefined);
  return {
    model_type: TRANSFORMER,
    architectures: ["Transformer"],
    is_encoder_decoder: true,
    ...(Object.fromEntries(known) as Record<string, unknown>),
  };
}

/** The config that config.json holds. Throws ConfigError for another model type, an unknown key or a bad value. */
export function transformerFromJson(json: Readonly<Record<string, unknown>>, file: string): TransformerConfig {
  const { model_type: type, ...others } = json;
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !derivedKeys.includes(key)));
  if (type !== TRANSFORMER) {
    throw new ConfigError(
      `${file} describes a model of type ${JSON.stringify(type)}; this one opens "${TRANSFORMER}".`,
    );
  }
  const byFileKey = new Map(Object.entries(fileKeys).map(([key, fileKey]) => [fileKey, key]));
  const unknown = Object.keys(rest).find((key) => !byFileKey.has(key));
  if (unknown !== undefined) {
    const near = nearest(unknown, [...byFileKey.keys()]);
    throw new ConfigError(
      `${file} has the unknown key "${unknown}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }
  const ours = Object.fromEntries(Object.entries(rest).map(([key, value]) => [byFileKey.get(key)!, value]));
  return parseConfig(transformerConfig, ours, file, Object.keys(fileKeys));
}
