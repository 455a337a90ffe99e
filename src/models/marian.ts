/**
 * Marian's translators (Junczys-Dowmunt, Grundkiewicz, Dwojak, Hoang and others: "Marian: Fast neural machine
 * translation in C++", 2018; Tiedemann, Thottingal: "OPUS-MT", 2020): the Transformer with SiLU, sinusoids in halves,
 * no LayerNorm behind the embeddings, and a decoder that starts with padding. Source and target share a vocabulary, or
 * have one each. Parameters bear the names of the published checkpoints.
 */
// B batch, S source tokens, T target tokens, D width, V vocabulary of the target
import type { Dimension, Tensor } from "../graph/index.ts";
import { dropout, embeddingTable, positions, visible, type NameRules, type Scope } from "../nn/index.ts";
import { bartFields, bartNormal, bartRules, biasedLogits, stackOf, wordsOf } from "./bart.ts";
import { configReader, count, flag, id, optional, type ConfigOf } from "./config-fields.ts";
import { family, head, type InputTensors } from "./family.ts";
import { decodedPairInputs, labeledPairInputs, shiftRight, sourceMask, tokenLoss } from "./heads.ts";
import { decoder, encoder } from "./transformer.ts";

const fields = {
  ...bartFields,
  /** Of source and target, or of the source alone. */
  vocabulary: count("vocab_size", 58101),
  targetVocabulary: optional(count("decoder_vocab_size", 58101)),
  /** Whether source, target and output are one table. */
  shared: flag("share_encoder_decoder_embeddings", true),
  /** Whether target and output are. */
  tied: flag("tie_word_embeddings", true),
  paddingId: id("pad_token_id", 58100),
  endId: id("eos_token_id", 0),
  startId: id("decoder_start_token_id", 58100),
};
/** Sizes and choices of a Marian translator. */
export type MarianConfig = ConfigOf<typeof fields>;

const config = configReader("Marian", fields, {
  only: {
    ...bartRules.only,
    tie_word_embeddings: [true, false],
    normalize_before: [false],
    normalize_embedding: [false],
    add_final_layer_norm: [false],
    static_position_embeddings: [true],
  },
  check: (config) => {
    const { shared, tied, vocabulary, targetVocabulary = vocabulary } = config;
    if (shared && !tied) return "share_encoder_decoder_embeddings is true, and tie_word_embeddings is false.";
    if (shared && targetVocabulary !== vocabulary) {
      return `one shared table cannot have a vocab_size of ${vocabulary} and a decoder_vocab_size of ${targetVocabulary}.`;
    }
    return bartRules.check(config);
  },
});

type Side = "encoder" | "decoder";

/** The table of a side's words, [vocabulary, D]. */
function table(scope: Scope, config: MarianConfig, side: Side): Tensor {
  const { vocabulary, targetVocabulary = vocabulary, width, shared } = config;
  const size = side === "encoder" ? vocabulary : targetVocabulary;
  return embeddingTable(scope.at(shared ? "shared" : `${side}.embed_tokens`), size, width, bartNormal(config));
}

/** Words and sinusoids, counted from `first` on, whatever is padding: [B, T] to [B, T, D]. */
function embeddings(scope: Scope, config: MarianConfig, side: Side, ids: Tensor, first: Dimension): Tensor {
  const words = wordsOf(config, table(scope, config, side), ids);
  const stack = scope.at(side);
  const places = positions(stack.at("embed_positions"), words, "halves", config.maxPositions, first);
  return dropout(scope, stack.record("embeddings", words.add(places)), config.dropout);
}

type BodyInputs = InputTensors<typeof decodedPairInputs>;

/** The encoder over the source and the decoder over what is written: hidden states [B, T, D]. */
function marian(scope: Scope, config: MarianConfig, inputs: BodyInputs): Tensor {
  const mask = sourceMask(scope, inputs.attentionMask);
  const source = embeddings(scope, config, "encoder", inputs.inputIds, 0);
  const memory = encoder(scope.at("encoder"), stackOf(config, "encoder", "post"), source, mask);
  const target = embeddings(scope, config, "decoder", inputs.decoderInputIds, scope.past);
  const view = { memory, mask, padding: visible(inputs.decoderAttentionMask) };
  return decoder(scope.at("decoder"), stackOf(config, "decoder", "post"), target, view);
}

/** The table of the output layer, [V, D]. */
function outputTable(scope: Scope, config: MarianConfig): Tensor {
  const { vocabulary, targetVocabulary = vocabulary, width } = config;
  if (config.tied) return table(scope.at("model"), config, "decoder");
  return embeddingTable(scope.at("lm_head"), targetVocabulary, width, bartNormal(config));
}

function names({ shared, tied }: MarianConfig): NameRules {
  const copies = {
    ...(shared && { "model.encoder.embed_tokens.weight": "model.shared.weight" }),
    ...(shared && { "model.decoder.embed_tokens.weight": "model.shared.weight" }),
    ...(tied && { "lm_head.weight": "model.decoder.embed_tokens.weight" }),
  };
  return { base: "model", tied: copies, ignored: [/coder\.embed_positions\.weight$/] };
}

const of = head<MarianConfig>();

export const marianFamily = family<MarianConfig>({
  modelType: "marian",
  config,
  heads: {
    MarianMTModel: of({
      task: "conditional-generation",
      inputs: labeledPairInputs,
      compute: (scope, config, { labels, decoderInputIds, ...inputs }) => {
        const read = decoderInputIds ?? shiftRight(labels!, config.startId, config.paddingId);
        const decoded = marian(scope.at("model"), config, { ...inputs, decoderInputIds: read });
        const logits = biasedLogits(scope, decoded, outputTable(scope, config));
        return { logits, loss: tokenLoss(logits, labels) };
      },
    }),
    MarianModel: of({
      task: "features",
      inputs: decodedPairInputs,
      compute: (scope, config, inputs) => ({ lastHiddenState: marian(scope, config, inputs) }),
    }),
  },
  names,
  /** OPUS-MT's models of the size that the Transformer paper calls base; this vocabulary is that of English to German. */
  presets: {
    "opus-mt": {
      ...{ width: 512, encoderLayers: 6, decoderLayers: 6, encoderHeads: 8, decoderHeads: 8 },
      ...{ encoderFeedForward: 2048, decoderFeedForward: 2048, maxPositions: 512 },
      ...{ activation: "silu", scaleEmbedding: true },
    },
  },
});
