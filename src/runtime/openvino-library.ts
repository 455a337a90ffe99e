/** OpenVINO's C library through koffi: programs compiled, tensors over JavaScript's memory, requests run. Node only. */
import type * as Koffi from "koffi";
import { EngineError } from "../errors/index.ts";
import type { Dtype } from "../graph/index.ts";
import { allocate, type HostData, type Port } from "../onnx/index.ts";

/** An object of the library. */
export type Handle = bigint;

/** The library as it is used here. Everything that fails throws EngineError with OpenVINO's own words. */
export interface OpenVinoLibrary {
  /** `2026.4.1`. */
  readonly version: string;
  createCore(): Handle;
  /** What the processor computes in: `FP32 INT8 BF16 …`. */
  capabilities(core: Handle): readonly string[];
  /** Reads ONNX bytes and compiles them for the processor. */
  compile(core: Handle, onnx: Uint8Array, properties: Readonly<Record<string, string>>): Handle;
  createRequest(compiled: Handle): Handle;
  /** A tensor over an array, not a copy: the array must outlive every request that was given the tensor. */
  tensorOver(dtype: Dtype, shape: readonly number[], data: HostData): Handle;
  /** Where a tensor's values lie. */
  addressOf(tensor: Handle): bigint;
  setTensor(request: Handle, port: string, tensor: Handle): void;
  infer(request: Handle): void;
  /** Copies what a port holds after a run. */
  readTensor(request: Handle, port: Port): { data: HostData; shape: number[] };
  /** How long each node of the last run took, where the program was compiled with PERF_COUNT. */
  times(request: Handle): NodeTime[];
  free(kind: "core" | "compiled_model" | "infer_request" | "tensor", handle: Handle): void;
}

/** One node of a run. */
export interface NodeTime {
  readonly node: string;
  readonly op: string;
  readonly milliseconds: number;
}

/** The library's number for a node that was executed: others were folded into their neighbors. */
const EXECUTED = 2;

/** The library's numbers for the element types. */
const ELEMENT_TYPES: Readonly<Record<Dtype, number>> = {
  bool: 1,
  bfloat16: 2,
  float16: 3,
  float32: 4,
  int32: 9,
  int64: 10,
  uint8: 16,
};

/** What tensors without elements point at: the library wants memory all the same. */
const NOTHING = new Float64Array(1);

type Spec = Parameters<typeof Koffi.as>[1];
type Given = readonly unknown[];

