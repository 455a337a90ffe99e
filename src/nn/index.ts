/** Scope, layers, attention, positions: what model functions are written with. */
export {
  attend,
  attendCausally,
  attention,
  bothMasks,
  causalMask,
  joinHeads,
  MASKED,
  paddingMask,
  sameText,
  splitHeads,
  visible,
  weigh,
  type AttendOptions,
  type AttentionOptions,
} from "./attention.ts";
export { dropout, DROPOUT_OFFSETS, dropoutOffsets, dropoutPool, POOL_SIZE } from "./dropout.ts";
export {
  activations,
  embedding,
  embeddingTable,
  feedForward,
  layerNorm,
  linear,
  lookUp,
  rmsNorm,
  type Activation,
  type EmbeddingOptions,
  type FeedForwardOptions,
  type LinearOptions,
} from "./layers.ts";
export {
  LORA_DOWN,
  LORA_DOWNS,
  LORA_TABLE_DOWN,
  LORA_TABLE_UP,
  LORA_UP,
  LORA_UPS,
  lowRank,
  lowRankRows,
  type LowRank,
} from "./lora.ts";
export {
  layoutOf,
  ModelParameters,
  PARAMETERS,
  firstNotFinite,
  unflatten,
  viewsOf,
  type Layout,
  type LoadedProgram,
  type Place,
} from "./parameters.ts";
export { queriesLikeKeys } from "./queries-like-keys.ts";
export {
  patchEmbedding,
  patchPositions,
  pixelMask,
  pixelShuffle,
  withClassToken,
  type PatchOptions,
  type Picture,
} from "./patches.ts";
export { positionKinds, positions, sinusoids, tokenPositions, type PositionKind } from "./positions.ts";
export {
  rotaryFrequencies,
  rotate,
  rotation,
  type Llama3Scaling,
  type RotaryScaling,
  type Rotation,
} from "./rotary.ts";
export { relativeBias, relativeBuckets, type BucketOptions, type Places } from "./relative-buckets.ts";
export {
  initialValues,
  Scope,
  Trace,
  type CacheEntry,
  type Initializer,
  type Parameter,
  type TraceKind,
  type TraceOptions,
  type ScopeRules,
} from "./scope.ts";
export {
  matchWeights,
  requireAll,
  requireMatch,
  type MisshapenParameter,
  type MissingParameter,
  type NamedShape,
  type NameRules,
  type RequireOptions,
  type TensorType,
  type WeightMatch,
} from "./weight-names.ts";
