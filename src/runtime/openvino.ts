/** OpenVINO behind the engine interface: tensors lie over typed arrays, so that nothing is copied on the way in. */
import { EngineError } from "../errors/index.ts";
import type { Dtype } from "../graph/index.ts";
import { withConstants, type HostData, type HostTensor, type Port, type Program } from "../onnx/index.ts";
import type { Call, Engine, Located, NodeTimes, ProgramTimes, Values, View } from "./engine.ts";
import type { Handle, OpenVinoLibrary } from "./openvino-library.ts";
import { constantsOf, feedFor, messageOf, Residents } from "./residents.ts";

/** How the engine uses the machine. */
export interface OpenVinoSettings {
  readonly threads: number;
  readonly precision: "fp32" | "bf16";
  readonly profile: boolean;
}

/** An array that OpenVINO points at: whoever holds this keeps the memory where it is. */
interface Tensor {
  readonly handle: Handle;
  readonly data: HostData;
}

/** A request keeps what was set, so only what changed is set again. */
interface Request {
  readonly handle: Handle;
  readonly set: Map<string, Tensor>;
}

interface Loaded {
  readonly program: Program;
  readonly compiled: Handle;
  /** Constants that it may point at: they must stay where they are. */
  readonly memory: readonly HostData[];
  /** By the outputs that are written over residents: an output once bound has no memory of its own again. */
  readonly requests: Map<string, Request>;
  /** What each run took, where that is measured. */
  readonly times: { readonly runs: number[]; readonly nodes: Map<string, MeasuredNode> };
}

/** The file that stands for the memory of the process; offsets in it are addresses. */
const IN_MEMORY = "*/_ORT_MEM_ADDR_/*";

type MeasuredNode = NodeTimes & { readonly milliseconds: number[] };

/** OpenVINO as an engine. Its methods do not wait for each other's work: callers await one before the next. */
export class OpenVinoEngine implements Engine {
  readonly description: string;
  readonly #library: OpenVinoLibrary;
  readonly #core: Handle;
  readonly #settings: OpenVinoSettings;
  readonly #programs = new Map<number, Loaded>();
  readonly #residents: Residents<Tensor>;
  #next = 1;
  #disposed = false;

