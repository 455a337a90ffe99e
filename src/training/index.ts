/** Objectives, optimizers, schedules, the loop, resume. */
export { branchRun, branchSettings } from "./branch.ts";
export { Evaluation, type JudgedBatch, type ObjectiveSums } from "./evaluation.ts";
export { fit, trainerOf, type FitJob, type FitOptions } from "./fit.ts";
export {
  LOWEST_LOSS,
  trainingLoop,
  judged,
  START,
  type Epoch,
  type Goal,
  type LoopOptions,
  type Position,
  type Scores,
  type Step,
  type StopSignal,
} from "./loop.ts";
export {
  batchSizesOf,
  heaviestBatches,
  trainingMemory,
  type BatchSizes,
  type MemoryOptions,
  type TrainingMemory,
} from "./memory.ts";
export {
  adafactor,
  adam,
  adamW,
  optimizers,
  sgd,
  type AdafactorOptions,
  type AdamOptions,
  type Optimizer,
  type OptimizerName,
  type SgdOptions,
} from "./optimizers.ts";
export { Run, type Resumed, type RunSettings } from "./run.ts";
export { learningRate, scheduleKinds, type ScheduleKind, type ScheduleOptions } from "./schedules.ts";
export {
  Trainer,
  type Batch,
  type Objective,
  type PlacesFeed,
  type StepResult,
  type TrainerOptions,
} from "./trainer.ts";
export { AVERAGE } from "./update.ts";
export { TRAINING_STEP } from "./step-program.ts";
