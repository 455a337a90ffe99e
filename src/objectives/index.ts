/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { lossOf } from "./head-loss.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
export { answerBatch, answerTokens, chosenLogits, countedOf, targetLogits, type AnswerRow } from "./answers.ts";
