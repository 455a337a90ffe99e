/**
 * GPT (Radford, Narasimhan, Salimans, Sutskever: "Improving language understanding by generative pre-training", 2018,
 * section 3.1 and figure 1): the decoder of the Transformer alone, with LayerNorm behind each sub-layer and none at the
 * end. Parameters are named and laid out as in the published checkpoint.
 */
// B batch, T tokens, D width, V vocabulary, H heads, K = D / H, C classes
import { addDimensions, iota, type Tensor } from "../graph/index.ts";
import { z } from "zod";
import {
  activations,
  dropout,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  lookUp,
  positions,
  splitHeads,
  visible,
  weigh,
  type Activation,
  type Initializer,
  type LinearOptions,
  type Scope,
} from "../nn/index.ts";
import {
  configReader,
  count,
  flag,
  labelNames,
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
  type Field,
} from "./config-fields.ts";
import { doubleHeads, summaryFields } from "./double-heads.ts";
import { family, type InputTensors } from "./family.ts";
import { speakerInputs } from "./heads.ts";
import { bareModel, lastTokenClassifier, nextWords, type TextBody } from "./text-heads.ts";

/** The config's `gelu` is the approximation by tanh. */
const activationNames = { gelu: "gelu_tanh", relu: "relu", silu: "silu", swish: "silu" } as const;
const activation: Field<Activation> = {
  keys: ["afn"],
  schema: z.enum(["gelu_tanh", "relu", "silu"]),
  default: "gelu_tanh",
  from: ({ afn }) => activationNames[afn as keyof typeof activationNames] ?? afn,
  to: (value) => ({ afn: value === "gelu_tanh" ? "gelu" : value }),
};

