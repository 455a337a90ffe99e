/** ONNX Runtime as a WebAssembly module: the C functions that it exports, and how values get in and out of its memory. */

/** The part of the module that is used here. Pointers and handles are numbers; a status of 0 is success. */
export interface WasmModule {
  /** Replaced when the memory grows; what is made over it stays valid, since the memory is shared. */
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  getValue(pointer: number, type: "i32" | "*"): number;
  setValue(pointer: number, value: number, type: "i32" | "*"): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  UTF8ToString(pointer: number): string;
  _OrtInit(threads: number, logLevel: number): number;
  _OrtGetLastError(code: number, message: number): number;
  _OrtCreateSessionOptions(
    optimizationLevel: number,
    arena: boolean,
    memoryPattern: boolean,
    executionMode: number,
    profiling: boolean,
    profilePrefix: number,
    logId: number,
    logSeverity: number,
    logVerbosity: number,
    optimizedModelPath: number,
  ): number;
  _OrtReleaseSessionOptions(options: number): number;
  _OrtCreateSession(model: number, bytes: number, options: number): number | Promise<number>;
  _OrtReleaseSession(session: number): number;
  _OrtCreateTensor(type: number, data: number, bytes: number, dims: number, rank: number, location: number): number;
  _OrtGetTensorData(tensor: number, type: number, data: number, dims: number, rank: number): number;
  _OrtReleaseTensor(tensor: number): number;
  _OrtFree(pointer: number): number;
  _OrtRun(
    session: number,
    inputNames: number,
    inputs: number,
    inputCount: number,
    outputNames: number,
    outputCount: number,
    outputs: number,
    options: number,
  ): number | Promise<number>;
}

/** Throws what the module says of its last failure. */
export function throwLastError(module: WasmModule): never {
  const [code, message] = [module._malloc(4), module._malloc(4)];
  module._OrtGetLastError(code, message);
  const text = module.UTF8ToString(module.getValue(message, "*"));
  module._free(code);
  module._free(message);
  throw new Error(text);
}

/** A text in the module's memory. */
export function textIn(module: WasmModule, text: string): number {
  const bytes = module.lengthBytesUTF8(text) + 1;
  const pointer = allocateIn(module, bytes);
  module.stringToUTF8(text, pointer, bytes);
  return pointer;
}

/** Bytes in the module's memory. Throws Error where it is full: 4 GiB, or less where the browser gives less. */
export function allocateIn(module: WasmModule, bytes: number): number {
  const pointer = module._malloc(bytes);
  if (pointer === 0) throw new Error(`WebAssembly has no memory left for ${bytes} bytes more.`);
  return pointer;
}
