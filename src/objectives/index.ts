/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { inBatchPairs, LOGIT_SCALE, type ContrastiveOptions } from "./contrastive.ts";
export { lossOf } from "./head-loss.ts";
export {
  GENERATOR,
  generatorOf,
  generatorParameter,
  generatorScope,
  replacedTokens,
  type ReplacedTokensOptions,
} from "./replaced-tokens.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
export { writtenTokens } from "./written-tokens.ts";
