/**
 * LLaMA (Touvron et al.: "LLaMA: Open and efficient foundation language models", 2023, section 2.2): a decoder with
 * RMSNorm in front of each sub-layer, SwiGLU (Shazeer 2020) and rotary positions. From Llama 2 on neighboring heads
 * may share their keys and values; Llama 3.1 stretches its positions. Alpaca, Vicuna and TinyLlama are this with other
 * weights. Parameters bear the names of the published checkpoints.
 */
// B batch, T tokens, D width, V vocabulary, H heads, G heads of keys and values, K width of a head, C classes
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attendCausally,
  embedding,
  embeddingTable,
  joinHeads,
  linear,
  rmsNorm,
  rotate,
  rotation,
  splitHeads,
  visible,
  type AttendOptions,
  type Initializer,
  type Rotation,
  type Scope,
} from "../nn/index.ts";
import {
  activation,
  configReader,
  count,
  flag,
  labelNames,
  optional,
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
} from "./config-fields.ts";
import { family, type InputTensors } from "./family.ts";
import { causalInputs } from "./heads.ts";
import { frequenciesOf, rotaryPositions } from "./rotary-field.ts";
import {
  answerSpans,
  bareModel,
  lastTokenClassifier,
  nextWords,
  tokenClassifier,
  type TextBody,
} from "./text-heads.ts";

