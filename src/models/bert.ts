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
  linear,
  lookUp,
  splitHeads,
  visible,
  type Initializer,
  type Scope,
} from "../nn/index.ts";
import {
  activation,
  configReader,
  count,
  labelNames,
  optional,
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
} from "./config-fields.ts";
import { family, head, maybe, needed, type InputTensors } from "./family.ts";
import {
  classLabels,
  classLoss,
  firstToken,
  meanCrossEntropy,
  rowLabels,
  spanLabels,
  spanOutputs,
  textInputs,
  tokenLabels,
  tokenLoss,
} from "./heads.ts";

const fields = {
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
  labels: labelNames,
  problemType,
};
/** Sizes and choices of a BERT. */
export type BertConfig = ConfigOf<typeof fields>;

const config = configReader("BERT", fields, {
  only: { position_embedding_type: ["absolute"], is_decoder: [false], tie_word_embeddings: [true] },
  check: ({ width, heads }) =>
    width % heads === 0 ? undefined : `hidden_size ${width} does not divide into num_attention_heads ${heads}.`,
});

type TextInputs = InputTensors<typeof textInputs>;

const normal = ({ deviation }: BertConfig): Initializer => ({ kind: "normal", deviation });
const dense = (scope: Scope, config: BertConfig, x: Tensor, out = config.width): Tensor =>
  linear(scope, x, out, { initial: normal(config) });

/** Figure 2 and the stack above it: [B, T] to hidden states [B, T, D]. */
export function bert(scope: Scope, config: BertConfig, inputs: TextInputs): Tensor {
  const mask = visible(inputs.attentionMask);
  let x = scope.publish("hiddenStates.0", embeddings(scope.at("embeddings"), config, inputs));
  for (let i = 0; i < config.layers; i++) {
    x = layer(scope.at("encoder.layer", i), config, x, mask, `attentions.${i}`);
    x = scope.checkpoint(scope.publish(`hiddenStates.${i + 1}`, x));
  }
  return x;
}

/** Words, segments and positions, normalized: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: BertConfig, { inputIds, tokenTypeIds, positionIds }: TextInputs): Tensor {
  const { width, maxPositions, segments, paddingId } = config;
  const initial = normal(config);
  const words = embedding(scope.at("word_embeddings"), inputIds, config.vocabulary, width, { initial, paddingId });
  const segmentTable = embeddingTable(scope.at("token_type_embeddings"), segments, width, initial);
  const positionTable = embeddingTable(scope.at("position_embeddings"), maxPositions, width, initial);
  const segment = tokenTypeIds === undefined ? segmentTable.slice(0, 0, 1) : lookUp(segmentTable, tokenTypeIds);
  const position =
    positionIds === undefined ? positionTable.slice(0, 0, inputIds.dim(1)) : lookUp(positionTable, positionIds);
  const sum = words.add(segment).add(position);
  return dropout(scope, norm(scope.at("LayerNorm"), sum, config), config.dropout);
}

const norm = (scope: Scope, x: Tensor, { normEpsilon }: BertConfig): Tensor => layerNorm(scope, x, normEpsilon);

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
  const projected = dropout(scope, dense(scope.at("dense"), config, x), config.dropout);
  return norm(scope.at("LayerNorm"), projected.add(residual), config);
}

/** A summary of the text from its first token, by a layer with tanh: [B, T, D] to [B, D]. */
function pooler(scope: Scope, config: BertConfig, hidden: Tensor): Tensor {
  return scope.publish("poolerOutput", dense(scope.at("dense"), config, firstToken(hidden)).tanh());
}

/** Logits [B, T, V] over words for each position, from the table of word embeddings (Devlin et al., section 3.1). */
function maskedWords(scope: Scope, config: BertConfig, hidden: Tensor): Tensor {
  const predictions = scope.at("cls.predictions");
  const inner = activations[config.activation](dense(predictions.at("transform.dense"), config, hidden));
  const normed = norm(predictions.at("transform.LayerNorm"), inner, config);
  const table = embeddingTable(scope.at("bert.embeddings.word_embeddings"), config.vocabulary, config.width);
  return normed.linear(table, predictions.parameter("bias", [config.vocabulary], { kind: "zeros" }));
}

const classifierDropout = (config: BertConfig): number => config.classifierDropout ?? config.dropout;

const tied = {
  "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
  "cls.predictions.decoder.bias": "cls.predictions.bias",
};
const of = head<BertConfig>();

