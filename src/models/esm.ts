/**
 * ESM-1b and ESM-2 (Rives et al.: "Biological structure and function emerge from scaling unsupervised learning to 250
 * million protein sequences", 2021; Lin et al.: "Evolutionary-scale prediction of atomic-level protein structure with
 * a language model", 2023): a BERT over residues with LayerNorm in front of each sub-layer, with learned or rotary
 * positions. Which residues touch is read from its attention (Rao, Meier, Sercu, Ovchinnikov, Rives: "Transformer
 * protein language models are unsupervised structure learners", 2021).
 */
// B batch, T tokens, R residues (T − 2), D width, L layers, H heads, V vocabulary, C classes
import { concat, subtractDimensions, type Tensor } from "../graph/index.ts";
import {
  attend,
  dropout,
  embedding,
  embeddingTable,
  joinHeads,
  layerNorm,
  lookUp,
  rotate,
  rotaryFrequencies,
  rotation,
  splitHeads,
  tokenPositions,
  visible,
  type Rotation,
  type Scope,
} from "../nn/index.ts";
import { bertPooler } from "./bert.ts";
import {
  choice,
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
import { denseClassifier, firstToken, oldNorms } from "./heads.ts";
import {
  bareModel,
  dense,
  maskedWords,
  rowClassifier,
  tokenClassifier,
  wordInputs,
  wordScores,
  type TextBody,
  type TextTensors,
} from "./text-heads.ts";

const fields = {
  vocabulary: count("vocab_size", 33),
  width: count("hidden_size", 768),
  layers: count("num_hidden_layers", 12),
  heads: count("num_attention_heads", 12),
  feedForward: count("intermediate_size", 3072),
  dropout: rate("hidden_dropout_prob", 0.1),
  attentionDropout: rate("attention_probs_dropout_prob", 0.1),
  maxPositions: count("max_position_embeddings", 1026),
  positions: choice("position_embedding_type", ["absolute", "rotary"], "absolute"),
  rotaryBase: positive("rope_theta", 10000),
  /** Whether embeddings are normalized before the first layer. */
  normBefore: flag("emb_layer_norm_before", false),
  /** Whether embeddings are rescaled by the share of masked residues. */
  tokenDropout: flag("token_dropout", false),
  normEpsilon: positive("layer_norm_eps", 1e-12),
  deviation: positive("initializer_range", 0.02),
  paddingId: tokenId("pad_token_id", undefined),
  maskId: tokenId("mask_token_id", undefined),
  tied: flag("tie_word_embeddings", true),
  labels: labelNames,
  problemType,
};
/** Sizes and choices of an ESM. */
export type EsmConfig = ConfigOf<typeof fields>;

const config = configReader("ESM", fields, {
  only: { is_decoder: [false], is_folding_model: [false] },
  check: ({ width, heads, positions, paddingId, tokenDropout, maskId }) => {
    if (width % heads !== 0) return `hidden_size ${width} does not divide into num_attention_heads ${heads}.`;
    if (positions === "rotary" && (width / heads) % 2 !== 0) {
      return `rotary positions need heads of an even width, and hidden_size / num_attention_heads is ${width / heads}.`;
    }
    if (positions === "absolute" && paddingId === undefined) return "absolute positions need a pad_token_id.";
    return tokenDropout && maskId === undefined ? "token_dropout needs a mask_token_id." : undefined;
  },
});

/** The body: [B, T] to hidden states [B, T, D] behind the last norm. Publishes `contacts`. */
export function esm(scope: Scope, config: EsmConfig, inputs: TextTensors): Tensor {
  const mask = visible(inputs.attentionMask);
  const turned = config.positions === "rotary" ? angles(scope.at("rotary_embeddings"), config, inputs) : undefined;
  let x = embeddings(scope.at("embeddings"), config, inputs);
  for (let i = 0; i < config.layers; i++) {
    x = scope.publish(`hiddenStates.${i}`, x);
    x = scope.checkpoint(layer(scope.at("encoder.layer", i), config, x, mask, turned, `attentions.${i}`));
  }
  x = scope.publish(`hiddenStates.${config.layers}`, norm(scope.at("encoder.emb_layer_norm_after"), x, config));
  scope.publish("contacts", contacts(scope.at("contact_head.regression"), config, inputs));
  return x;
}

const norm = (scope: Scope, x: Tensor, { normEpsilon }: EsmConfig): Tensor => layerNorm(scope, x, normEpsilon);

/** The frequencies lie in the file: those of published checkpoints were rounded to 16 bits. */
function angles(scope: Scope, config: EsmConfig, { inputIds, positionIds }: TextTensors): Rotation {
  const values = rotaryFrequencies(config.width / config.heads, config.rotaryBase);
  const frequencies = scope.fixed("inv_freq", [values.length], { kind: "values", values });
  return rotation(frequencies, positionIds ?? { first: 0, time: inputIds.dim(1) });
}

/** The share of residues that training masked. */
const MASKED_IN_TRAINING = 0.15 * 0.8;

/** Residues, and positions where they are learned: [B, T] to [B, T, D], zero where there is padding. */
function embeddings(scope: Scope, config: EsmConfig, { inputIds, attentionMask, positionIds }: TextTensors): Tensor {
  const { vocabulary, width, maxPositions, paddingId, deviation } = config;
  const initial = { kind: "normal", deviation } as const;
  let x = embedding(scope.at("word_embeddings"), inputIds, vocabulary, width, { initial, paddingId });
  if (config.tokenDropout) x = rescaled(x, inputIds.equal(config.maskId!), attentionMask);
  if (config.positions === "absolute") {
    const places = positionIds ?? tokenPositions(inputIds, paddingId!);
    const start = { ...initial, zeroRow: paddingId };
    x = x.add(lookUp(embeddingTable(scope.at("position_embeddings"), maxPositions, width, start), places, paddingId));
  }
  if (config.normBefore) x = norm(scope.at("layer_norm"), x, config);
  return attentionMask === undefined ? x : x.mul(attentionMask.cast(x.dtype).unsqueeze(-1));
}

/**
 * Masked residues become zero, and the others larger by what is missing, as dropout does; less the share that was
 * masked in training, so that a text without masks looks like those: x [B, T, D], masked bool[B, T].
 */
function rescaled(x: Tensor, masked: Tensor, attentionMask: Tensor | undefined): Tensor {
  const count = masked.cast(x.dtype).sum(1);
  const length = attentionMask === undefined ? x.sizeValue(x.dim(1)) : attentionMask.cast(x.dtype).sum(1);
  const factor = count
    .div(length)
    .rsub(1)
    .rdiv(1 - MASKED_IN_TRAINING);
  return masked.unsqueeze(-1).where(0, x).mul(factor.unsqueeze(-1).unsqueeze(-1));
}

/** Self-attention and feed-forward network, each added to what it normalizes: [B, T, D] to [B, T, D]. */
function layer(
  scope: Scope,
  config: EsmConfig,
  x: Tensor,
  mask: Tensor | undefined,
  turned: Rotation | undefined,
  publish: string,
): Tensor {
  const { heads, width, feedForward, attentionDropout } = config;
  const normed = norm(scope.at("attention.LayerNorm"), x, config);
  const self = scope.at("attention.self");
  const project = (name: string): Tensor => splitHeads(dense(self.at(name), config, normed), heads);
  const turn = (y: Tensor): Tensor => (turned === undefined ? y : rotate(y, turned));
  const query = turn(project("query").scale((width / heads) ** -0.5));
  const [key, value] = [turn(project("key")), project("value")];
  const context = joinHeads(attend(self, query, key, value, { mask, dropout: attentionDropout, publish, scale: 1 }));
  const attended = dropout(scope, dense(scope.at("attention.output.dense"), config, context), config.dropout).add(x);
  const again = norm(scope.at("LayerNorm"), attended, config);
  const inner = dense(scope.at("intermediate.dense"), config, again, feedForward).gelu();
  return dropout(scope, dense(scope.at("output.dense"), config, inner, width), config.dropout).add(attended);
}

/**
 * The probability that two residues touch, [B, R, R] between the first and the last token: a logistic regression on the
 * attention of all heads, symmetrized and corrected by the average product (Rao et al., section 3). Its weights come
 * from structures; training a head leaves them as they are.
 */
function contacts(scope: Scope, config: EsmConfig, { inputIds, attentionMask }: TextTensors): Tensor {
  const maps = Array.from({ length: config.layers }, (_, i) => scope.trace.records.get(`attentions.${i}`)!);
  const weight = scope.fixed("weight", [1, config.layers * config.heads], {
    kind: "normal",
    deviation: config.deviation,
  });
  const bias = scope.fixed("bias", [1], { kind: "zeros" });
  const end = subtractDimensions(inputIds.dim(1), 1);
  const inside = (x: Tensor, axis: number): Tensor => x.slice(axis, 1, end);
  const real = inputIds.equal(END_ID).not().cast("float32");
  const seen = inside(attentionMask === undefined ? real : real.mul(attentionMask.cast("float32")), 1);
  const both = seen.unsqueeze(1).unsqueeze(1).mul(seen.unsqueeze(1).unsqueeze(-1)); // [B, 1, R, R]
  const inner = inside(inside(concat(maps, 1), 2), 3).mul(both); // [B, L·H, R, R]
  const symmetric = inner.add(inner.swap(2, 3));
  const [rows, columns] = [symmetric.sum(3, { keep: true }), symmetric.sum(2, { keep: true })];
  const corrected = symmetric.sub(rows.mul(columns).div(symmetric.sum([2, 3], { keep: true })));
  return corrected.transpose([0, 2, 3, 1]).linear(weight, bias).squeeze(-1).sigmoid();
}

/** The token behind the last residue, in all published vocabularies. */
const END_ID = 2;

const text: TextBody<EsmConfig> = {
  inputs: wordInputs,
  path: "esm",
  hidden: esm,
};

/** [B, T, V]. */
function words(scope: Scope, config: EsmConfig, hidden: Tensor): Tensor {
  const inner = dense(scope.at("lm_head.dense"), config, hidden).gelu();
  return wordScores(scope, config, norm(scope.at("lm_head.layer_norm"), inner, config), {
    table: "esm.embeddings.word_embeddings",
    decoder: "lm_head.decoder",
    bias: "lm_head",
  });
}

/** Scores of rows by the first token: [B, classes]. */
function rows(scope: Scope, config: EsmConfig, hidden: Tensor, classes: number): Tensor {
  const initial = { kind: "normal", deviation: config.deviation } as const;
  return denseClassifier(scope.at("classifier"), firstToken(hidden), classes, { dropout: config.dropout, initial });
}

/** A size of ESM-2 (Lin et al., supplement, table S1). */
const esm2 = (layers: number, width: number, heads: number): Partial<EsmConfig> => {
  const published = { positions: "rotary", tokenDropout: true, normEpsilon: 1e-5, paddingId: 1, maskId: 32 } as const;
  return { ...published, dropout: 0, attentionDropout: 0, layers, width, heads, feedForward: 4 * width };
};

export const esmFamily = family<EsmConfig>({
  modelType: "esm",
  /** Rotations have no end; a table has, and its rows up to that of padding are no places. */
  longest: ({ positions, maxPositions, paddingId = 0 }) =>
    positions === "rotary" ? undefined : maxPositions - paddingId - 1,
  config,
  heads: {
    EsmModel: bareModel(text, bertPooler),
    EsmForMaskedLM: maskedWords(text, words),
    EsmForSequenceClassification: rowClassifier(text, rows),
    EsmForTokenClassification: tokenClassifier(text, (config) => config.dropout),
  },
  names: ({ tied, positions }) => ({
    base: "esm",
    heads: [/^esm\.pooler\./],
    tied: tied ? { "lm_head.decoder.weight": "esm.embeddings.word_embeddings.weight" } : {},
    // Published files have a table of positions whether it is used or not.
    ignored: [/\.position_ids$/, ...(positions === "rotary" ? [/\.position_embeddings\.weight$/] : []), /\.inv_freq$/],
    renamed: [
      ...oldNorms,
      // One table, and not one for each layer.
      [/encoder\.layer\.(0|\*)\.attention\.self\.(rotary_embeddings\.inv_freq)$/, "$2"],
    ],
  }),
  presets: {
    esm2_t6_8M: esm2(6, 320, 20),
    esm2_t12_35M: esm2(12, 480, 20),
    esm2_t30_150M: esm2(30, 640, 20),
    esm2_t33_650M: esm2(33, 1280, 20),
    esm2_t36_3B: esm2(36, 2560, 40),
    esm2_t48_15B: esm2(48, 5120, 40),
  },
});
