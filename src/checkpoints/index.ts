export {
  ADAPTER_CONFIG,
  adapterName,
  isAdapterFolder,
  readAdapter,
  writeAdapter,
  type Adapter,
  type AdapterDescription,
  type LowRankChange,
} from "./adapter-folder.ts";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-precision.ts";
export { besideKey, exportOnnx, portsText, type ExportedProgram, type ExportOptions } from "./onnx-export.ts";
export { exportPlans, type Exportable, type ExportPlan, type PlanOptions } from "./onnx-plans.ts";
export { camelCase, snakeCase } from "./spelling.ts";
export type { Better, Checkpoint, RunFolder, RunOptions } from "./run-folder.ts";
export { bestCheckpoint, latestCheckpoint, openCheckpoint, openRun, stepsOf } from "./run-folder.ts";
export type { LogRecord, ResumeFrom, RunLog } from "./run-log.ts";
export { openLog, parseRecord, readLog } from "./run-log.ts";
export type { Dtype, TensorPlace } from "./safetensors-header.ts";
export { DTYPE_BYTES, DTYPES } from "./safetensors-header.ts";
export type { StoredTensor, TensorFile, TensorToWrite } from "./safetensors.ts";
export { openSafetensors, writeSafetensors } from "./safetensors.ts";
export {
  CONFIG,
  openModel,
  openTokenizer,
  readTensors,
  TOKENIZER,
  writeModel,
  writeTensors,
  type ModelFolder,
} from "./model-folder.ts";
export { pickleError, requireModelFolder } from "./refusals.ts";
export { parseSettings, readSettings, settingsText, writeSettings, type Settings } from "./settings-file.ts";
export {
  openWeights,
  readAllWeights,
  readWeights,
  WEIGHTS,
  WEIGHTS_INDEX,
  type FreshParameters,
  type StoredType,
  type StoredWeights,
} from "./weights.ts";
export { asStored, writeWeights, type WriteWeightsOptions } from "./write-weights.ts";
export { openFolderTokenizer } from "./tokenizer-files.ts";
