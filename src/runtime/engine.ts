/**
 * The door to what executes: a small interface with engines behind it. Programs come as ONNX bytes; parameters,
 * optimizer state and key-value caches are residents, which stay inside the engine under names. Running sends only the
 * batch and returns only what was asked for.
 */
import type { Dtype } from "../graph/index.ts";
import type { HostData, HostTensor, Program } from "../onnx/index.ts";

/** A resident, or part of a flat one seen under a shape. */
export interface View {
  /** The name of the resident. */
  readonly resident: string;
  /** The first element, for a part of a flat resident. */
  readonly offset?: number;
  /** The shape it is seen under; without it, the shape that the resident was kept with. */
  readonly shape?: readonly number[];
}

/** One execution of a program. */
export interface Call {
  /** What `load` returned. */
  readonly program: number;
  /** Inputs read from residents, and outputs written over residents, by port name. An output may be an input's memory. */
  readonly bind?: Readonly<Record<string, View>>;
  /** Outputs that become residents of their own, with the shape they come out with: port name to resident name. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Outputs returned to the caller. */
  readonly fetch?: readonly string[];
}

/** Values by port name. */
export type Values = Readonly<Record<string, HostTensor>>;

/** How long one node of a program took. */
export interface NodeTimes {
  /** The name of the program's node; one that the engine made of several bears the name of one of them, or its own. */
  readonly node: string;
  /** What was executed, by the engine's name for it. */
  readonly op: string;
  /** Of each execution, in their order. */
  readonly milliseconds: readonly number[];
  /** Additions and multiplications of each execution, of matrix products whose sizes the engine tells. */
  readonly operations?: readonly number[];
}

/** How long a program and its nodes took, as executed: after the engine's fusions. */
export interface ProgramTimes {
  /** What `load` returned. */
  readonly program: number;
  readonly name: string;
  /** Of each execution as a whole, in their order. */
  readonly milliseconds: readonly number[];
  readonly nodes: readonly NodeTimes[];
}

/** Where a resident lies. */
export interface Located {
  /** In the memory of this process, whichever thread asks. */
  readonly address: bigint;
  /** Elements. */
  readonly length: number;
}

/** What executes programs: it holds residents and runs calls. In a worker (the default) no method blocks the caller. */
export interface Engine {
  /** For people: `ONNX Runtime 1.30.0, 2 threads`. */
  readonly description: string;
  /**
   * Prepares a program; the number stands for it in calls. Its constants take the values that residents have now: the
   * engine prepares weights that cannot change, and calls need not name them. Throws EngineError where the engine
   * refuses it, or a constant is not given.
   */
  load(program: Program, constants?: Readonly<Record<string, View>>): Promise<number>;
  /** Frees a program. */
  unload(program: number): Promise<void>;
  /** A flat resident of `length` zeros. */
  allocate(name: string, dtype: Dtype, length: number): Promise<void>;
  /** Copies values into a resident, from element `offset` on. */
  write(name: string, data: HostData, offset?: number): Promise<void>;
  /** A copy of a resident, or of part of it. */
  read(name: string, offset?: number, length?: number): Promise<HostTensor>;
  /**
   * Where a resident lies, for a library that works on it in place while nothing runs; until it is freed or allocated
   * anew. Undefined where the engine cannot tell.
   */
  locate(name: string): Promise<Located | undefined>;
  /** Frees a resident. */
  free(name: string): Promise<void>;
  /**
   * Runs calls one after another. Inputs that are not bound come from `feeds`. Returns what the calls fetch, a later
   * call's over an earlier one's. Throws EngineError that names the program where a call fails.
   */
  run(calls: readonly Call[], feeds?: Values): Promise<Values>;
  /**
   * The times of all that ran since the engine was opened with `profile`; measuring ends. Programs that were unloaded
   * are not among them. Throws EngineError where the engine was opened without it, or cannot measure.
   */
  profile(): Promise<readonly ProgramTimes[]>;
  /** Frees everything; the engine cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** What can execute programs; see `EngineOptions.engine`. */
export const engineNames = ["auto", "onnxruntime", "openvino", "cuda", "wasm", "webgpu"] as const;
export type EngineName = (typeof engineNames)[number];

/** Numbers in which programs compute. */
export const precisions = ["fp32", "bf16"] as const;
export type Precision = (typeof precisions)[number];

/** Which engine, and how much of the machine it may use. */
export interface EngineOptions {
  /**
   * What executes:
   * - `auto` (the default): the fastest of what is there for the purpose: OpenVINO where it is found and models are
   *   trained, else ONNX Runtime's native build, else its WebAssembly build, the only one that a page has;
   * - `onnxruntime`: ONNX Runtime's native build, on the processor;
   * - `openvino`: OpenVINO's library, version 2026.4, found where HEED_OPENVINO points, in a Python environment, in
   *   openvino-node's folder or among the system's libraries; it needs the package koffi;
   * - `cuda`: ONNX Runtime's CUDA provider, where its libraries are installed. Nobody has measured it yet;
   * - `wasm`: ONNX Runtime's WebAssembly build;
   * - `webgpu`: ONNX Runtime's WebGPU build, in a page. Never chosen unasked: what it computes depends on the graphics
   *   driver.
   */
  readonly engine?: EngineName | undefined;
  /**
   * `bf16` rounds the operands of matrix products, and what is passed on between products, to 8 bits of precision, on
   * OpenVINO. Products, norms and softmax sum up in float32 inside; float32 throughout are parameters, gradients and all
   * that lies between the last product and an output: the loss with its log-softmax, gradients of biases and norms, the
   * optimizer, the global norm, the moving average. Faster on processors with arithmetic for bf16. Default: `fp32`.
   */
  readonly precision?: Precision | undefined;
  /**
   * What `auto` is to be fast at. Steps of generation are small, and ONNX Runtime's were quicker in the rows of
   * docs/benchmarks.md; `inference` is whole texts or pictures at once. Default: `training`.
   */
  readonly purpose?: "training" | "inference" | "generation" | undefined;
  /** Threads inside one operation. Default: the machine's. The same seed and thread count give the same numbers. */
  readonly threads?: number | undefined;
  /** Whether the engine runs in a worker, so that the caller stays responsive. Default: true. */
  readonly worker?: boolean | undefined;
  /** Whether the time of each node is measured, for `Engine.profile`; native engines can. Default: false. */
  readonly profile?: boolean | undefined;
}
