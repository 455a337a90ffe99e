/** Ways of learning: a config goes in, a run folder comes out. */
export { finetune, finetuneTasks, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export {
  answersTo,
  instruct,
  instructionReader,
  judgeInstructions,
  writingHead,
  type InstructConfig,
  type NamedReader,
  type ReaderOptions,
} from "./instruct.ts";
export {
  instructionExamples,
  instructionPreview,
  instructionSummary,
  readInstructions,
  type InstructionExample,
  type InstructionReader,
  type PreviewToken,
  type Question,
  type ReadInstructions,
} from "./instruction-examples.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
export { ChoiceScorer, continuation, normalizations, type AskedChoices, type Normalization } from "./choice-scores.ts";
export { openPromptTask, promptTask, promptTaskConfig, type PromptTask, type PromptTaskConfig } from "./prompt-task.ts";
export { promptModel, type PromptOptions, type PromptReport, type PromptRun, type ShotResult } from "./prompting.ts";
export { ShotDrawer, type ShotOptions } from "./shots.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
