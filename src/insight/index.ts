/** What a model does inside, as numbers. */
export { countParameters, partUnits, type ParameterCounts, type PartCount, type PartUnit } from "./parameters.ts";
export { countFormula, dimensionsOf, type CountFormula, type Dimension } from "./formulas.ts";
export {
  changeOf,
  histogramOf,
  meanDifferences,
  rowNorms,
  singularValues,
  statisticsOf,
  type Histogram,
  type Statistics,
  type WeightChange,
} from "./weights.ts";
export { depthsByName, parametersIn, partsByName, type ModelPart } from "./parts.ts";
export {
  groupNodes,
  layerOf,
  nodeOrigin,
  nodeShares,
  partOf,
  roomsOf,
  sublayerOf,
  type MeasuredSteps,
  type NodeGroup,
  type NodeShare,
  type Phase,
  type Room,
} from "./profile.ts";
export { loadRecords, recordNames, recordsOf, type LoadedRecords, type RecordNames } from "./records.ts";
export { alignedHeads, type AlignedHead } from "./aligned-head.ts";
export { flowSteps, flowTensors, type FlowRole, type FlowStep } from "./flow.ts";
export { attentionGroups, type AttentionGroup, type Side } from "./attentions.ts";
export type { DeriveOptions, InspectedModel, ModelTensors } from "./inspected.ts";
export {
  askedScore,
  probabilities,
  scoredBy,
  scoredOf,
  settle,
  tokensOf,
  type Answered,
  type AnswerScore,
  type AskedAnswer,
  type Scored,
} from "./answer.ts";
export { streamBehind, streamsOf, sublayersOf, type Stream, type StreamStep, type Sublayer } from "./stream.ts";
export { logitLens, type Lens, type LensOptions } from "./lens.ts";
export { logitAttribution, type Attribution, type SublayerShare } from "./attribution.ts";
export {
  salience,
  salienceBaselines,
  salienceMethods,
  type Salience,
  type SalienceBaseline,
  type SalienceMethod,
  type SalienceOptions,
  type SideSalience,
} from "./salience.ts";
export { attentionFlow, maximumFlow, type FlowTarget } from "./attention-flow.ts";
export { attentionRollout, type Rollout } from "./rollout.ts";
export {
  ablate,
  ablationMethods,
  ablationPlaces,
  type Ablation,
  type AblationMethod,
  type AblationOptions,
  type AblationPlaces,
} from "./ablation.ts";
export type { Effect } from "./effects.ts";
export { patch, type Patch, type Patching } from "./patching.ts";
export { meanRow, pickRows, rowAt, rowLengths, rowProducts, rowsOf, unitRows, type Rows } from "./rows.ts";
export { maskedSurprises, tokenSurprises, type Surprises } from "./surprise.ts";
export { conditionalAffinities, jointAffinities, squaredDistances } from "./affinities.ts";
export { analogiesOf, analogyMethods, type AnalogyMethod, type AnalogyOptions } from "./analogies.ts";
export { clustersOf } from "./clusters.ts";
export { hiddenGroups, type HiddenGroup } from "./hidden-states.ts";
export type { WorkOptions } from "./long-work.ts";
export { metrics, neighborsOf, type Metric, type Neighbor, type NeighborOptions } from "./neighbors.ts";
export { principalComponents, type PrincipalComponents } from "./pca.ts";
export {
  anglesAt,
  distanceSinusoids,
  positionsOf,
  productByDistance,
  type AddedPositions,
  type BiasedPositions,
  type PositionEncoding,
  type RelativeSinusoids,
  type RotaryAngles,
} from "./positions.ts";
export { tokenRows, tokenTables, type TokenTable } from "./token-table.ts";
export { defaultPerplexity, tsne, type TsneOptions, type TsneResult } from "./tsne.ts";
export { umap, type UmapOptions } from "./umap.ts";
export type { Watch } from "./many-questions.ts";
