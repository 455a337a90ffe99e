/** Sequences from a model, token by token: the cache, greedy search, sampling, beam search, streaming. */
export { beamTree, idsTo, type BeamNode } from "./beam-tree.ts";
export { CachedModel, type CachedModelOptions } from "./cached-model.ts";
export { distributionStages, type DistributionStage, type WrittenSoFar } from "./distribution.ts";
export { generate, sequencesOf, streamTokens, type StreamedToken } from "./generate.ts";
export { generationOptions, type GenerationJson } from "./generation-config.ts";
export {
  startTokens,
  type Alternative,
  type BeamCandidate,
  type BeamOptions,
  type BeamStep,
  type Decodes,
  type Generated,
  type GenerationOptions,
  type LengthOptions,
  type OutputOptions,
  type SamplingOptions,
  type ScoreOptions,
  type StopSignal,
} from "./options.ts";
export * from "./processors.ts";
export { prefillProgram, stepProgram, type ModelFunction, type Selection, type StepOptions } from "./programs.ts";
export { Session, type Selected } from "./session.ts";
export { streamText, TextReader, textOf, type ReadsTokens, type StreamTextOptions } from "./stream-text.ts";
export { epsilonCutoff, etaCutoff, minP, temperature, topH, topK, topP, typicalP } from "./warpers.ts";
