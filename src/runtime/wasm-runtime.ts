/**
 * ONNX Runtime's WebAssembly build. Its own JavaScript layer copies every tensor into the module's memory and out of it
 * again at each run; here residents lie in that memory, and outputs are written over them in place.
 */
import { onnxDtype, type Dtype } from "../graph/index.ts";
import { bytesOf, bytesPerElement, viewOf, type HostData } from "../onnx/index.ts";
import type { OnnxRuntime, OrtTensor, Session } from "./onnxruntime.ts";
import { allocateIn, textIn, throwLastError, type WasmModule } from "./wasm-module.ts";

/** The version of the package onnxruntime-web, which its module does not tell. */
const VERSION = "1.30.0";
const ALL_OPTIMIZATIONS = 99;
const LOG_ERRORS = 3;
/** Where data lies, in the module's own counting. */
const PROCESSOR = 1;
const dtypes: readonly Dtype[] = ["float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"];

type Factory = (options: { numThreads: number }) => Promise<WasmModule>;

/** The file that the package has the module in. */
export interface WasmBuild {
  readonly default: Factory;
}

let started: Promise<OnnxRuntime> | undefined;

/** The runtime with its threads. It is started once, so that a later wish for threads finds those of the first. */
export function startWasm(factory: Factory, threads: number): Promise<OnnxRuntime> {
  return (started ??= start(factory, threads));
}

async function start(factory: Factory, threads: number): Promise<OnnxRuntime> {
  const module = await factory({ numThreads: threads });
  if (module._OrtInit(threads, LOG_ERRORS) !== 0) throwLastError(module);
  const memory = new Memory(module);
  class Tensor extends WasmTensor {
    constructor(type: string, data: HostData, dims: readonly number[]) {
      super(memory, type as Dtype, data, dims);
    }
  }
  const create = (bytes: Uint8Array): Promise<Session> => createSession(memory, bytes);
  const allocate = (dtype: Dtype, length: number): HostData => memory.allocate(dtype, length);
  const free = (data: HostData): void => {
    module._free(data.byteOffset);
  };
  const inPlace = { allocate, free };
  return { InferenceSession: { create }, Tensor, version: VERSION, build: "wasm", threads, inPlace };
}

/** The module's memory, and arrays over parts of it. */
class Memory {
  readonly module: WasmModule;
  /** The buffers that the memory has had: growing it gives another one over the same bytes. */
  readonly #buffers = new WeakSet<ArrayBufferLike>();

  constructor(module: WasmModule) {
    this.module = module;
  }

  allocate(dtype: Dtype, length: number): HostData {
    const pointer = allocateIn(this.module, Math.max(length, 1) * bytesPerElement(dtype));
    const data = this.view(dtype, pointer, length);
    data.fill(0 as never);
    return data;
  }

  view(dtype: Dtype, pointer: number, length: number): HostData {
    const { buffer } = this.module.HEAPU8;
    this.#buffers.add(buffer);
    return viewOf(dtype, buffer as ArrayBuffer, pointer, length);
  }

  holds(data: HostData): boolean {
    return this.#buffers.has(data.buffer);
  }

  copy(data: HostData): number {
    const pointer = allocateIn(this.module, Math.max(data.byteLength, 1));
    this.module.HEAPU8.set(bytesOf(data), pointer);
    return pointer;
  }
}

/** A tensor over the caller's array or over the module's memory. */
class WasmTensor implements OrtTensor {
  readonly type: Dtype;
  readonly data: HostData;
  readonly dims: readonly number[];
  readonly #memory: Memory;
  /** The module's own tensor over the same memory, while it is needed. */
  #handle: number;
  #copy = 0;

  constructor(memory: Memory, type: Dtype, data: HostData, dims: readonly number[], handle = 0) {
    this.#memory = memory;
    this.type = type;
    this.data = data;
    this.dims = dims;
    this.#handle = handle;
  }

  /** Whether what the module writes into the tensor is seen in `data`. */
  get shared(): boolean {
    return this.#memory.holds(this.data);
  }

