/** Ways of learning: a config goes in, a run folder comes out. */
export { distill, recipes, type DistillConfig } from "./distill.ts";
export { distillTasks } from "./distill-tasks.ts";
export { duplicateWarnings, type SideTexts } from "./duplicate-warnings.ts";
export { finetune, finetuneTasks, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export { countOf, lessonMemory, MEASURED, secondsPerUpdate, type ParameterCount } from "./preflight.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
