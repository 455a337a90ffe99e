/**
 * BERT (Devlin, Chang, Lee, Toutanova: "BERT: Pre-training of deep bidirectional Transformers for language
 * understanding", 2019): an encoder with LayerNorm behind each sub-layer, segments, and heads for the tasks of its
 * section 4. Parameters bear the names of the published checkpoints. DNABERT is this over k-mers.
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
  type ConfigRules,
} from "./config-fields.ts";
import { family, head } from "./family.ts";
import { firstToken, oldNorms, rowLabels, textInputs, tokenLoss } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  dense,
  hiddenOf,
  maskedWords,
  multipleChoice,
  preTraining,
  rowClassifier,
  tokenClassifier,
  wordScores,
  type TextBody,
  type TextTensors,
} from "./text-heads.ts";

/** The keys of config.json, with BERT's defaults. */
export const bertFields = {
  vocabulary: count("vocab_size", 30522),
  width: count("hidden_size", 768),
  layers: count("num_hidden_layers", 12),
  heads: count("num_attention_heads", 12),
  feedForward: count("intermediate_size", 3072),
  activation: activation("hidden_act", "gelu"),
  dropout: rate("hidden_dropout_prob", 0.1),
  attentionDropout: rate("attention_probs_dropout_prob", 0.1),
  classifierDropout: optional(rate("classifier_dropout", 0)),
  maxPositions: count("max_position_embeddings", 512),
  segments: count("type_vocab_size", 2),
  normEpsilon: positive("layer_norm_eps", 1e-12),
  deviation: positive("initializer_range", 0.02),
  paddingId: tokenId("pad_token_id", 0),
  tied: flag("tie_word_embeddings", true),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a BERT. */
export type BertConfig = ConfigOf<typeof bertFields>;

/** What of a config this version computes, for BERT and those like it. */
export const bertRules: ConfigRules<Pick<BertConfig, "width" | "heads">> = {
  only: { position_embedding_type: ["absolute"], is_decoder: [false] },
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `hidden_size ${width} does not divide into num_attention_heads ${heads}.`,
};

/** Figure 2 and the stack above it: [B, T] to hidden states [B, T, D]. */
export function bert(scope: Scope, config: BertConfig, inputs: TextTensors): Tensor {
  const x = bertEmbeddings(scope.at("embeddings"), config, inputs);
  return bertEncoder(scope.at("encoder"), config, x, visible(inputs.attentionMask));
}

/**
 * Words, segments and positions, normalized: [B, T] to [B, T, D]. The row of the positions' table that stands for
 * padding, if there is one, is not trained.
 */
export function bertEmbeddings(
  scope: Scope,
  config: BertConfig,
  { inputIds, tokenTypeIds, positionIds }: TextTensors,
  paddedPosition?: number,
): Tensor {
  const { width, maxPositions, segments, paddingId, deviation } = config;
  const initial = { kind: "normal", deviation } as const;
  const words = embedding(scope.at("word_embeddings"), inputIds, config.vocabulary, width, { initial, paddingId });
  const segmentTable = embeddingTable(scope.at("token_type_embeddings"), segments, width, initial);
  const segment = tokenTypeIds === undefined ? segmentTable.slice(0, 0, 1) : lookUp(segmentTable, tokenTypeIds);
  const positionTable = embeddingTable(scope.at("position_embeddings"), maxPositions, width, {
    ...initial,
    zeroRow: paddedPosition,
  });
  const position =
    positionIds === undefined
      ? positionTable.slice(0, 0, inputIds.dim(1))
      : lookUp(positionTable, positionIds, paddedPosition);
  const sum = words.add(segment).add(position);
  return dropout(scope, norm(scope.at("LayerNorm"), sum, config), config.dropout);
}

const norm = (scope: Scope, x: Tensor, { normEpsilon }: BertConfig): Tensor => layerNorm(scope, x, normEpsilon);

/** The layers, one after another: [B, T, D] to [B, T, D]. */
export function bertEncoder(scope: Scope, config: BertConfig, x: Tensor, mask: Tensor | undefined): Tensor {
  x = scope.publish("hiddenStates.0", x);
  for (let i = 0; i < config.layers; i++) {
    x = layer(scope.at("layer", i), config, x, mask, `attentions.${i}`);
    x = scope.checkpoint(scope.publish(`hiddenStates.${i + 1}`, x));
  }
  return x;
}

/** Self-attention and feed-forward network, each added to its input and then normalized: [B, T, D] to [B, T, D]. */
function layer(scope: Scope, config: BertConfig, x: Tensor, mask: Tensor | undefined, publish: string): Tensor {
  const { heads, attentionDropout } = config;
  const self = scope.at("attention.self");
  const project = (name: string): Tensor => splitHeads(dense(self.at(name), config, x), heads);
  const [query, key, value] = [project("query"), project("key"), project("value")];
  const context = joinHeads(attend(self, query, key, value, { mask, dropout: attentionDropout, publish }));
  const attended = addAndNorm(scope.at("attention.output"), config, context, x);
  const inner = activations[config.activation](
    dense(scope.at("intermediate.dense"), config, attended, config.feedForward),
  );
  return addAndNorm(scope.at("output"), config, inner, attended);
}

function addAndNorm(scope: Scope, config: BertConfig, x: Tensor, residual: Tensor): Tensor {
  const projected = dropout(scope, dense(scope.at("dense"), config, x, config.width), config.dropout);
  return norm(scope.at("LayerNorm"), projected.add(residual), config);
}

/** A summary of the text from its first token, by a layer with tanh: [B, T, D] to [B, D]. */
export function bertPooler(scope: Scope, config: Pick<BertConfig, "deviation">, hidden: Tensor): Tensor {
  return scope.publish("poolerOutput", dense(scope.at("dense"), config, firstToken(hidden)).tanh());
}

const text: TextBody<BertConfig> = {
  inputs: textInputs,
  path: "bert",
  hidden: bert,
};

/** [B, T, V], from the table of word embeddings unless the config unties it (section 3.1). */
function words(scope: Scope, config: BertConfig, hidden: Tensor): Tensor {
  const predictions = scope.at("cls.predictions");
  const inner = activations[config.activation](dense(predictions.at("transform.dense"), config, hidden));
  return wordScores(scope, config, norm(predictions.at("transform.LayerNorm"), inner, config), {
    table: "bert.embeddings.word_embeddings",
    decoder: "cls.predictions.decoder",
    bias: "cls.predictions",
    untiedBias: "cls.predictions.decoder",
  });
}

/** Whether the second text follows the first: [B, 2]. */
function nextSentence(scope: Scope, config: BertConfig, hidden: Tensor): Tensor {
  return dense(scope.at("cls.seq_relationship"), config, bertPooler(scope.at("bert.pooler"), config, hidden), 2);
}

const classifierDropout = (config: BertConfig): number => config.classifierDropout ?? config.dropout;

/** Scores of rows by their summaries: [B, classes]. */
function rows(scope: Scope, config: BertConfig, hidden: Tensor, classes: number): Tensor {
  const pooled = bertPooler(scope.at("bert.pooler"), config, hidden);
  return dense(scope.at("classifier"), config, dropout(scope, pooled, classifierDropout(config)), classes);
}

const of = head<BertConfig>();

export const bertFamily = family<BertConfig>({
  modelType: "bert",
  config: configReader("BERT", bertFields, bertRules),
  heads: {
    BertModel: bareModel(text, bertPooler),
    BertForMaskedLM: maskedWords(text, words),
    BertForPreTraining: preTraining(text, words, nextSentence, {
      rowLogits: "seqRelationshipLogits",
      rowLabels: "nextSentenceLabel",
    }),
    BertForNextSentencePrediction: of({
      task: "next-sentence",
      inputs: { ...textInputs, ...rowLabels },
      compute: (scope, config, { labels, ...inputs }) => {
        const logits = nextSentence(scope, config, hiddenOf(text, scope, config, inputs));
        return { logits, loss: tokenLoss(logits, labels) };
      },
    }),
    BertForSequenceClassification: rowClassifier(text, rows),
    BertForTokenClassification: tokenClassifier(text, classifierDropout),
    BertForQuestionAnswering: answerSpans(text),
    BertForMultipleChoice: multipleChoice(text, rows),
  },
  names: ({ tied }) => ({
    base: "bert",
    heads: [/^bert\.pooler\./],
    tied: tied
      ? {
          "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
          "cls.predictions.decoder.bias": "cls.predictions.bias",
        }
      : {},
    ignored: [/^(bert\.)?embeddings\.position_ids$/],
    renamed: oldNorms,
  }),
  /** Table of section 3: BASE and LARGE. */
  presets: {
    "bert-base": {},
    "bert-large": { layers: 24, width: 1024, heads: 16, feedForward: 4096 },
  },
});
