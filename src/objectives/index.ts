/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { lossOf } from "./head-loss.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
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