/** Opens the library. Throws EngineError where koffi is missing or the file is not the library. */
export async function openLibrary(file: string): Promise<OpenVinoLibrary> {
  const { default: koffi } = await import("koffi").catch((error: unknown) => {
    throw new EngineError("The package koffi, which opens C libraries, is not installed: npm install koffi", {
      cause: error,
    });
  });
  const pointer = koffi.pointer("void");
  const shape = koffi.struct({ rank: "int64_t", dims: pointer });
  const property = koffi.struct({ key: "str", value: "str" });
  const version = koffi.struct({ buildNumber: "str", description: "str" });
  const node = koffi.struct({
    status: "int",
    real: "int64_t",
    cpu: "int64_t",
    name: "str",
    execution: "str",
    type: "str",
  });
  const nodeList = koffi.struct({ nodes: pointer, count: "size_t" });
  const out = koffi.out(koffi.pointer(pointer));
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load(file);
  } catch (error) {
    throw new EngineError(`${file} could not be opened: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const bind = (name: string, result: string, args: Spec[]): ((...given: Given) => unknown) => {
    try {
      return library.func(name, result, args);
    } catch (error) {
      throw new EngineError(`${file} has no ${name}: it is not OpenVINO's C library, or too old.`, { cause: error });
    }
  };
  const lastMessage = bind("ov_get_last_err_msg", "str", []);
  const status = (name: string, ...args: Spec[]): ((...given: Given) => void) => {
    const call = bind(name, "int", args);
    return (...given) => {
      const code = call(...given);
      if (code !== 0)
        throw new EngineError(
          sentenceOf(lastMessage() as string | null) || `${name} failed with status ${String(code)}.`,
        );
    };
  };
  /** A call whose last argument receives an object. */
  const made = (name: string, ...args: Spec[]): ((...given: Given) => Handle) => {
    const call = status(name, ...args, out);
    return (...given) => {
      const result: [Handle] = [0n];
      call(...given, result);
      return result[0];
    };
  };
  const getVersion = status("ov_get_openvino_version", koffi.out(koffi.pointer(version)));
  const createCore = made("ov_core_create");
  const getProperty = made("ov_core_get_property", pointer, "str", "str");
  const freeText = bind("ov_free", "void", [pointer]);
  const readModel = made("ov_core_read_model_from_memory_buffer", pointer, pointer, "size_t", pointer);
  const compileModel = made("ov_core_compile_model_props", pointer, pointer, "str", "size_t", koffi.pointer(property));
  const createRequest = made("ov_compiled_model_create_infer_request", pointer);
  const createTensor = made("ov_tensor_create_from_host_ptr", "int", shape, pointer);
  const setTensor = status("ov_infer_request_set_tensor", pointer, "str", pointer);
  const getTensor = made("ov_infer_request_get_tensor", pointer, "str");
  const infer = status("ov_infer_request_infer", pointer);
  const tensorShape = status("ov_tensor_get_shape", pointer, koffi.out(koffi.pointer(shape)));
  const freeShape = status("ov_shape_free", koffi.inout(koffi.pointer(shape)));
  const getTimes = status("ov_infer_request_get_profiling_info", pointer, koffi.out(koffi.pointer(nodeList)));
  const freeTimes = bind("ov_profiling_info_list_free", "void", [koffi.inout(koffi.pointer(nodeList))]);
  const tensorData = made("ov_tensor_data", pointer);
  const kinds = ["core", "model", "compiled_model", "infer_request", "tensor"] as const;
  const frees = Object.fromEntries(kinds.map((kind) => [kind, bind(`ov_${kind}_free`, "void", [pointer])]));
  const release = (kind: (typeof kinds)[number], handle: Handle): void => {
    frees[kind]!(handle);
  };

  const found: { buildNumber?: string } = {};
  getVersion(found);
  return {
    version: /^\d+\.\d+\.\d+/.exec(found.buildNumber ?? "")?.[0] ?? found.buildNumber ?? "of an unknown version",
    createCore: () => createCore(),
    capabilities: (core) => {
      const text = getProperty(core, "CPU", "OPTIMIZATION_CAPABILITIES");
      try {
        return koffi.decode.string(text).split(/[ ,]+/);
      } finally {
        freeText(text);
      }
    },
    compile: (core, onnx, properties) => {
      const model = readModel(core, onnx, onnx.length, null);
      try {
        const entries = Object.entries(properties).map(([key, value]) => ({ key, value }));
        return compileModel(core, model, "CPU", entries.length, entries);
      } finally {
        release("model", model);
      }
    },
    createRequest: (compiled) => createRequest(compiled),
    tensorOver: (dtype, sizes, data) => {
      const dims = BigInt64Array.from(sizes, BigInt);
      return createTensor(ELEMENT_TYPES[dtype], { rank: sizes.length, dims }, data.length === 0 ? NOTHING : data);
    },
    addressOf: (tensor) => tensorData(tensor),
    setTensor: (request, port, tensor) => {
      setTensor(request, port, tensor);
    },
    infer: (request) => {
      infer(request);
    },
    readTensor: (request, { name, dtype, shape: declared }) => {
      const tensor = getTensor(request, name);
      const sizes = { rank: 0, dims: 0n };
      try {
        // The library has no words for the shape of a scalar.
        if (declared.length > 0) tensorShape(tensor, sizes);
        const dims = sizes.rank === 0 ? [] : (koffi.decode(sizes.dims, "int64_t", sizes.rank) as BigInt64Array);
        const shape = Array.from(dims, Number);
        const data = allocate(
          dtype,
          shape.reduce((product, d) => product * d, 1),
        );
        if (data.length > 0) {
          const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
          bytes.set(new Uint8Array(koffi.view(tensorData(tensor), data.byteLength)));
        }
        return { data, shape };
      } finally {
        if (sizes.dims !== 0n) freeShape(sizes);
        release("tensor", tensor);
      }
    },
    times: (request) => {
      const list = { nodes: 0n, count: 0 };
      getTimes(request, list);
      try {
        const nodes = koffi.decode(list.nodes, node, list.count) as {
          status: number;
          real: number | bigint;
          name: string;
          type: string;
        }[];
        return nodes
          .filter(({ status }) => status === EXECUTED)
          .map(({ name, type, real }) => ({ node: name, op: type, milliseconds: Number(real) / 1000 }));
      } finally {
        freeTimes(list);
      }
    },
    free: release,
  };
}

/** OpenVINO's messages begin with where in its sources they arose, a line each; what went wrong comes after. */
function sentenceOf(message: string | null): string {
  const lines = (message ?? "").split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/^(Exception from|Check '.*' failed at) .*:\d+:?$/.test(line));
  return (said.length > 0 ? said : lines).join(" ");
}
