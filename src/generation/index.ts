/** Sentences from a model, token by token: the cache, greedy search, sampling, beam search, streaming. */
export { beamSearch, type BeamOptions } from "./beam-search.ts";
export { CachedModel, Session, type CachedModelOptions, type Selected } from "./cached-model.ts";
export { greedy, sample, streamTokens } from "./decode.ts";
export { startTokens, type Generated, type SearchOptions, type StopSignal } from "./options.ts";
export { minP, repetitionPenalty, temperature, topK, topP, type LogitsProcessor } from "./processors.ts";
export { prefillProgram, stepProgram, type ModelFunction, type Selection, type StepOptions } from "./programs.ts";
export type { SamplingOptions } from "./sampling.ts";
