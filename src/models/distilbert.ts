/**
 * DistilBERT (Sanh, Debut, Chaumond, Wolf: "DistilBERT, a distilled version of BERT: smaller, faster, cheaper and
 * lighter", 2019): BERT with half of the layers, without segments and pooler (section 3). Its checkpoints have names of
 * their own for everything.
 */
// B batch, T tokens, D width, V vocabulary, C classes
import type { Tensor } from "../graph/index.ts";
import {
  activations,
  attend,
  dropout,
  embedding,
  embeddingTable,
  joinHeads,
  layerNorm,
  lookUp,
  sinusoids,
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
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
} from "./config-fields.ts";
import { family } from "./family.ts";
import { firstToken, oldNorms } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  dense,
  maskedWords,
  multipleChoice,
  rowClassifier,
  tokenClassifier,
  wordInputs,
  wordScores,
  type TextBody,
  type TextTensors,
} from "./text-heads.ts";

const fields = {
  vocabulary: count("vocab_size", 30522),
  width: count(["dim", "hidden_size"], 768),
  layers: count(["n_layers", "num_hidden_layers"], 6),
  heads: count(["n_heads", "num_attention_heads"], 12),
  feedForward: count("hidden_dim", 3072),
  activation: activation("activation", "gelu"),
  dropout: rate("dropout", 0.1),
  attentionDropout: rate("attention_dropout", 0.1),
  /** In front of the layer that finds answers, and of the one that classifies rows. */
  answerDropout: rate("qa_dropout", 0.1),
  classifierDropout: rate("seq_classif_dropout", 0.2),
  deviation: positive("initializer_range", 0.02),
  maxPositions: count("max_position_embeddings", 512),
  /** Whether positions are a fixed table of sines and cosines. */
  sinusoidal: flag("sinusoidal_pos_embds", false),
  paddingId: tokenId("pad_token_id", 0),
  tied: flag("tie_word_embeddings", true),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a DistilBERT. */
export type DistilBertConfig = ConfigOf<typeof fields>;

const config = configReader("DistilBERT", fields, {
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `a dim of ${width} does not divide into n_heads ${heads}.`,
});

/** The body: [B, T] to hidden states [B, T, D]. */
export function distilBert(scope: Scope, config: DistilBertConfig, inputs: TextTensors): Tensor {
  const mask = visible(inputs.attentionMask);
  let x = scope.publish("hiddenStates.0", embeddings(scope.at("embeddings"), config, inputs));
  for (let i = 0; i < config.layers; i++) {
    x = layer(scope.at("transformer.layer", i), config, x, mask, `attentions.${i}`);
    x = scope.checkpoint(scope.publish(`hiddenStates.${i + 1}`, x));
  }
  return x;
}

/** Words and positions, normalized: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: DistilBertConfig, { inputIds, positionIds }: TextTensors): Tensor {
  const { vocabulary, width, maxPositions, sinusoidal, paddingId, deviation } = config;
  const initial = { kind: "normal", deviation } as const;
  const words = embedding(scope.at("word_embeddings"), inputIds, vocabulary, width, { initial, paddingId });
  const places = scope.at("position_embeddings");
  const table = sinusoidal
    ? places.fixed("weight", [maxPositions, width], {
        kind: "values",
        values: sinusoids(maxPositions, width, "interleaved"),
      })
    : embeddingTable(places, maxPositions, width, initial);
  const position = positionIds === undefined ? table.slice(0, 0, inputIds.dim(1)) : lookUp(table, positionIds);
  return dropout(scope, norm(scope.at("LayerNorm"), words.add(position)), config.dropout);
}

/** The epsilon is the same for all checkpoints. */
const norm = (scope: Scope, x: Tensor): Tensor => layerNorm(scope, x, 1e-12);

/** Self-attention and feed-forward network, each added to its input and then normalized: [B, T, D] to [B, T, D]. */
function layer(scope: Scope, config: DistilBertConfig, x: Tensor, mask: Tensor | undefined, publish: string): Tensor {
  const { heads, attentionDropout } = config;
  const self = scope.at("attention");
  const project = (name: string): Tensor => splitHeads(dense(self.at(name), config, x), heads);
  const [query, key, value] = [project("q_lin"), project("k_lin"), project("v_lin")];
  const context = joinHeads(attend(self, query, key, value, { mask, dropout: attentionDropout, publish }));
  // Without dropout here, unlike in BERT.
  const attended = norm(scope.at("sa_layer_norm"), dense(self.at("out_lin"), config, context).add(x));
  const inner = activations[config.activation](dense(scope.at("ffn.lin1"), config, attended, config.feedForward));
  const outer = dropout(scope, dense(scope.at("ffn.lin2"), config, inner, config.width), config.dropout);
  return norm(scope.at("output_layer_norm"), outer.add(attended));
}

const text: TextBody<DistilBertConfig> = {
  inputs: wordInputs,
  path: "distilbert",
  hidden: distilBert,
};

/** [B, T, V]. */
function words(scope: Scope, config: DistilBertConfig, hidden: Tensor): Tensor {
  const inner = activations[config.activation](dense(scope.at("vocab_transform"), config, hidden));
  return wordScores(scope, config, norm(scope.at("vocab_layer_norm"), inner), {
    table: "distilbert.embeddings.word_embeddings",
    decoder: "vocab_projector",
    bias: "vocab_projector",
  });
}

/** Scores of rows by the first token: [B, classes]. */
function rows(scope: Scope, config: DistilBertConfig, hidden: Tensor, classes: number): Tensor {
  const inner = dense(scope.at("pre_classifier"), config, firstToken(hidden)).relu();
  return dense(scope.at("classifier"), config, dropout(scope, inner, config.classifierDropout), classes);
}

export const distilBertFamily = family<DistilBertConfig>({
  modelType: "distilbert",
  config,
  heads: {
    DistilBertModel: bareModel(text),
    DistilBertForMaskedLM: maskedWords(text, words),
    DistilBertForSequenceClassification: rowClassifier(text, rows),
    DistilBertForTokenClassification: tokenClassifier(text, (config) => config.dropout),
    DistilBertForQuestionAnswering: answerSpans(text, (config) => config.answerDropout),
    DistilBertForMultipleChoice: multipleChoice(text, rows),
  },
  names: ({ tied }) => ({
    base: "distilbert",
    tied: tied ? { "vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight" } : {},
    ignored: [/^(distilbert\.)?embeddings\.position_ids$/],
    renamed: oldNorms,
  }),
  presets: { "distilbert-base": {} },
});
