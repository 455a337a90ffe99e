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
export { flowSteps, flowTensors, type FlowRole, type FlowStep } from "./flow.ts";
export { attentionGroups, type AttentionGroup, type Side } from "./attentions.ts";
export type { DeriveOptions, InspectedModel, ModelTensors } from "./inspected.ts";
