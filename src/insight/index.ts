/** What a model does inside, as numbers. */
export { countParameters, partUnits, type ParameterCounts, type PartCount, type PartUnit } from "./parameters.ts";
export { countFormula, dimensionsOf, type CountFormula, type Dimension } from "./formulas.ts";
export {
  changeOf,
  histogramOf,
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
export { attentionGroups, type AttentionGroup, type Side } from "./attentions.ts";
export type { DeriveOptions, InspectedModel, ModelTensors } from "./inspected.ts";
