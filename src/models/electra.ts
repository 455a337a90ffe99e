/**
 * ELECTRA (Clark, Luong, Le, Manning: "ELECTRA: Pre-training text encoders as discriminators rather than generators",
 * 2020): two BERTs, of which a small one fills in masked words and the other says of each word whether it was replaced
 * (section 2, figure 2). Words may have a smaller width than hidden states; there is no pooler.
 */
// B batch, T tokens, E width of the embeddings, D width, V vocabulary, C classes
import type { Tensor } from "../graph/index.ts";
import { activations, dropout, layerNorm, visible, type Scope } from "../nn/index.ts";
import { bertEmbeddings, bertEncoder, bertFields, bertRules } from "./bert.ts";
import { activation, configReader, count, rate, type ConfigOf } from "./config-fields.ts";
import { family, head } from "./family.ts";
import { firstToken, logisticLoss, oldNorms, textInputs, tokenLabels } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  dense,
  hiddenOf,
  maskedWords,
  multipleChoice,
  rowClassifier,
  tokenClassifier,
  wordScores,
  type TextBody,
  type TextTensors,
} from "./text-heads.ts";

const fields = {
  ...bertFields,
  embeddingWidth: count("embedding_size", 128),
  width: count("hidden_size", 256),
  heads: count("num_attention_heads", 4),
  feedForward: count("intermediate_size", 1024),
  /** Of the layer that sums up a text for multiple choice. */
  summaryActivation: activation("summary_activation", "gelu"),
  summaryDropout: rate("summary_last_dropout", 0.1),
};
/** Sizes and choices of an ELECTRA, of its generator or its discriminator. */
export type ElectraConfig = ConfigOf<typeof fields>;

const config = configReader("ELECTRA", fields, {
  ...bertRules,
  only: {
    ...bertRules.only,
    summary_type: ["first"],
    summary_use_proj: [true],
    summary_proj_to_labels: [false],
    summary_first_dropout: [0],
  },
});

/** The body: [B, T] to hidden states [B, T, D]. */
export function electra(scope: Scope, config: ElectraConfig, inputs: TextTensors): Tensor {
  const { width, embeddingWidth } = config;
  const words = bertEmbeddings(scope.at("embeddings"), { ...config, width: embeddingWidth }, inputs);
  const x = embeddingWidth === width ? words : dense(scope.at("embeddings_project"), config, words, width);
  return bertEncoder(scope.at("encoder"), config, x, visible(inputs.attentionMask));
}

const text: TextBody<ElectraConfig> = {
  inputs: textInputs,
  path: "electra",
  hidden: electra,
};

/** The generator's scores of words, from vectors of the width of the embeddings: [B, T, V]. GELU, whatever the config says. */
function words(scope: Scope, config: ElectraConfig, hidden: Tensor): Tensor {
  const predictions = scope.at("generator_predictions");
  const narrow = dense(predictions.at("dense"), config, hidden, config.embeddingWidth).gelu();
  return wordScores(scope, config, layerNorm(predictions.at("LayerNorm"), narrow, config.normEpsilon), {
    table: "electra.embeddings.word_embeddings",
    decoder: "generator_lm_head",
    bias: "generator_lm_head",
  });
}

/** The discriminator's scores: above 0 where a word seems to be replaced, [B, T]. */
function replaced(scope: Scope, config: ElectraConfig, hidden: Tensor): Tensor {
  const inner = activations[config.activation](dense(scope.at("dense"), config, hidden));
  return dense(scope.at("dense_prediction"), config, inner, 1).squeeze(-1);
}

/** The mean loss of those scores over real tokens (section 2, the discriminator's loss). */
function replacedLoss(logits: Tensor, labels: Tensor, attentionMask: Tensor | undefined): Tensor {
  const losses = logisticLoss(logits, labels.cast(logits.dtype));
  if (attentionMask === undefined) return losses.mean();
  const real = attentionMask.equal(1).cast(logits.dtype);
  return losses.mul(real).sum().div(real.sum());
}

const classifierDropout = (config: ElectraConfig): number => config.classifierDropout ?? config.dropout;

/** Scores of rows by the first token, by GELU instead of tanh: [B, classes]. */
function rows(scope: Scope, config: ElectraConfig, hidden: Tensor, classes: number): Tensor {
  const rate = classifierDropout(config);
  const first = dropout(scope, firstToken(hidden), rate);
  const inner = dropout(scope, dense(scope.at("classifier.dense"), config, first).gelu(), rate);
  return dense(scope.at("classifier.out_proj"), config, inner, classes);
}

/** Scores of choices by the first token: [B, classes]. */
function choices(scope: Scope, config: ElectraConfig, hidden: Tensor, classes: number): Tensor {
  const summary = dense(scope.at("sequence_summary.summary"), config, firstToken(hidden));
  const inner = dropout(scope, activations[config.summaryActivation](summary), config.summaryDropout);
  return dense(scope.at("classifier"), config, inner, classes);
}

const of = head<ElectraConfig>();

export const electraFamily = family<ElectraConfig>({
  modelType: "electra",
  config,
  heads: {
    ElectraModel: bareModel(text),
    ElectraForMaskedLM: maskedWords(text, words),
    ElectraForPreTraining: of({
      task: "pre-training",
      inputs: { ...textInputs, ...tokenLabels },
      compute: (scope, config, { labels, ...inputs }) => {
        const logits = replaced(scope.at("discriminator_predictions"), config, hiddenOf(text, scope, config, inputs));
        return { logits, loss: labels && replacedLoss(logits, labels, inputs.attentionMask) };
      },
    }),
    ElectraForSequenceClassification: rowClassifier(text, rows),
    ElectraForTokenClassification: tokenClassifier(text, classifierDropout),
    ElectraForQuestionAnswering: answerSpans(text),
    ElectraForMultipleChoice: multipleChoice(text, choices),
  },
  names: ({ tied }) => ({
    base: "electra",
    tied: tied ? { "generator_lm_head.weight": "electra.embeddings.word_embeddings.weight" } : {},
    ignored: [/^(electra\.)?embeddings\.position_ids$/],
    renamed: oldNorms,
  }),
  /** Tables 6 and 7. Generators are a quarter as wide, but for the small one; words are as wide as the discriminator. */
  presets: {
    "electra-small-discriminator": {},
    "electra-small-generator": {},
    "electra-base-discriminator": { embeddingWidth: 768, width: 768, heads: 12, feedForward: 3072 },
    "electra-base-generator": { embeddingWidth: 768 },
    "electra-large-discriminator": { layers: 24, embeddingWidth: 1024, width: 1024, heads: 16, feedForward: 4096 },
    "electra-large-generator": { layers: 24, embeddingWidth: 1024 },
  },
});
