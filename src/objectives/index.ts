/** What is learned: from rows of tokens to inputs, targets and a loss. */
export {
  answerBatch,
  answerTokens,
  chosenLogits,
  countedOf,
  packedAnswers,
  PACKING_INPUTS,
  targetLogits,
  type AnswerOptions,
  type AnswerRow,
  type PackedAnswers,
} from "./answers.ts";
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { lossOf } from "./head-loss.ts";
export { packDocuments, type PackedPart } from "./packing.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