  constructor(library: OpenVinoLibrary, settings: OpenVinoSettings) {
    const { threads, precision } = settings;
    this.#library = library;
    this.#settings = settings;
    this.#core = library.createCore();
    if (precision === "bf16" && !library.capabilities(this.#core).includes("BF16")) {
      library.free("core", this.#core);
      throw new EngineError("OpenVINO has no bf16 on this processor. Leave the precision at fp32.");
    }
    this.#residents = new Residents<Tensor>(
      (...tensor) => this.#wrap(...tensor),
      ({ handle }) => {
        library.free("tensor", handle);
      },
    );
    const half = precision === "bf16" ? ", bf16" : "";
    this.description = `OpenVINO ${library.version}${half}, ${threads} thread${threads === 1 ? "" : "s"}`;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface serves engines elsewhere, too
  async load(program: Program, constants: Readonly<Record<string, View>> = {}): Promise<number> {
    this.#requireOpen();
    const placed = constantsOf(program, constants, this.#residents, (resident) => ({
      file: IN_MEMORY,
      offset: this.#library.addressOf(this.#residents.tensor({ resident }).handle),
    }));
    const bytes = placed.length === 0 ? program.bytes : withConstants(program.bytes, placed);
    let compiled: Handle;
    try {
      compiled = this.#library.compile(this.#core, bytes, this.#properties(program));
    } catch (error) {
      throw new EngineError(`${this.description} refused the program "${program.name}": ${messageOf(error)}`);
    }
    const id = this.#next++;
    // The bytes have served; only the ports are needed from here on.
    this.#programs.set(id, {
      program: { ...program, bytes: new Uint8Array(0) },
      compiled,
      memory: placed.map(({ data }) => data),
      requests: new Map(),
      times: { runs: [], nodes: new Map() },
    });
    return id;
  }

  #properties(program: Program): Record<string, string> {
    const { threads, precision } = this.#settings;
    return {
      PERFORMANCE_HINT: "LATENCY",
      NUM_STREAMS: "1",
      INFERENCE_NUM_THREADS: String(program.serial === true ? 1 : threads),
      // Processes that share a machine would all be pinned to its first cores.
      ENABLE_CPU_PINNING: "NO",
      PERF_COUNT: this.#settings.profile ? "YES" : "NO",
      // Stated for fp32, too: processors with matrix units compute in bf16 unless told otherwise. Casts around each
      // product, with norms and sums left in float32, were tried: OpenVINO's Convert cuts digits off instead of
      // rounding, which moved the loss of a translator by 1e-3, and the step took 5 % longer.
      INFERENCE_PRECISION_HINT: precision === "bf16" && program.exact !== true ? "bf16" : "f32",
    };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async unload(program: number): Promise<void> {
    const loaded = this.#programs.get(program);
    if (loaded === undefined) return;
    this.#programs.delete(program);
    for (const { handle } of loaded.requests.values()) this.#library.free("infer_request", handle);
    this.#library.free("compiled_model", loaded.compiled);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async allocate(name: string, dtype: Dtype, length: number): Promise<void> {
    this.#requireOpen();
    this.#residents.allocate(name, dtype, length);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async write(name: string, data: HostData, offset?: number): Promise<void> {
    this.#residents.write(name, data, offset);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async read(name: string, offset?: number, length?: number): Promise<HostTensor> {
    return this.#residents.read(name, offset, length);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async locate(resident: string): Promise<Located> {
    const { handle, data } = this.#residents.tensor({ resident });
    return { address: this.#library.addressOf(handle), length: data.length };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async free(name: string): Promise<void> {
    this.#residents.free(name);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async run(calls: readonly Call[], feeds: Values = {}): Promise<Values> {
    this.#requireOpen();
    const fed = new Map<string, Tensor>();
    const results: Record<string, HostTensor> = {};
    try {
      for (const call of calls) {
        const loaded = this.#programs.get(call.program);
        if (loaded === undefined) throw new EngineError(`Program ${call.program} is not loaded, or was unloaded.`);
        this.#call(loaded, call, feeds, fed, results);
      }
    } finally {
      // Requests that were given these tensors share them; the arrays stay with the requests.
      for (const { handle } of fed.values()) this.#library.free("tensor", handle);
    }
    return results;
  }

  #call(
    loaded: Loaded,
    call: Call,
    feeds: Values,
    fed: Map<string, Tensor>,
    results: Record<string, HostTensor>,
  ): void {
    const { program } = loaded;
    const bound = program.outputs.filter(({ name }) => call.bind?.[name] !== undefined);
    const request = this.#request(loaded, bound);
    for (const port of program.inputs) this.#set(request, port, this.#input(program, port, call, feeds, fed));
    for (const port of bound) this.#set(request, port, this.#residents.tensor(call.bind![port.name]!));
    const started = performance.now();
    try {
      this.#library.infer(request.handle);
    } catch (error) {
      throw new EngineError(`The program "${program.name}" failed: ${messageOf(error)}`);
    }
    if (this.#settings.profile) this.#measure(loaded, request, performance.now() - started);
    for (const port of program.outputs) {
      const kept = call.keep?.[port.name];
      const fetched = call.fetch?.includes(port.name) === true;
      if (kept === undefined && !fetched) continue;
      const { data, shape } = this.#library.readTensor(request.handle, port);
      if (fetched) results[port.name] = { dtype: port.dtype, shape, data: kept === undefined ? data : data.slice() };
      if (kept !== undefined) this.#residents.put(kept, { dtype: port.dtype, shape, data });
    }
  }

  #measure({ times: { runs, nodes } }: Loaded, request: Request, milliseconds: number): void {
    for (const { node, op, milliseconds: took } of this.#library.times(request.handle)) {
      const before = nodes.get(node);
      if (before === undefined) nodes.set(node, { node, op, milliseconds: [...runs.map(() => 0), took] });
      else before.milliseconds.push(took);
    }
    runs.push(milliseconds);
    // A node may be left out of a run, where a dimension is zero.
    for (const { milliseconds: all } of nodes.values()) if (all.length < runs.length) all.push(0);
  }

  #request({ compiled, requests }: Loaded, bound: readonly Port[]): Request {
    const key = bound.map(({ name }) => name).join("\n");
    let request = requests.get(key);
    if (request === undefined) {
      request = { handle: this.#library.createRequest(compiled), set: new Map() };
      requests.set(key, request);
    }
    return request;
  }

  #set(request: Request, port: Port, tensor: Tensor): void {
    if (request.set.get(port.name) === tensor) return;
    this.#library.setTensor(request.handle, port.name, tensor.handle);
    request.set.set(port.name, tensor);
  }

  #input(program: Program, port: Port, call: Call, feeds: Values, fed: Map<string, Tensor>): Tensor {
    const view = call.bind?.[port.name];
    if (view !== undefined) return this.#residents.tensor(view);
    let tensor = fed.get(port.name);
    if (tensor === undefined) {
      const { dtype, data, shape } = feedFor(program, port, feeds);
      tensor = this.#wrap(dtype, data, shape);
      fed.set(port.name, tensor);
    }
    return tensor;
  }

  #wrap(dtype: Dtype, data: HostData, shape: readonly number[]): Tensor {
    return { handle: this.#library.tensorOver(dtype, shape, data), data };
  }

  #requireOpen(): void {
    if (this.#disposed) throw new EngineError("This engine was disposed of. Make a new one.");
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async profile(): Promise<readonly ProgramTimes[]> {
    this.#requireOpen();
    if (!this.#settings.profile) throw new EngineError("This engine measures nothing. Open it with `profile`.");
    return [...this.#programs].map(
      ([
        id,
        {
          program,
          times: { runs, nodes },
        },
      ]) => ({
        program: id,
        name: program.name,
        milliseconds: runs,
        nodes: [...nodes.values()],
      }),
    );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const id of [...this.#programs.keys()]) await this.unload(id);
    this.#residents.clear();
    this.#library.free("core", this.#core);
  }
}