const fields = {
  vocabulary: count("vocab_size", 40478),
  layers: count(["n_layer", "num_hidden_layers"], 12),
  width: count(["n_embd", "hidden_size"], 768),
  heads: count(["n_head", "num_attention_heads"], 12),
  /** The longest text, in tokens. */
  maxPositions: count(["n_positions", "max_position_embeddings"], 512),
  embeddingDropout: rate("embd_pdrop", 0.1),
  attentionDropout: rate("attn_pdrop", 0.1),
  /** Of each sub-layer's output. */
  dropout: rate("resid_pdrop", 0.1),
  activation,
  normEpsilon: positive("layer_norm_epsilon", 1e-5),
  deviation: positive("initializer_range", 0.02),
  /** Whether the output layer is the table of the embeddings. */
  tied: flag("tie_word_embeddings", true),
  ...summaryFields,
  paddingId: tokenId("pad_token_id", undefined),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a GPT. */
export type OpenAiGptConfig = ConfigOf<typeof fields>;

const config = configReader("GPT", fields, {
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `n_embd ${width} does not divide into n_head ${heads}.`,
});

type Inputs = InputTensors<typeof speakerInputs>;

const normal = ({ deviation }: OpenAiGptConfig): Initializer => ({ kind: "normal", deviation });
const norm = (scope: Scope, x: Tensor, { normEpsilon }: OpenAiGptConfig): Tensor => layerNorm(scope, x, normEpsilon);
/** Weights lie input by output. */
const conv = (config: OpenAiGptConfig): LinearOptions => ({ layout: "in-out", initial: normal(config) });

/** The body, figure 1 on the left: hidden states [B, T, D]. */
export function openAiGpt(scope: Scope, config: OpenAiGptConfig, inputs: Inputs): Tensor {
  const padding = visible(inputs.attentionMask);
  let x = scope.publish("hiddenStates.0", embeddings(scope, config, inputs));
  for (let i = 0; i < config.layers; i++) {
    const layer = scope.at("h", i);
    const attended = selfAttention(layer.at("attn"), config, x, i, padding);
    const summed = norm(layer.at("ln_1"), x.add(dropout(scope, attended, config.dropout)), config);
    const inner = dropout(scope, feedForward(layer.at("mlp"), config, summed), config.dropout);
    x = layer.checkpoint(scope.publish(`hiddenStates.${i + 1}`, norm(layer.at("ln_2"), summed.add(inner), config)));
  }
  return x;
}

/** Tokens and places: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: OpenAiGptConfig, { inputIds, tokenTypeIds, positionIds }: Inputs): Tensor {
  const { vocabulary, width, maxPositions } = config;
  const table = embeddingTable(scope.at("tokens_embed"), vocabulary, width, normal(config));
  const words = table.gather(inputIds);
  const tokens = tokenTypeIds === undefined ? words : words.add(table.gather(tokenTypeIds));
  const places = scope.at("positions_embed");
  const position =
    positionIds === undefined
      ? positions(places, tokens, "learned", maxPositions, scope.past)
      : lookUp(embeddingTable(places, maxPositions, width, normal(config)), positionIds);
  return dropout(scope, tokens.add(position), config.embeddingDropout);
}

/** What stands in place of the score of a key in the future, here alone: less than any other, but not the least. */
const FUTURE = -1e4;

/** Queries, keys and values come from one product: [B, T, D] to [B, T, D]. */
function selfAttention(
  scope: Scope,
  config: OpenAiGptConfig,
  x: Tensor,
  layer: number,
  mask: Tensor | undefined,
): Tensor {
  const { width, heads, attentionDropout } = config;
  const joined = linear(scope.at("c_attn"), x, 3 * width, conv(config)); // [B, T, 3D]
  const [query, key, value] = joined.split(-1, [width, width, width]).map((part) => splitHeads(part, heads));
  const [keys, values] = [scope.append("key", key!), scope.append("value", value!)]; // [B, H, S, K]
  const scores = query!.matmul(keys.swap(-1, -2)).scale(1 / Math.sqrt(width / heads));
  const [time, end] = [x.dim(1), addDimensions(scope.past, x.dim(1))];
  const queries = iota(time, { start: scope.past, dtype: "int32" }).reshape([time, 1]);
  const isFuture = iota(end, { dtype: "int32" }).greater(queries); // [T, S]
  const options = { mask, dropout: attentionDropout, publish: `attentions.${layer}` };
  const context = weigh(scope, isFuture.where(FUTURE, scores), values, options);
  return linear(scope.at("c_proj"), joinHeads(context), width, conv(config));
}

function feedForward(scope: Scope, config: OpenAiGptConfig, x: Tensor): Tensor {
  const inner = activations[config.activation](linear(scope.at("c_fc"), x, 4 * config.width, conv(config)));
  return linear(scope.at("c_proj"), inner, config.width, conv(config));
}

/** Logits [B, T, V] by the table of the embeddings, where the output layer has none of its own. */
function tokenLogits(scope: Scope, config: OpenAiGptConfig, hidden: Tensor): Tensor {
  const place = scope.at(config.tied ? "transformer.tokens_embed" : "lm_head");
  return hidden.linear(embeddingTable(place, config.vocabulary, config.width, normal(config)));
}

const text: TextBody<OpenAiGptConfig> = { inputs: speakerInputs, path: "transformer", hidden: openAiGpt };

export const openAiGptFamily = family<OpenAiGptConfig>({
  modelType: "openai-gpt",
  config,
  heads: {
    OpenAIGPTLMHeadModel: nextWords(text, tokenLogits),
    OpenAIGPTModel: bareModel(text),
    OpenAIGPTForSequenceClassification: lastTokenClassifier(text),
    OpenAIGPTDoubleHeadsModel: doubleHeads(text, tokenLogits),
  },
  names: ({ tied }) => ({
    base: "transformer",
    ...(tied && { tied: { "lm_head.weight": "transformer.tokens_embed.weight" } }),
    ignored: [/(^|\.)h\.\d+\.attn\.bias$/, /(^|\.)position_ids$/],
  }),
  presets: { "openai-gpt": {} },
});
