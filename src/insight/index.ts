/** What a model does inside, as numbers. */
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
