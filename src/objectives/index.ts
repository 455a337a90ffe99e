/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowLabelSets, rowNumbers, type ClassOptions } from "./classes.ts";
export { lossOf } from "./head-loss.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
export { answerPlaces } from "./spans.ts";
export { tokenClasses, writtenTokens } from "./tokens.ts";
