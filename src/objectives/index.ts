/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { inBatchPairs, LOGIT_SCALE, type ContrastiveOptions } from "./contrastive.ts";
export { lossOf } from "./head-loss.ts";
export {
  maskingUnits,
  maskTokens,
  type Fate,
  type MaskableRow,
  type MaskedRow,
  type MaskingOptions,
  type MaskingUnit,
  type MaskingVocabulary,
} from "./masking.ts";
export { filledRows, packDocuments, packedBatch, packedRows, type PackedPart, type PackedRow } from "./packing.ts";
export {
  GENERATOR,
  generatorOf,
  generatorParameter,
  generatorScope,
  replacedTokens,
  type ReplacedTokensOptions,
} from "./replaced-tokens.ts";
export { batchedOnce, rowBatches, type RowBatchOptions } from "./row-batches.ts";
export { chosenTokens, chosenTokensAndRows, nextTokens, PACKED_INPUTS, packedTokens } from "./token-losses.ts";
export { writtenTokens } from "./written-tokens.ts";
