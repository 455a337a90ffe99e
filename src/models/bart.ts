/**
 * BART (Lewis, Liu, Goyal, Ghazvininejad, Mohamed, Levy, Stoyanov, Zettlemoyer: "BART: Denoising sequence-to-sequence
 * pre-training for natural language generation, translation, and comprehension", 2020): the Transformer with GELU
 * (section 2.1), learned positions, and LayerNorm behind the embeddings. mBART (mbart.ts) is this with another order of
 * LayerNorm. Parameters bear the names of the published checkpoints.
 */
// B batch, S source tokens, T target tokens, D width, V vocabulary, C classes
import { addDimensions, type Dimension, type Tensor } from "../graph/index.ts";
import {
  dropout,
  embeddingTable,
  layerNorm,
  linear,
  lookUp,
  visible,
  type Initializer,
  type NameRules,
  type Scope,
} from "../nn/index.ts";
import {
  activation,
  configReader,
  count,
  flag,
  id,
  labelNames,
  positive,
  problemType,
  rate,
  tokenId,
  type ConfigOf,
  type ConfigRules,
  type Field,
} from "./config-fields.ts";
import { family, head, maybe, type Head, type InputTensors } from "./family.ts";
import type { decodedPairInputs } from "./heads.ts";
import {
  classLabels,
  classLoss,
  denseClassifier,
  lastReal,
  pairInputs,
  shiftRight,
  sourceMask,
  spanLabels,
  spanOutputs,
  tokenLoss,
} from "./heads.ts";
import { decoder, encoder, type Stack } from "./transformer.ts";

/** A file of a BART that names no classes has three. */
const threeLabels: Field<readonly string[]> = { ...labelNames, default: ["LABEL_0", "LABEL_1", "LABEL_2"] };

/** What BART, mBART and Marian say in their configs; `encoder_` and `decoder_` keys are those of the two stacks. */
export const bartFields = {
  vocabulary: count("vocab_size", 50265),
  width: count(["d_model", "hidden_size"], 1024),
  encoderLayers: count(["encoder_layers", "num_hidden_layers"], 12),
  encoderHeads: count(["encoder_attention_heads", "num_attention_heads"], 16),
  encoderFeedForward: count("encoder_ffn_dim", 4096),
  decoderLayers: count("decoder_layers", 12),
  decoderHeads: count("decoder_attention_heads", 16),
  decoderFeedForward: count("decoder_ffn_dim", 4096),
  /** The longest text, in tokens. */
  maxPositions: count("max_position_embeddings", 1024),
  activation: activation("activation_function", "gelu"),
  dropout: rate("dropout", 0.1),
  attentionDropout: rate("attention_dropout", 0),
  /** Behind the activation of the feed-forward networks. */
  activationDropout: rate("activation_dropout", 0),
  classifierDropout: rate("classifier_dropout", 0),
  deviation: positive("init_std", 0.02),
  /** Whether embeddings are multiplied by √D. */
  scaleEmbedding: flag("scale_embedding", false),
  paddingId: id("pad_token_id", 1),
  endId: id("eos_token_id", 2),
  /** What the decoder reads first, where its inputs are made from labels. */
  startId: tokenId("decoder_start_token_id", 2),
  labels: threeLabels,
  problemType,
};
/** Sizes and choices of a BART. */
export type BartConfig = ConfigOf<typeof bartFields>;

/** What configs of BART and its kin must fulfill. Old files say how the layers are built; each family knows one way. */
export const bartRules = {
  only: {
    tie_word_embeddings: [true],
    is_decoder: [false],
    is_encoder_decoder: [true],
    encoder_layerdrop: [0],
    decoder_layerdrop: [0],
  },
  check: ({ width, encoderHeads, decoderHeads }: BartConfig): string | undefined => {
    const uneven = [encoderHeads, decoderHeads].find((heads) => width % heads !== 0);
    return uneven === undefined ? undefined : `d_model ${width} does not divide into ${uneven} attention heads.`;
  },
} satisfies ConfigRules<BartConfig>;

const config = configReader("BART", bartFields, {
  ...bartRules,
  only: {
    ...bartRules.only,
    normalize_before: [false],
    normalize_embedding: [true],
    add_final_layer_norm: [false],
    static_position_embeddings: [false],
    extra_pos_embeddings: [2],
  },
});

/** What mBART does in another way than BART. */
export interface BartVariant {
  readonly normalization: Stack["normalization"];
  /** What the decoder reads in order to write `ids`. */
  readonly shift: (ids: Tensor, config: BartConfig) => Tensor;
}

type BodyInputs = InputTensors<typeof decodedPairInputs>;

/** The encoder over the source and the decoder over what is written: hidden states [B, T, D]. */
export function bart(
  scope: Scope,
  config: BartConfig,
  normalization: Stack["normalization"],
  { inputIds, attentionMask, decoderInputIds, decoderAttentionMask }: BodyInputs,
): Tensor {
  const words = sharedTable(scope, config);
  const mask = sourceMask(scope, attentionMask);
  const [reading, writing] = [scope.at("encoder"), scope.at("decoder")];
  const source = embeddings(reading, config, words, inputIds, 0);
  const memory = encoder(reading, stackOf(config, "encoder", normalization), source, mask);
  const target = embeddings(writing, config, words, decoderInputIds, scope.past);
  const padding = visible(decoderAttentionMask);
  return decoder(writing, stackOf(config, "decoder", normalization), target, { memory, mask, padding });
}

/** How every weight of a BART starts. */
export const bartNormal = ({ deviation }: Pick<BartConfig, "deviation">): Initializer => ({
  kind: "normal",
  deviation,
});

