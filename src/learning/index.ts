/** Ways of learning: a config goes in, a run folder comes out. */
export { finetune, finetuneTasks, scoresOf, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export { finetuneTogether, type TogetherConfig } from "./finetune-together.ts";
export type { FinetuneTask, PreparedTask, TaskOptions } from "./finetune-task.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
