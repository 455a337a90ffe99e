/** Ways of learning: a config goes in, a run folder comes out. */
export { finetune, finetuneTasks, type FinetuneConfig, type FinetuneTaskName } from "./finetune.ts";
export { align, alignWith } from "./align.ts";
export { alignMethods, type AlignConfig, type AlignMethod } from "./align-config.ts";
export { judgePolicy, scoresOfPolicies, type Estimate, type JudgedPolicy, type JudgeOptions } from "./judge-policy.ts";
export { learn, wayConfig, type Learned, type LearnOptions } from "./learn.ts";
export { PolicyPair, type Measures, type PairOptions, type Sampled, type SampleOptions } from "./policy-pair.ts";
export { readRecord, RECORD, type RunRecord } from "./record.ts";
export type { Lesson, Way, WayConfig, WayContext } from "./way.ts";
