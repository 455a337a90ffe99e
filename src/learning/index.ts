/** Ways of learning: a config goes in, a run folder comes out. */
export { finetune, finetuneTasks, scoresOf, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export { finetuneTogether, type TogetherConfig } from "./finetune-together.ts";
export type { FinetuneTask, PreparedTask, TaskOptions } from "./finetune-task.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export {
  pretrain,
  pretrainObjectives,
  previewPretraining,
  type PretrainConfig,
  type PretrainObjectiveName,
} from "./pretrain.ts";
export type { Draw, PreparedPretraining, PretrainObjective, PreviewMark, PreviewRow } from "./pretrain-objective.ts";
export { textUnits, type TextUnit } from "./documents.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
export { reproduce, type Difference, type Reproduction, type ReproduceOptions } from "./reproduce.ts";
export { wayNamed, ways } from "./ways.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
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
export { ChoiceScorer, continuation, normalizations, type AskedChoices, type Normalization } from "./choice-scores.ts";
export { openPromptTask, promptTask, promptTaskConfig, type PromptTask, type PromptTaskConfig } from "./prompt-task.ts";
export { promptModel, type PromptOptions, type PromptReport, type PromptRun, type ShotResult } from "./prompting.ts";
export { ShotDrawer, type ShotOptions } from "./shots.ts";
