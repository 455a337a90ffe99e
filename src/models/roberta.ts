/**
 * RoBERTa (Liu, Ott, Goyal, Du, Joshi, Chen, Levy, Lewis, Zettlemoyer, Stoyanov: "RoBERTa: A robustly optimized BERT
 * pretraining approach", 2019): BERT with another vocabulary and training (section 4), without the next sentence.
 * Its checkpoints count positions from behind the padding token's id, over real tokens alone.
 */
// B batch, T tokens, D width, V vocabulary, C classes
import type { Tensor } from "../graph/index.ts";
import { dropout, layerNorm, tokenPositions, visible, type Scope } from "../nn/index.ts";
import { bertEmbeddings, bertEncoder, bertFields, bertPooler, bertRules } from "./bert.ts";
import { configReader, count, tokenId, type ConfigOf } from "./config-fields.ts";
import { family } from "./family.ts";
import { denseClassifier, firstToken, oldNorms, textInputs } from "./heads.ts";
import {
  answerSpans,
  bareModel,
  dense,
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
  vocabulary: count("vocab_size", 50265),
  /** Rows of the table of positions: `paddingId` + 1 more than positions. */
  maxPositions: count("max_position_embeddings", 512),
  paddingId: tokenId("pad_token_id", 1),
};
/** Sizes and choices of a RoBERTa. */
export type RobertaConfig = ConfigOf<typeof fields>;

/** The body: [B, T] to hidden states [B, T, D]. */
export function roberta(scope: Scope, config: RobertaConfig, inputs: TextTensors): Tensor {
  const padding = config.paddingId ?? 1;
  const positionIds = inputs.positionIds ?? tokenPositions(inputs.inputIds, padding);
  const x = bertEmbeddings(scope.at("embeddings"), config, { ...inputs, positionIds }, padding);
  return bertEncoder(scope.at("encoder"), config, x, visible(inputs.attentionMask));
}

const text: TextBody<RobertaConfig> = {
  inputs: textInputs,
  path: "roberta",
  hidden: roberta,
};

/** [B, T, V]. The activation is GELU, whatever the config's `hidden_act` says. */
function words(scope: Scope, config: RobertaConfig, hidden: Tensor): Tensor {
  const inner = dense(scope.at("lm_head.dense"), config, hidden).gelu();
  return wordScores(scope, config, layerNorm(scope.at("lm_head.layer_norm"), inner, config.normEpsilon), {
    table: "roberta.embeddings.word_embeddings",
    decoder: "lm_head.decoder",
    bias: "lm_head",
    untiedBias: "lm_head.decoder",
  });
}

const classifierDropout = (config: RobertaConfig): number => config.classifierDropout ?? config.dropout;

/** Scores of rows by the first token, with a layer of their own instead of the pooler: [B, classes]. */
function rows(scope: Scope, config: RobertaConfig, hidden: Tensor, classes: number): Tensor {
  const initial = { kind: "normal", deviation: config.deviation } as const;
  return denseClassifier(scope.at("classifier"), firstToken(hidden), classes, {
    dropout: classifierDropout(config),
    initial,
  });
}

/** Scores of choices by the pooler: [B, classes]. */
function choices(scope: Scope, config: RobertaConfig, hidden: Tensor, classes: number): Tensor {
  const pooled = bertPooler(scope.at("roberta.pooler"), config, hidden);
  return dense(scope.at("classifier"), config, dropout(scope, pooled, config.dropout), classes);
}

export const robertaFamily = family<RobertaConfig>({
  modelType: "roberta",
  /** The table's rows up to that of padding are no places. */
  longest: ({ maxPositions, paddingId = 0 }) => maxPositions - paddingId - 1,
  config: configReader("RoBERTa", fields, bertRules),
  heads: {
    RobertaModel: bareModel(text, bertPooler),
    RobertaForMaskedLM: maskedWords(text, words),
    RobertaForSequenceClassification: rowClassifier(text, rows),
    RobertaForTokenClassification: tokenClassifier(text, classifierDropout),
    RobertaForQuestionAnswering: answerSpans(text),
    RobertaForMultipleChoice: multipleChoice(text, choices),
  },
  names: ({ tied }) => ({
    base: "roberta",
    heads: [/^roberta\.pooler\./],
    tied: tied
      ? {
          "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight",
          "lm_head.decoder.bias": "lm_head.bias",
        }
      : {},
    ignored: [/^(roberta\.)?embeddings\.position_ids$/],
    renamed: oldNorms,
  }),
  /** BASE and LARGE of section 2; the checkpoints' vocabulary, table of positions and epsilon. */
  presets: {
    "roberta-base": { maxPositions: 514, segments: 1, normEpsilon: 1e-5 },
    "roberta-large": {
      layers: 24,
      width: 1024,
      heads: 16,
      feedForward: 4096,
      maxPositions: 514,
      segments: 1,
      normEpsilon: 1e-5,
    },
  },
});
