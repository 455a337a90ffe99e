/**
 * CTRL (Keskar, McCann, Varshney, Xiong, Socher: "CTRL: A conditional Transformer language model for controllable
 * generation", 2019, section 3.1): a decoder with LayerNorm in front of each sub-layer, whose first token, a control
 * code, says what kind of text follows. Parameters bear the names of the published checkpoint.
 */
// B batch, T tokens, D width, V vocabulary, H heads, C classes
import { constant, type Tensor } from "../graph/index.ts";
import {
  attendCausally,
  dropout,
  embeddingTable,
  joinHeads,
  layerNorm,
  linear,
  positions,
  sinusoids,
  splitHeads,
  visible,
  type Initializer,
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
} from "./config-fields.ts";
import { family, type InputTensors } from "./family.ts";
import { speakerInputs } from "./heads.ts";
import { bareModel, lastTokenClassifier, nextWords, type TextBody } from "./text-heads.ts";

const fields = {
  vocabulary: count("vocab_size", 246534),
  layers: count(["n_layer", "num_hidden_layers"], 48),
  width: count(["n_embd", "hidden_size"], 1280),
  feedForward: count("dff", 8192),
  heads: count(["n_head", "num_attention_heads"], 16),
  /** The longest text, in tokens. */
  maxPositions: count(["n_positions", "max_position_embeddings"], 256),
  embeddingDropout: rate("embd_pdrop", 0.1),
  /** Of each sub-layer's output. */
  dropout: rate("resid_pdrop", 0.1),
  /** Of the last norm; the others have `NORM_EPSILON`. */
  normEpsilon: positive("layer_norm_epsilon", 1e-6),
  deviation: positive("initializer_range", 0.02),
  /** Whether the output layer's weights are the table of the embeddings. */
  tied: flag("tie_word_embeddings", true),
  paddingId: tokenId("pad_token_id", undefined),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a CTRL. */
export type CtrlConfig = ConfigOf<typeof fields>;

const config = configReader("CTRL", fields, {
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `n_embd ${width} does not divide into n_head ${heads}.`,
});

/** Of the norms inside of layers, whatever the config says. */
const NORM_EPSILON = 1e-6;

type Inputs = InputTensors<typeof speakerInputs>;

const normal = ({ deviation }: CtrlConfig): Initializer => ({ kind: "normal", deviation });

/** The body: hidden states [B, T, D] behind the last norm. */
export function ctrl(scope: Scope, config: CtrlConfig, inputs: Inputs): Tensor {
  const mask = visible(inputs.attentionMask);
  let x = embeddings(scope, config, inputs);
  for (let i = 0; i < config.layers; i++) {
    x = scope.publish(`hiddenStates.${i}`, x);
    const layer = scope.at("h", i);
    const normed = layerNorm(layer.at("layernorm1"), x, NORM_EPSILON);
    const attended = selfAttention(layer.at("multi_head_attention"), config, normed, i, mask);
    x = x.add(dropout(scope, attended, config.dropout));
    const inner = feedForward(layer.at("ffn"), config, layerNorm(layer.at("layernorm2"), x, NORM_EPSILON));
    x = layer.checkpoint(layer.record("hidden", x.add(dropout(scope, inner, config.dropout))));
  }
  return scope.publish(`hiddenStates.${config.layers}`, layerNorm(scope.at("layernorm"), x, config.normEpsilon));
}

/** Tokens times √D, and places as sines and cosines, which are not trained: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: CtrlConfig, { inputIds, tokenTypeIds, positionIds }: Inputs): Tensor {
  const { vocabulary, width, maxPositions } = config;
  const table = embeddingTable(scope.at("w"), vocabulary, width, normal(config));
  const words = table.gather(inputIds);
  const tokens = (tokenTypeIds === undefined ? words : words.add(table.gather(tokenTypeIds))).scale(Math.sqrt(width));
  const places =
    positionIds === undefined
      ? positions(scope, tokens, "halves", maxPositions, scope.past)
      : constant(sinusoids(maxPositions, width, "halves"), [maxPositions, width]).gather(positionIds);
  return dropout(scope, tokens.add(places), config.embeddingDropout);
}

/** [B, T, D] to [B, T, D]. The weights have no dropout. */
function selfAttention(scope: Scope, config: CtrlConfig, x: Tensor, layer: number, mask: Tensor | undefined): Tensor {
  const { width, heads } = config;
  const project = (name: string, from: Tensor): Tensor =>
    linear(scope.at(name), from, width, { initial: normal(config) });
  const query = splitHeads(project("Wq", x), heads);
  const key = scope.append("key", splitHeads(project("Wk", x), heads));
  const value = scope.append("value", splitHeads(project("Wv", x), heads));
  const context = attendCausally(scope, query, key, value, { mask, publish: `attentions.${layer}` });
  return project("dense", joinHeads(context));
}

/** Equation 2 of Vaswani et al. (2017), in a sequence whose second place is the ReLU. */
function feedForward(scope: Scope, config: CtrlConfig, x: Tensor): Tensor {
  const inner = linear(scope.at(0), x, config.feedForward, { initial: normal(config) }).relu();
  return linear(scope.at(2), inner, config.width, { initial: normal(config) });
}

const text: TextBody<CtrlConfig> = { inputs: speakerInputs, path: "transformer", hidden: ctrl };

/** Logits [B, T, V] by the table of the embeddings, or a layer of their own, with a bias: hidden states [B, T, D]. */
function tokenLogits(scope: Scope, config: CtrlConfig, hidden: Tensor): Tensor {
  const output = scope.at("lm_head");
  const place = config.tied ? scope.at("transformer.w") : output;
  const table = embeddingTable(place, config.vocabulary, config.width, normal(config));
  return hidden.linear(table, output.parameter("bias", [config.vocabulary], { kind: "zeros" }));
}

export const ctrlFamily = family<CtrlConfig>({
  modelType: "ctrl",
  config,
  heads: {
    CTRLLMHeadModel: nextWords(text, tokenLogits),
    CTRLModel: bareModel(text),
    CTRLForSequenceClassification: lastTokenClassifier(text, "classifier"),
  },
  names: ({ tied }) => ({
    base: "transformer",
    ...(tied && { tied: { "lm_head.weight": "transformer.w.weight" } }),
    ignored: [/(^|\.)pos_encoding$/],
  }),
  presets: { ctrl: {} },
});