const heads = {
  BertModel: of({
    task: "features",
    inputs: textInputs,
    compute: (scope, config, inputs) => {
      const lastHiddenState = bert(scope, config, inputs);
      return { lastHiddenState, poolerOutput: pooler(scope.at("pooler"), config, lastHiddenState) };
    },
  }),
  BertForMaskedLM: of({
    task: "masked-lm",
    inputs: { ...textInputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const logits = maskedWords(scope, config, bert(scope.at("bert"), config, inputs));
      return { logits, loss: tokenLoss(logits, labels) };
    },
  }),
  /** Masked words and whether the second text follows the first. */
  BertForPreTraining: of({
    task: "pre-training",
    inputs: { ...textInputs, ...tokenLabels, nextSentenceLabel: maybe("int32", "batch") },
    compute: (scope, config, { labels, nextSentenceLabel, ...inputs }) => {
      const hidden = bert(scope.at("bert"), config, inputs);
      const predictionLogits = maskedWords(scope, config, hidden);
      const pooled = pooler(scope.at("bert.pooler"), config, hidden);
      const seqRelationshipLogits = dense(scope.at("cls.seq_relationship"), config, pooled, 2);
      if (labels === undefined || nextSentenceLabel === undefined) return { predictionLogits, seqRelationshipLogits };
      const loss = meanCrossEntropy(predictionLogits, labels).add(
        meanCrossEntropy(seqRelationshipLogits, nextSentenceLabel),
      );
      return { predictionLogits, seqRelationshipLogits, loss };
    },
  }),
  BertForNextSentencePrediction: of({
    task: "next-sentence",
    inputs: { ...textInputs, ...rowLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const pooled = pooler(scope.at("bert.pooler"), config, bert(scope.at("bert"), config, inputs));
      const logits = dense(scope.at("cls.seq_relationship"), config, pooled, 2);
      return { logits, loss: tokenLoss(logits, labels) };
    },
  }),
  BertForSequenceClassification: of({
    task: "sequence-classification",
    inputs: (config) => ({ ...textInputs, ...classLabels(config) }),
    compute: (scope, config, { labels, ...inputs }) => {
      const pooled = pooler(scope.at("bert.pooler"), config, bert(scope.at("bert"), config, inputs));
      const dropped = dropout(scope, pooled, classifierDropout(config));
      const logits = dense(scope.at("classifier"), config, dropped, config.labels.length);
      return { logits, loss: classLoss(logits, labels, config) };
    },
  }),
  BertForTokenClassification: of({
    task: "token-classification",
    inputs: { ...textInputs, ...tokenLabels },
    compute: (scope, config, { labels, ...inputs }) => {
      const dropped = dropout(scope, bert(scope.at("bert"), config, inputs), classifierDropout(config));
      const logits = dense(scope.at("classifier"), config, dropped, config.labels.length);
      return { logits, loss: tokenLoss(logits, labels) };
    },
  }),
  BertForQuestionAnswering: of({
    task: "question-answering",
    inputs: { ...textInputs, ...spanLabels },
    compute: (scope, config, { startPositions, endPositions, ...inputs }) => {
      const spans = dense(scope.at("qa_outputs"), config, bert(scope.at("bert"), config, inputs), 2);
      return { ...spanOutputs(spans, { startPositions, endPositions }) };
    },
  }),
  /** Each row holds a question with its choices: [B, choices, T]. */
  BertForMultipleChoice: of({
    task: "multiple-choice",
    inputs: {
      inputIds: needed("int32", "batch", "choices", "time"),
      attentionMask: maybe("int32", "batch", "choices", "time"),
      tokenTypeIds: maybe("int32", "batch", "choices", "time"),
      positionIds: maybe("int32", "batch", "choices", "time"),
      ...rowLabels,
    },
    compute: (scope, config, { labels, ...inputs }) => {
      const [batch, choices, time] = inputs.inputIds.shape;
      const flat = (x: Tensor): Tensor => x.reshape([-1, time!]);
      const flatInputs = {
        inputIds: flat(inputs.inputIds),
        attentionMask: inputs.attentionMask && flat(inputs.attentionMask),
        tokenTypeIds: inputs.tokenTypeIds && flat(inputs.tokenTypeIds),
        positionIds: inputs.positionIds && flat(inputs.positionIds),
      };
      const pooled = pooler(scope.at("bert.pooler"), config, bert(scope.at("bert"), config, flatInputs));
      const scores = dense(scope.at("classifier"), config, dropout(scope, pooled, classifierDropout(config)), 1);
      const logits = scores.reshape([batch!, choices!]);
      return { logits, loss: tokenLoss(logits, labels) };
    },
  }),
};

export const bertFamily = family<BertConfig>({
  modelType: "bert",
  config,
  heads,
  names: () => ({
    base: "bert",
    tied,
    ignored: [/^(bert\.)?embeddings\.position_ids$/],
    renamed: [
      [/LayerNorm\.gamma$/, "LayerNorm.weight"],
      [/LayerNorm\.beta$/, "LayerNorm.bias"],
    ],
  }),
  /** Table of section 3: BASE and LARGE. */
  presets: {
    "bert-base": {},
    "bert-large": { layers: 24, width: 1024, heads: 16, feedForward: 4096 },
  },
});