/** The one table of words, [V, D]: of source, target and output. */
export const sharedTable = (scope: Scope, config: BartConfig): Tensor =>
  embeddingTable(scope.at("shared"), config.vocabulary, config.width, bartNormal(config));

/** The layers of one side. The epsilon of LayerNorm is no key of these families. */
export function stackOf(config: BartConfig, side: "encoder" | "decoder", normalization: Stack["normalization"]): Stack {
  const { dropout, attentionDropout, activationDropout, activation } = config;
  return {
    layers: config[`${side}Layers`],
    heads: config[`${side}Heads`],
    feedForward: config[`${side}FeedForward`],
    ...{ dropout, attentionDropout, activationDropout, activation, normalization },
    normEpsilon: 1e-5,
    initial: bartNormal(config),
  };
}

/** Rows of a table by id, times √D where the config says so: [B, T] to [B, T, D]. Padding's row is not trained by it. */
export function wordsOf(config: BartConfig, table: Tensor, ids: Tensor): Tensor {
  const rows = lookUp(table, ids, config.paddingId);
  return config.scaleEmbedding ? rows.scale(Math.sqrt(config.width)) : rows;
}

/** The first two rows of the tables of positions belong to no position. */
const OFFSET = 2;

/** Words and positions, counted from `first` on, whatever is padding; normalized: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: BartConfig, table: Tensor, ids: Tensor, first: Dimension): Tensor {
  const { maxPositions, width } = config;
  const places = embeddingTable(scope.at("embed_positions"), maxPositions + OFFSET, width, bartNormal(config));
  const start = addDimensions(first, OFFSET);
  const sum = wordsOf(config, table, ids).add(places.slice(0, start, addDimensions(start, ids.dim(1))));
  const normed = layerNorm(scope.at("layernorm_embedding"), sum);
  return dropout(scope, scope.record("embeddings", normed), config.dropout);
}

/** Logits [B, T, V] by a table of embeddings, with a bias that checkpoints hold and training leaves alone. */
export function biasedLogits(scope: Scope, decoded: Tensor, table: Tensor): Tensor {
  const bias = scope.fixed("final_logits_bias", [1, table.fixed(0)]).squeeze(0);
  return decoded.linear(table, bias);
}

/** The heads; each reads what it shifts from the source where nothing is given for the decoder to read. */
export function bartHeads({ normalization, shift }: BartVariant): Record<BartHead, Head<BartConfig>> {
  const of = head<BartConfig>();
  const read = (
    scope: Scope,
    config: BartConfig,
    { decoderInputIds, ...inputs }: InputTensors<typeof pairInputs>,
    written = inputs.inputIds,
  ): Tensor => {
    const given = decoderInputIds ?? shift(written, config);
    return bart(scope, config, normalization, { ...inputs, decoderInputIds: given });
  };
  return {
    generation: of({
      task: "conditional-generation",
      inputs: { ...pairInputs, labels: maybe("int32", "batch", "target") },
      compute: (scope, config, { labels, ...inputs }) => {
        const decoded = read(scope.at("model"), config, inputs, labels);
        const logits = biasedLogits(scope, decoded, sharedTable(scope.at("model"), config));
        return { logits, loss: tokenLoss(logits, labels) };
      },
    }),
    bare: of({
      task: "features",
      inputs: pairInputs,
      compute: (scope, config, inputs) => ({ lastHiddenState: read(scope, config, inputs) }),
    }),
    /** From the decoder's vector at the last </s>, so the decoder must read as many tokens as the source has. */
    classification: of({
      task: "sequence-classification",
      inputs: (config) => ({ ...pairInputs, ...classLabels(config) }),
      compute: (scope, config, { labels, ...inputs }) => {
        const hidden = read(scope.at("model"), config, inputs);
        const ends = inputs.inputIds.equal(config.endId);
        const options = { dropout: config.classifierDropout, initial: bartNormal(config) };
        const classifier = scope.at("classification_head");
        const logits = denseClassifier(classifier, lastReal(hidden, ends.cast("int32")), config.labels.length, options);
        return { logits, loss: classLoss(logits, labels, config) };
      },
    }),
    answering: of({
      task: "question-answering",
      inputs: { ...pairInputs, ...spanLabels },
      compute: (scope, config, { startPositions, endPositions, ...inputs }) => {
        const hidden = read(scope.at("model"), config, inputs);
        const spans = linear(scope.at("qa_outputs"), hidden, 2, { initial: bartNormal(config) });
        return { ...spanOutputs(spans, { startPositions, endPositions }) };
      },
    }),
  };
}
type BartHead = "generation" | "bare" | "classification" | "answering";

/** Names of files: all tables of words are copies of the shared one. */
export const bartNames: NameRules = {
  base: "model",
  tied: {
    "model.encoder.embed_tokens.weight": "model.shared.weight",
    "model.decoder.embed_tokens.weight": "model.shared.weight",
    "lm_head.weight": "model.shared.weight",
  },
  ignored: [/(en|de)coder\.version$/],
};

const heads = bartHeads({
  normalization: "post",
  shift: (ids, { startId, endId, paddingId }) => shiftRight(ids, startId ?? endId, paddingId),
});

export const bartFamily = family<BartConfig>({
  modelType: "bart",
  config,
  heads: {
    BartForConditionalGeneration: heads.generation,
    BartModel: heads.bare,
    BartForSequenceClassification: heads.classification,
    BartForQuestionAnswering: heads.answering,
  },
  names: () => bartNames,
  /** Section 3 and the published checkpoints. */
  presets: {
    "bart-base": {
      ...{ width: 768, encoderLayers: 6, decoderLayers: 6, encoderHeads: 12, decoderHeads: 12 },
      ...{ encoderFeedForward: 3072, decoderFeedForward: 3072 },
    },
    "bart-large": {},
  },
});
