export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-precision.ts";
export { DECODER, ENCODER, exportEncoderDecoder, type ExportedProgram, type ExportOptions } from "./onnx-export.ts";
export type { Better, Checkpoint, RunFolder, RunOptions } from "./run-folder.ts";
export { bestCheckpoint, latestCheckpoint, openCheckpoint, openRun, stepsOf } from "./run-folder.ts";
export type { LogRecord, ResumeFrom, RunLog } from "./run-log.ts";
export { openLog, readLog } from "./run-log.ts";
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
  WEIGHTS,
  writeModel,
  writeTensors,
  type ModelFolder,
} from "./model-folder.ts";
export { openFolderTokenizer } from "./tokenizer-files.ts";
