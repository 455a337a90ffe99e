/**
 * GPT-2 (Radford, Wu, Child, Luan, Amodei, Sutskever: "Language models are unsupervised multitask learners", 2019): a
 * decoder that reads its own output, with LayerNorm in front of each sub-layer (section 2.3). Parameters are named and
 * laid out as in the published checkpoints.
 */
// B batch, T tokens, D width, V vocabulary, H heads, K = D / H, C classes
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attendCausally,
  dropout,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  lookUp,
  positions,
  splitHeads,
  visible,
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
import { doubleHeads, summaryFields } from "./double-heads.ts";
import { family, type InputTensors } from "./family.ts";
import { speakerInputs } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  lastTokenClassifier,
  nextWords,
  tokenClassifier,
  type TextBody,
} from "./text-heads.ts";

const fields = {
  vocabulary: count("vocab_size", 50257),
  layers: count(["n_layer", "num_hidden_layers"], 12),
  width: count(["n_embd", "hidden_size"], 768),
  /** Width of the hidden layer of the feed-forward network; 4 · width where absent. */
  feedForward: optional(count("n_inner", 1)),
  heads: count(["n_head", "num_attention_heads"], 12),
  /** The longest text, in tokens. */
  maxPositions: count(["n_positions", "max_position_embeddings", "n_ctx"], 1024),
  embeddingDropout: rate("embd_pdrop", 0.1),
  attentionDropout: rate("attn_pdrop", 0.1),
  /** Of each sub-layer's output. */
  dropout: rate("resid_pdrop", 0.1),
  activation: activation("activation_function", "gelu_tanh"),
  normEpsilon: positive("layer_norm_epsilon", 1e-5),
  deviation: positive("initializer_range", 0.02),
  /** Whether scores are divided by √K, and by the layer's number (from 1) as well. */
  scaleAttention: flag("scale_attn_weights", true),
  scaleByLayer: flag("scale_attn_by_inverse_layer_idx", false),
  /** Whether the output layer is the table of the embeddings. */
  tied: flag("tie_word_embeddings", true),
  classifierDropout: rate(["classifier_dropout", "hidden_dropout"], 0.1),
  ...summaryFields,
  paddingId: tokenId("pad_token_id", undefined),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a GPT-2. */
export type Gpt2Config = ConfigOf<typeof fields>;

/** Reads configs, and fills in the choices of the smallest published model. */
export const gpt2Config = configReader("GPT-2", fields, {
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `a width of ${width} does not divide into ${heads} heads.`,
});

/** The published sizes (Table 2). */
export const gpt2Presets = {
  gpt2: { layers: 12, width: 768, heads: 12 },
  "gpt2-medium": { layers: 24, width: 1024, heads: 16 },
  "gpt2-large": { layers: 36, width: 1280, heads: 20 },
  "gpt2-xl": { layers: 48, width: 1600, heads: 25 },
} as const satisfies Record<string, Partial<Gpt2Config>>;
/** The name of a published size. */
export type Gpt2Preset = keyof typeof gpt2Presets;

type Inputs = InputTensors<typeof speakerInputs>;

/** The body: hidden states [B, T, D] behind the last norm. */
export function gpt2Body(scope: Scope, config: Gpt2Config, inputs: Inputs): Tensor {
  const padding = visible(inputs.attentionMask);
  let x = embeddings(scope, config, inputs);
  for (let i = 0; i < config.layers; i++) {
    x = scope.publish(`hiddenStates.${i}`, x);
    const layer = scope.at("h", i);
    const attended = selfAttention(layer.at("attn"), config, norm(layer.at("ln_1"), x, config), i, padding);
    x = x.add(dropout(scope, attended, config.dropout));
    const hidden = x.add(
      dropout(scope, mlp(layer.at("mlp"), config, norm(layer.at("ln_2"), x, config)), config.dropout),
    );
    x = layer.checkpoint(layer.record("hidden", hidden));
  }
  return scope.publish(`hiddenStates.${config.layers}`, norm(scope.at("ln_f"), x, config));
}

/** Logits [B, T, V] of the token after each position: ids int32[B, T]. */
export function gpt2(scope: Scope, config: Gpt2Config, inputs: Inputs): Tensor {
  return tokenLogits(scope, config, gpt2Body(scope.at("transformer"), config, inputs));
}

/** The output layer: the table of the embeddings, where it has none of its own. */
function tokenLogits(scope: Scope, config: Gpt2Config, hidden: Tensor): Tensor {
  const place = scope.at(config.tied ? "transformer.wte" : "lm_head");
  return hidden.linear(embeddingTable(place, config.vocabulary, config.width, normal(config)));
}

const normal = ({ deviation }: Gpt2Config) => ({ kind: "normal", deviation }) as const;
const norm = (scope: Scope, x: Tensor, { normEpsilon }: Gpt2Config): Tensor => layerNorm(scope, x, normEpsilon);

/** Tokens and places: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: Gpt2Config, { inputIds, positionIds, tokenTypeIds }: Inputs): Tensor {
  const table = embeddingTable(scope.at("wte"), config.vocabulary, config.width, normal(config));
  const words = table.gather(inputIds);
  const tokens = tokenTypeIds === undefined ? words : words.add(table.gather(tokenTypeIds));
  const places =
    positionIds === undefined
      ? positions(scope.at("wpe"), tokens, "learned", config.maxPositions, scope.past)
      : lookUp(embeddingTable(scope.at("wpe"), config.maxPositions, config.width, normal(config)), positionIds);
  return dropout(scope, scope.record("embeddings", tokens.add(places)), config.embeddingDropout);
}

/** Queries, keys and values come from one product: [B, T, D] to [B, T, D]. */
function selfAttention(scope: Scope, config: Gpt2Config, x: Tensor, layer: number, mask: Tensor | undefined): Tensor {
  const { width, heads, attentionDropout } = config;
  const joined = linear(scope.at("c_attn"), x, 3 * width, { layout: "in-out", initial: normal(config) }); // [B, T, 3D]
  const [query, key, value] = joined.split(-1, [width, width, width]).map((part) => splitHeads(part, heads));
  const [keys, values] = [scope.append("key", key!), scope.append("value", value!)];
  const byWidth = config.scaleAttention ? Math.sqrt(width / heads) : 1;
  const scale = 1 / (byWidth * (config.scaleByLayer ? layer + 1 : 1));
  const options = { mask, dropout: attentionDropout, scale, publish: `attentions.${layer}` };
  const context = attendCausally(scope, query!, keys, values, options);
  return linear(scope.at("c_proj"), joinHeads(context), width, { layout: "in-out", initial: residualInitial(config) });
}

/** The feed-forward network: [B, T, D] to [B, T, D]. */
function mlp(scope: Scope, config: Gpt2Config, x: Tensor): Tensor {
  const { width, feedForward = 4 * width } = config;
  const inner = activations[config.activation](
    linear(scope.at("c_fc"), x, feedForward, { layout: "in-out", initial: normal(config) }),
  );
  return linear(scope.at("c_proj"), inner, width, { layout: "in-out", initial: residualInitial(config) });
}

/** Weights that add to the residual stream start smaller by 1 / √N, N the number of such sums (section 2.3). */
const residualInitial = ({ layers, deviation }: Gpt2Config) =>
  ({ kind: "normal", deviation: deviation / Math.sqrt(2 * layers) }) as const;

const text: TextBody<Gpt2Config> = { inputs: speakerInputs, path: "transformer", hidden: gpt2Body };

export const gpt2Family = family<Gpt2Config>({
  modelType: "gpt2",
  config: gpt2Config,
  heads: {
    GPT2LMHeadModel: nextWords(text, tokenLogits),
    GPT2Model: bareModel(text),
    GPT2ForSequenceClassification: lastTokenClassifier(text),
    GPT2ForTokenClassification: tokenClassifier(text, (config) => config.classifierDropout),
    GPT2ForQuestionAnswering: answerSpans(text),
    GPT2DoubleHeadsModel: doubleHeads(text, tokenLogits),
  },
  names: ({ tied }) => ({
    base: "transformer",
    ...(tied && { tied: { "lm_head.weight": "transformer.wte.weight" } }),
    ignored: [/(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/],
  }),
  presets: gpt2Presets,
});