const fields = {
  vocabulary: count("vocab_size", 32000),
  width: count("hidden_size", 4096),
  feedForward: count("intermediate_size", 11008),
  layers: count("num_hidden_layers", 32),
  heads: count("num_attention_heads", 32),
  /** Heads of keys and values: as many as of queries where absent. */
  sharedHeads: optional(count("num_key_value_heads", 1)),
  /** Width of a head: width / heads where absent. */
  headWidth: optional(count("head_dim", 1)),
  activation: activation("hidden_act", "silu"),
  maxPositions: count("max_position_embeddings", 2048),
  positions: rotaryPositions,
  normEpsilon: positive("rms_norm_eps", 1e-6),
  attentionBias: flag("attention_bias", false),
  feedForwardBias: flag("mlp_bias", false),
  /** Whether the output layer is the table of the embeddings. */
  tied: flag("tie_word_embeddings", false),
  attentionDropout: rate("attention_dropout", 0),
  classifierDropout: rate(["classifier_dropout", "hidden_dropout"], 0.1),
  deviation: positive("initializer_range", 0.02),
  paddingId: tokenId("pad_token_id", undefined),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a LLaMA. */
export type LlamaConfig = ConfigOf<typeof fields>;

const config = configReader("LLaMA", fields, {
  only: { partial_rotary_factor: [1], token_classification_bias: [true] },
  check: (given) => {
    const { width, heads } = given;
    const { shared, headWidth } = sizesOf(given);
    if (width % heads !== 0) return `hidden_size ${width} does not divide into num_attention_heads ${heads}.`;
    if (heads % shared !== 0) return `num_attention_heads ${heads} do not share num_key_value_heads ${shared} evenly.`;
    return headWidth % 2 === 0 ? undefined : `rotary positions need heads of an even width, got head_dim ${headWidth}.`;
  },
});

function sizesOf({ width, heads, sharedHeads: shared = heads, headWidth = Math.floor(width / heads) }: LlamaConfig) {
  return { shared, headWidth };
}

type Inputs = InputTensors<typeof causalInputs>;

const normal = ({ deviation }: LlamaConfig): Initializer => ({ kind: "normal", deviation });
const norm = (scope: Scope, x: Tensor, { normEpsilon }: LlamaConfig): Tensor => rmsNorm(scope, x, normEpsilon);

/** The body: hidden states [B, T, D] behind the last norm. */
export function llama(scope: Scope, config: LlamaConfig, { inputIds, attentionMask, positionIds }: Inputs): Tensor {
  const { vocabulary, width, paddingId, layers } = config;
  const mask = visible(attentionMask);
  const places = positionIds ?? { first: scope.past, time: inputIds.dim(1) };
  const turn = rotation(frequenciesOf(sizesOf(config).headWidth, config.positions), places);
  let x = embedding(scope.at("embed_tokens"), inputIds, vocabulary, width, { initial: normal(config), paddingId });
  for (let i = 0; i < layers; i++) {
    x = scope.publish(`hiddenStates.${i}`, x);
    const layer = scope.at("layers", i);
    const options = { mask, publish: `attentions.${i}`, dropout: config.attentionDropout };
    const normed = norm(layer.at("input_layernorm"), x, config);
    const attended = x.add(selfAttention(layer.at("self_attn"), config, normed, turn, options));
    const hidden = norm(layer.at("post_attention_layernorm"), attended, config);
    x = layer.checkpoint(layer.record("hidden", attended.add(feedForward(layer.at("mlp"), config, hidden))));
  }
  return scope.publish(`hiddenStates.${layers}`, norm(scope.at("norm"), x, config));
}

/** Queries and keys are turned by their places: [B, T, D] to [B, T, D]. */
function selfAttention(scope: Scope, config: LlamaConfig, x: Tensor, turn: Rotation, options: AttendOptions): Tensor {
  const { width, heads, attentionBias: bias } = config;
  const { shared, headWidth } = sizesOf(config);
  const initial = normal(config);
  const project = (name: string, count: number): Tensor =>
    splitHeads(linear(scope.at(name), x, count * headWidth, { bias, initial }), count);
  const query = rotate(project("q_proj", heads), turn); // [B, H, T, K]
  const key = scope.append("key", rotate(project("k_proj", shared), turn)); // [B, G, S, K]
  const value = scope.append("value", project("v_proj", shared)); // [B, G, S, K]
  const context = joinHeads(attendCausally(scope, query, key, value, options));
  return linear(scope.at("o_proj"), context, width, { bias, initial });
}

/** SwiGLU: (SiLU(x W) ⊙ x V) W₂, in the letters of Shazeer (2020), equation 6. */
function feedForward(scope: Scope, config: LlamaConfig, x: Tensor): Tensor {
  const { width, feedForward: inner, feedForwardBias: bias } = config;
  const initial = normal(config);
  const gate = activations[config.activation](linear(scope.at("gate_proj"), x, inner, { bias, initial }));
  const gated = gate.mul(linear(scope.at("up_proj"), x, inner, { bias, initial }));
  return linear(scope.at("down_proj"), gated, width, { bias, initial });
}

const text: TextBody<LlamaConfig> = { inputs: causalInputs, path: "model", hidden: llama };

/** Logits [B, T, V] by the table of the embeddings, where the output layer has none of its own. */
function tokenLogits(scope: Scope, config: LlamaConfig, hidden: Tensor): Tensor {
  const place = scope.at(config.tied ? "model.embed_tokens" : "lm_head");
  return hidden.linear(embeddingTable(place, config.vocabulary, config.width, normal(config)));
}

export const llamaFamily = family<LlamaConfig>({
  modelType: "llama",
  config,
  heads: {
    LlamaForCausalLM: nextWords(text, tokenLogits),
    LlamaModel: bareModel(text),
    LlamaForSequenceClassification: lastTokenClassifier(text),
    LlamaForTokenClassification: tokenClassifier(text, (config) => config.classifierDropout, "score"),
    LlamaForQuestionAnswering: {
      ...answerSpans({ ...text, path: "transformer" }),
      // The library's name of the body, with this head alone.
      names: () => ({ base: "transformer", renamed: [[/^model\./, "transformer."]] }),
    },
  },
  names: ({ tied }) => ({
    base: "model",
    ...(tied && { tied: { "lm_head.weight": "model.embed_tokens.weight" } }),
    ignored: [/rotary_emb\.inv_freq$/],
    renamed: [[/^transformer\./, "model."]],
  }),
  presets: {
    // Table 2 of the paper.
    "llama-7b": {},
    "llama-13b": { width: 5120, heads: 40, layers: 40, feedForward: 13824 },
    "llama-30b": { width: 6656, heads: 52, layers: 60, feedForward: 17920 },
    "llama-65b": { width: 8192, heads: 64, layers: 80, feedForward: 22016 },
    // Touvron et al.: "Llama 2", 2023, table 1.
    "llama-2-7b": { maxPositions: 4096, normEpsilon: 1e-5 },
    "llama-2-13b": { width: 5120, heads: 40, layers: 40, feedForward: 13824, maxPositions: 4096, normEpsilon: 1e-5 },
    "llama-2-70b": { ...largest(), maxPositions: 4096 },
    // Dubey et al.: "The Llama 3 herd of models", 2024, table 3; 3.2 from its model cards.
    "llama-3-8b": { ...third(), feedForward: 14336, maxPositions: 8192 },
    "llama-3-70b": { ...largest(), ...third(), maxPositions: 8192 },
    "llama-3.1-8b": { ...third(8), feedForward: 14336 },
    "llama-3.2-1b": { ...third(32), width: 2048, layers: 16, feedForward: 8192, tied: true },
    "llama-3.2-3b": { ...third(32), width: 3072, heads: 24, headWidth: 128, layers: 28, feedForward: 8192, tied: true },
    // Zhang et al.: "TinyLlama", 2024, table 1.
    "tinyllama-1.1b": { width: 2048, layers: 22, feedForward: 5632, sharedHeads: 4, normEpsilon: 1e-5 },
  },
});

function largest(): Partial<LlamaConfig> {
  return { width: 8192, heads: 64, sharedHeads: 8, layers: 80, feedForward: 28672, normEpsilon: 1e-5 };
}

/** What the models of Llama 3 have in common; from 3.1 on positions are stretched. */
function third(factor?: number): Partial<LlamaConfig> {
  const theta = 500_000;
  const common = { vocabulary: 128_256, sharedHeads: 8, normEpsilon: 1e-5 };
  if (factor === undefined) return { ...common, positions: { kind: "default", theta } };
  return {
    ...common,
    maxPositions: 131_072,
    positions: {
      kind: "llama3",
      theta,
      factor,
      originalPositions: 8192,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
    },
  };
}
