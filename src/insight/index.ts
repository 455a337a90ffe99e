/** What a model does inside, as numbers. */
export { countParameters, type ParameterCounts, type PartCount } from "./parameters.ts";
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
export { attentionGroups, type AttentionGroup, type Side } from "./attentions.ts";
export type { DeriveOptions, InspectedModel, ModelTensors } from "./inspected.ts";
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
export { meanRow, pickRows, rowAt, rowLengths, rowProducts, rowsOf, type Rows } from "./row-vectors.ts";
export { tokenRows, tokenTables, type TokenTable } from "./token-table.ts";
export { defaultPerplexity, tsne, type TsneOptions, type TsneResult } from "./tsne.ts";
export { umap, type UmapOptions } from "./umap.ts";
