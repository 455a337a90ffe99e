/**
 * ALBERT (Lan, Chen, Goodman, Gimpel, Sharma, Soricut: "ALBERT: A lite BERT for self-supervised learning of language
 * representations", 2020): BERT with words of a smaller width than the hidden states, layers that share their weights,
 * and the order of two sentences in place of the next sentence (section 3.1).
 */
// B batch, T tokens, E width of the embeddings, D width, V vocabulary, C classes
import type { Tensor } from "../graph/index.ts";
import { activations, attend, dropout, joinHeads, layerNorm, splitHeads, visible, type Scope } from "../nn/index.ts";
import { bertEmbeddings, bertFields, bertRules } from "./bert.ts";
import { activation, configReader, count, rate, type ConfigOf } from "./config-fields.ts";
import { family } from "./family.ts";
import { firstToken, oldNorms, textInputs } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  dense,
  maskedWords,
  multipleChoice,
  preTraining,
  rowClassifier,
  tokenClassifier,
  wordScores,
  type TextBody,
  type TextTensors,
} from "./text-heads.ts";

const fields = {
  ...bertFields,
  vocabulary: count("vocab_size", 30000),
  embeddingWidth: count("embedding_size", 128),
  width: count("hidden_size", 4096),
  heads: count("num_attention_heads", 64),
  feedForward: count("intermediate_size", 16384),
  /** How many sets of weights the layers are divided among, and how many layers make a set. */
  groups: count("num_hidden_groups", 1),
  innerLayers: count("inner_group_num", 1),
  activation: activation("hidden_act", "gelu_tanh"),
  dropout: rate("hidden_dropout_prob", 0),
  attentionDropout: rate("attention_probs_dropout_prob", 0),
  classifierDropout: rate("classifier_dropout_prob", 0.1),
};
/** Sizes and choices of an ALBERT. */
export type AlbertConfig = ConfigOf<typeof fields>;

/** The body: [B, T] to hidden states [B, T, D]. */
export function albert(scope: Scope, config: AlbertConfig, inputs: TextTensors): Tensor {
  const mask = visible(inputs.attentionMask);
  const narrow = bertEmbeddings(scope.at("embeddings"), { ...config, width: config.embeddingWidth }, inputs);
  const stack = scope.at("encoder");
  let x = dense(stack.at("embedding_hidden_mapping_in"), config, narrow, config.width);
  x = scope.publish("hiddenStates.0", x);
  for (let i = 0; i < config.layers * config.innerLayers; i++) {
    const group = Math.floor(Math.floor(i / config.innerLayers) / (config.layers / config.groups));
    const place = stack.at("albert_layer_groups", group, "albert_layers", i % config.innerLayers);
    x = layer(place, config, x, mask, `attentions.${i}`);
    x = scope.checkpoint(scope.publish(`hiddenStates.${i + 1}`, x));
  }
  return x;
}

const norm = (scope: Scope, x: Tensor, { normEpsilon }: AlbertConfig): Tensor => layerNorm(scope, x, normEpsilon);

/** Self-attention and feed-forward network, each added to its input and then normalized: [B, T, D] to [B, T, D]. */
function layer(scope: Scope, config: AlbertConfig, x: Tensor, mask: Tensor | undefined, publish: string): Tensor {
  const { heads, attentionDropout } = config;
  const self = scope.at("attention");
  const project = (name: string): Tensor => splitHeads(dense(self.at(name), config, x), heads);
  const [query, key, value] = [project("query"), project("key"), project("value")];
  const context = joinHeads(attend(self, query, key, value, { mask, dropout: attentionDropout, publish }));
  const projected = dropout(scope, dense(self.at("dense"), config, context), config.dropout);
  const attended = norm(self.at("LayerNorm"), projected.add(x), config);
  // Without dropout behind the feed-forward network, unlike in BERT.
  const inner = activations[config.activation](dense(scope.at("ffn"), config, attended, config.feedForward));
  const outer = dense(scope.at("ffn_output"), config, inner, config.width);
  return norm(scope.at("full_layer_layer_norm"), outer.add(attended), config);
}

/** A summary of the text from its first token, by a layer with tanh: [B, T, D] to [B, D]. */
function pooler(scope: Scope, config: AlbertConfig, hidden: Tensor): Tensor {
  return scope.publish("poolerOutput", dense(scope, config, firstToken(hidden)).tanh());
}

const text: TextBody<AlbertConfig> = {
  inputs: textInputs,
  path: "albert",
  hidden: albert,
};

/** [B, T, V], from vectors of the width of the embeddings. */
function words(scope: Scope, config: AlbertConfig, hidden: Tensor): Tensor {
  const predictions = scope.at("predictions");
  const narrow = dense(predictions.at("dense"), config, hidden, config.embeddingWidth);
  return wordScores(scope, config, norm(predictions.at("LayerNorm"), activations[config.activation](narrow), config), {
    table: "albert.embeddings.word_embeddings",
    decoder: "predictions.decoder",
    bias: "predictions",
    untiedBias: "predictions.decoder",
  });
}

/** Scores of rows by their summaries, with a layer of this name: [B, classes]. */
const rows =
  (name: string) =>
  (scope: Scope, config: AlbertConfig, hidden: Tensor, classes: number): Tensor => {
    const pooled = pooler(scope.at("albert.pooler"), config, hidden);
    return dense(scope.at(name), config, dropout(scope, pooled, config.classifierDropout), classes);
  };

export const albertFamily = family<AlbertConfig>({
  modelType: "albert",
  config: configReader("ALBERT", fields, bertRules),
  heads: {
    AlbertModel: bareModel(text, pooler),
    AlbertForMaskedLM: maskedWords(text, words),
    AlbertForPreTraining: preTraining(text, words, rows("sop_classifier.classifier"), {
      rowLogits: "sopLogits",
      rowLabels: "sentenceOrderLabel",
    }),
    AlbertForSequenceClassification: rowClassifier(text, rows("classifier")),
    AlbertForTokenClassification: tokenClassifier(text, (config) => config.classifierDropout),
    AlbertForQuestionAnswering: answerSpans(text),
    AlbertForMultipleChoice: multipleChoice(text, rows("classifier")),
  },
  names: ({ tied }) => ({
    base: "albert",
    heads: [/^albert\.pooler\./],
    tied: tied
      ? {
          "predictions.decoder.weight": "albert.embeddings.word_embeddings.weight",
          "predictions.decoder.bias": "predictions.bias",
        }
      : {},
    ignored: [/^(albert\.)?embeddings\.position_ids$/],
    renamed: oldNorms,
  }),
  /** Table 1; the second version of the checkpoints, which was trained without dropout. */
  presets: {
    "albert-base-v2": { width: 768, heads: 12, feedForward: 3072 },
    "albert-large-v2": { layers: 24, width: 1024, heads: 16, feedForward: 4096 },
    "albert-xlarge-v2": { layers: 24, width: 2048, heads: 16, feedForward: 8192 },
    "albert-xxlarge-v2": {},
  },
});
