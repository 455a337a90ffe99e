/** What is learned: from rows of tokens to inputs, targets and a loss. */
export { rowClasses, rowNumbers, type ClassOptions } from "./classes.ts";
export { lossOf } from "./head-loss.ts";
export { rowBatches, type RowBatchOptions } from "./row-batches.ts";
export {
  distillation,
  spreadLayers,
  TEACHER,
  type DistillationLosses,
  type DistillationOptions,
} from "./distillation.ts";
