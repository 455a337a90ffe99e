/** Ways of learning: a config goes in, a run folder comes out. */
export { finetune, finetuneTasks, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
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
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