  get handle(): number {
    if (this.#handle === 0) this.#handle = this.#create();
    return this.#handle;
  }

  #create(): number {
    const { module } = this.#memory;
    const pointer = this.shared ? this.data.byteOffset : (this.#copy = this.#memory.copy(this.data));
    const dims = allocateIn(module, 4 * this.dims.length + 4);
    this.dims.forEach((d, i) => {
      module.setValue(dims + 4 * i, d, "i32");
    });
    const { byteLength } = this.data;
    const type = onnxDtype(this.type);
    const handle = module._OrtCreateTensor(type, pointer, byteLength, dims, this.dims.length, PROCESSOR);
    module._free(dims);
    return handle === 0 ? throwLastError(module) : handle;
  }

  dispose(): void {
    const { module } = this.#memory;
    if (this.#handle !== 0) module._OrtReleaseTensor(this.#handle);
    if (this.#copy !== 0) module._free(this.#copy);
    this.#handle = this.#copy = 0;
  }
}

/** A tensor that the module has made, seen in place. */
function tensorOf(memory: Memory, handle: number): WasmTensor {
  const { module } = memory;
  const out = allocateIn(module, 16);
  if (module._OrtGetTensorData(handle, out, out + 4, out + 8, out + 12) !== 0) throwLastError(module);
  const [type, data, dimsAt, rank] = [0, 4, 8, 12].map((offset) => module.getValue(out + offset, "i32") >>> 0);
  const dims = Array.from({ length: rank! }, (_, i) => module.getValue(dimsAt! + 4 * i, "i32"));
  module._OrtFree(dimsAt!);
  module._free(out);
  const dtype = dtypes.find((name) => onnxDtype(name) === type)!;
  const length = dims.reduce((product, d) => product * d, 1);
  return new WasmTensor(memory, dtype, memory.view(dtype, data!, length), dims, handle);
}

async function createSession(memory: Memory, bytes: Uint8Array): Promise<Session> {
  const { module } = memory;
  const options = module._OrtCreateSessionOptions(ALL_OPTIMIZATIONS, false, false, 0, false, 0, 0, LOG_ERRORS, 0, 0);
  const model = memory.copy(bytes);
  const session = await module._OrtCreateSession(model, bytes.length, options);
  module._free(model);
  module._OrtReleaseSessionOptions(options);
  return session === 0 ? throwLastError(module) : new WasmSession(memory, session);
}

class WasmSession implements Session {
  readonly #memory: Memory;
  readonly #session: number;
  readonly #names = new Map<string, number>();

  constructor(memory: Memory, session: number) {
    this.#memory = memory;
    this.#session = session;
  }

  #name(name: string): number {
    let pointer = this.#names.get(name);
    if (pointer === undefined) this.#names.set(name, (pointer = textIn(this.#memory.module, name)));
    return pointer;
  }

  async run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Record<string, OrtTensor>> {
    const { module } = this.#memory;
    const [given, wanted] = [Object.entries(feeds), Object.entries(fetches)] as [string, WasmTensor | null][][];
    const counts = [given!.length, given!.length, wanted!.length, wanted!.length];
    const table = allocateIn(module, 4 * counts.reduce((sum, count) => sum + count, 1));
    const inputs = table + 4 * given!.length;
    const outputNames = inputs + 4 * given!.length;
    const outputs = outputNames + 4 * wanted!.length;
    const put = (pointer: number, index: number, value: number): void => {
      module.setValue(pointer + 4 * index, value, "*");
    };
    try {
      for (const [i, [name, tensor]] of given!.entries()) {
        put(table, i, this.#name(name));
        put(inputs, i, tensor!.handle);
      }
      for (const [i, [name, tensor]] of wanted!.entries()) {
        put(outputNames, i, this.#name(name));
        put(outputs, i, tensor?.handle ?? 0);
      }
      const { length } = given!;
      const status = await module._OrtRun(
        this.#session,
        table,
        inputs,
        length,
        outputNames,
        wanted!.length,
        outputs,
        0,
      );
      if (status !== 0) throwLastError(module);
      const results = wanted!.map(([name, tensor], i) => {
        return [name, tensor ?? tensorOf(this.#memory, module.getValue(outputs + 4 * i, "*"))];
      });
      return Object.fromEntries(results) as Record<string, OrtTensor>;
    } finally {
      module._free(table);
      // Values that were copied in have served.
      for (const [, tensor] of given!) if (!tensor!.shared) tensor!.dispose();
    }
  }

  endProfiling(): void {
    // Nothing is measured here: the module has no files that a page could read.
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface serves builds elsewhere, too
  async release(): Promise<void> {
    const { module } = this.#memory;
    module._OrtReleaseSession(this.#session);
    for (const pointer of this.#names.values()) module._free(pointer);
    this.#names.clear();
  }
}
