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
  previewInstructions,
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
  type Question,
  type ReadInstructions,
} from "./instruction-examples.ts";
export { ChoiceScorer, continuation, normalizations, type AskedChoices, type Normalization } from "./choice-scores.ts";
export { openPromptTask, promptTask, promptTaskConfig, type PromptTask, type PromptTaskConfig } from "./prompt-task.ts";
export { promptModel, type PromptOptions, type PromptReport, type PromptRun, type ShotResult } from "./prompting.ts";
export { ShotDrawer, type ShotOptions } from "./shots.ts";
export { align, alignWith } from "./align.ts";
export { alignMethods, type AlignConfig, type AlignMethod } from "./align-config.ts";
export { judgePolicy, scoresOfPolicies, type Estimate, type JudgedPolicy, type JudgeOptions } from "./judge-policy.ts";
export { PolicyPair, type Measures, type PairOptions, type Sampled, type SampleOptions } from "./policy-pair.ts";
export { distill, recipes, type DistillConfig } from "./distill.ts";
export { distillTasks } from "./distill-tasks.ts";
export { duplicateWarnings, type SideTexts } from "./duplicate-warnings.ts";
export { countOf, lessonMemory, MEASURED, secondsPerUpdate, type ParameterCount } from "./preflight.ts";
export { adaptKeyNames, adaptKeys, modelToTrain, type AdaptConfig, type ModelToTrain } from "./adaptation.ts";
export {
  runSearch,
  searchConfig,
  settingsOf,
  settingText,
  valueText,
  withSetting,
  type SearchConfig,
  type SearchOptions,
  type SearchResult,
  type SearchRow,
  type Setting,
  type Trial,
  type TrialResult,
} from "./search.ts";
