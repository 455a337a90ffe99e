/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowLabelSets, rowNumbers, type ClassOptions } from "./classes.ts";
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
export { answerPlaces } from "./spans.ts";
export { tokenClasses, writtenTokens } from "./tokens.ts";
export {
  answerBatch,
  answerTokens,
  chosenLogits,
  countedOf,
  packedAnswers,
  targetLogits,
  type AnswerOptions,
  type AnswerRow,
  type PackedAnswers,
} from "./answers.ts";
export {
  answerFeeds,
  answerInputs,
  answerLogProbabilities,
  answerRows,
  answerScores,
  paddedRows,
  sumByRow,
  type AnsweredRow,
  type AnswerScores,
} from "./answered-rows.ts";
export { generalizedAdvantages, steeredCoefficient, tokenRewards, whitened, type Advantages } from "./advantages.ts";
export {
  answerMeasures,
  PPO_REPORTS,
  ppoLoss,
  proximalPolicy,
  REFERENCE,
  VALUE_HEAD,
  type PpoOptions,
  type PpoTensors,
} from "./ppo.ts";
export {
  directPreferences,
  DPO_REPORTS,
  PAIR_REPORTS,
  pairLoss,
  pairRows,
  rewardPairs,
  type DirectPreferenceOptions,
} from "./preferences.ts";
export {
  distillation,
  spreadLayers,
  TEACHER,
  type DistillationLosses,
  type DistillationOptions,
} from "./distillation.ts";
export { inBatchPairs, LOGIT_SCALE, type ContrastiveOptions } from "./contrastive.ts";
