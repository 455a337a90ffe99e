/**
 * mBART (Liu, Gu, Goyal, Li, Edunov, Ghazvininejad, Lewis, Zettlemoyer: "Multilingual denoising pre-training for neural
 * machine translation", 2020, section 2.1): BART (bart.ts) with LayerNorm in front of each sub-layer and one more behind
 * each stack. Sources and targets end with their language; the decoder starts with the target's. Parameters bear the
 * names of the published checkpoints.
 */
// B batch, T tokens
import { concat, subtractDimensions, type Tensor } from "../graph/index.ts";
import { bartFields, bartHeads, bartNames, bartRules, type BartConfig } from "./bart.ts";
import { configReader, labelNames, tokenId } from "./config-fields.ts";
import { family } from "./family.ts";
import { IGNORED } from "./heads.ts";

/** The language is not the same for all texts, so no token is the first one of all. */
const fields = { ...bartFields, startId: tokenId("decoder_start_token_id", undefined), labels: labelNames };

const config = configReader("mBART", fields, {
  ...bartRules,
  only: {
    ...bartRules.only,
    normalize_before: [true],
    normalize_embedding: [true],
    add_final_layer_norm: [true],
    static_position_embeddings: [false],
    extra_pos_embeddings: [2],
  },
});

/** What the decoder reads to write `ids` [B, T]: the last token that is not padding, then all but the very last. */
function wrapLast(ids: Tensor, { paddingId }: BartConfig): Tensor {
  const padded = ids.equal(IGNORED).where(paddingId, ids);
  const lengths = padded.equal(paddingId).not().cast("int32").sum(1, { keep: true }); // [B, 1]
  const language = padded.gatherElements(lengths.sub(1), 1);
  return concat([language, padded.slice(1, 0, subtractDimensions(ids.dim(1), 1))], 1);
}

const heads = bartHeads({ normalization: "pre", shift: wrapLast });

export const mbartFamily = family<BartConfig>({
  modelType: "mbart",
  config,
  heads: {
    MBartForConditionalGeneration: heads.generation,
    MBartModel: heads.bare,
    MBartForSequenceClassification: heads.classification,
    MBartForQuestionAnswering: heads.answering,
  },
  names: () => bartNames,
  /** Section 2 with 25 languages; Tang et al. 2020, "Multilingual translation with extensible pretraining", with 50. */
  presets: {
    "mbart-large-cc25": { vocabulary: 250027, scaleEmbedding: true },
    "mbart-large-50": { vocabulary: 250054, scaleEmbedding: true, activation: "relu" },
  },
});
