/** Ways of learning: a config goes in, a run folder comes out. */
export { adaptKeyNames, adaptKeys, modelToTrain, type AdaptConfig, type ModelToTrain } from "./adaptation.ts";
export { finetune, finetuneTasks, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
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
export { ways } from "./ways.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
