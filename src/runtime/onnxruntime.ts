/** ONNX Runtime behind the engine interface: the same code over its Node build and its web build. */
import { EngineError } from "../errors/index.ts";
import { showType, type Dtype } from "../graph/index.ts";
import { allocate, type HostData, type HostTensor, type Port, type Program } from "../onnx/index.ts";
import type { Call, Engine, ProgramTimes, Values, View } from "./engine.ts";
import { timesOf, type TraceFiles } from "./ort-trace.ts";

/** A tensor of ONNX Runtime. Its own declarations are not named here: they need the DOM library. */
export interface OrtTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
  /** Frees what lies outside of JavaScript. */
  dispose(): void;
}

/** A program that ONNX Runtime has prepared. Outputs without a tensor are made by it. */
export interface Session {
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  endProfiling(): void;
  release(): Promise<void>;
}

/** ONNX Runtime as a module, and what it can do here. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: object): Promise<Session>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
  readonly version: string;
  readonly build: keyof typeof builds;
  readonly threads: number;
  /** Where outputs can be written over arrays of the caller: how to get such arrays. Elsewhere they are copied. */
  readonly inPlace: InPlace | undefined;
  /** Where traces go, if they are wanted and the platform has a place for them. */
  readonly traces?: TraceFiles | undefined;
}

/** Arrays that programs read and write without a copy. */
export interface InPlace {
  allocate(dtype: Dtype, length: number): HostData;
  free(data: HostData): void;
}

/** What executes in each build, and how it is called. */
const builds = {
  node: { provider: "cpu", label: "" },
  wasm: { provider: "wasm", label: " (WebAssembly)" },
  webgpu: { provider: "webgpu", label: " (WebGPU)" },
} as const;

interface Loaded {
  readonly program: Program;
  readonly session: Session;
}

interface Resident {
  readonly dtype: Dtype;
  readonly data: HostData;
  readonly shape: readonly number[];
  /** Tensors over parts of this resident, by offset and shape: made once, used every step. */
  readonly tensors: Map<string, OrtTensor>;
  /** Whether `data` was allocated here, and is not an output's own memory. */
  readonly allocated: boolean;
}

/**
 * How long a thread that has no work waits busily before it sleeps, in microseconds. Each session has threads of its
 * own, and by default they spin far longer, after a run too, where they take the cores from the session that runs next
 * and from other processes: two steps of a translator (1,400 tokens each) on two busy cores took 917 ms by default,
 * 678 so, 564 without spinning. On idle cores a step without spinning took 9 % longer than by default, for each of its
 * hundreds of nodes wakes the other threads. The gaps between most nodes are shorter than this.
 */
const SHORT_SPIN = { extra: { session: { intra_op: { spin_duration_us: "50" } } } };

export class OnnxRuntimeEngine implements Engine {
  readonly description: string;
  readonly #ort: OnnxRuntime;
  readonly #programs = new Map<number, Loaded>();
  readonly #residents = new Map<string, Resident>();
  #next = 1;
  #disposed = false;

  constructor(ort: OnnxRuntime) {
    this.#ort = ort;
    const { label } = builds[ort.build];
    const threads = ort.build === "webgpu" ? "" : `, ${ort.threads} thread${ort.threads === 1 ? "" : "s"}`;
    this.description = `ONNX Runtime ${ort.version}${label}${threads}`;
  }

  async load(program: Program): Promise<number> {
    this.#requireOpen();
    const id = this.#next++;
    const { traces } = this.#ort;
    const profiling = traces && { enableProfiling: true, profileFilePrefix: traces.prefix(id) };
    let session: Session;
    try {
      session = await this.#ort.InferenceSession.create(program.bytes, {
        executionProviders: [builds[this.#ort.build].provider],
        graphOptimizationLevel: "all",
        intraOpNumThreads: this.#ort.threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        // A pattern keeps one block for each shape of batch, beside what the arena holds already: 0.6 to 1 GB more.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...profiling,
        ...(this.#ort.build === "node" ? SHORT_SPIN : {}),
      });
    } catch (error) {
      throw new EngineError(`${this.description} refused the program "${program.name}": ${messageOf(error)}`);
    }
    // The bytes have served; only the ports are needed from here on.
    this.#programs.set(id, { program: { ...program, bytes: new Uint8Array(0) }, session });
    return id;
  }

  async unload(program: number): Promise<void> {
    const loaded = this.#programs.get(program);
    this.#programs.delete(program);
    await loaded?.session.release();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface serves engines elsewhere, too
  async allocate(name: string, dtype: Dtype, length: number): Promise<void> {
    this.#requireOpen();
    this.#free(name);
    const data = this.#ort.inPlace?.allocate(dtype, length) ?? allocate(dtype, length);
    this.#residents.set(name, { dtype, data, shape: [length], tensors: new Map(), allocated: true });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async write(name: string, data: HostData, offset = 0): Promise<void> {
    const resident = this.#resident(name);
    if (offset + data.length > resident.data.length) {
      throw new EngineError(
        `Writing ${data.length} elements at ${offset} into "${name}", which holds ${resident.data.length}.`,
      );
    }
    (resident.data as Float32Array).set(data as Float32Array, offset);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async read(name: string, offset?: number, length?: number): Promise<HostTensor> {
    const { dtype, data, shape } = this.#resident(name);
    if (offset === undefined) return { dtype, shape, data: data.slice() };
    const part = data.slice(offset, length === undefined ? undefined : offset + length);
    return { dtype, shape: [part.length], data: part };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async free(name: string): Promise<void> {
    this.#free(name);
  }

  #free(name: string): void {
    const resident = this.#residents.get(name);
    if (resident === undefined) return;
    for (const tensor of resident.tensors.values()) tensor.dispose();
    if (resident.allocated) this.#ort.inPlace?.free(resident.data);
    this.#residents.delete(name);
  }

  async run(calls: readonly Call[], feeds: Values = {}): Promise<Values> {
    this.#requireOpen();
    const fed = new Map<string, OrtTensor>();
    const results: Record<string, HostTensor> = {};
    for (const call of calls) {
      const loaded = this.#programs.get(call.program);
      if (loaded === undefined) throw new EngineError(`Program ${call.program} is not loaded, or was unloaded.`);
      try {
        await this.#call(loaded, call, feeds, fed, results);
      } catch (error) {
        if (error instanceof EngineError) throw error;
        throw new EngineError(`The program "${loaded.program.name}" failed: ${messageOf(error)}`);
      }
    }
    return results;
  }

  async #call(
    { program, session }: Loaded,
    call: Call,
    feeds: Values,
    fed: Map<string, OrtTensor>,
    results: Record<string, HostTensor>,
  ): Promise<void> {
    const inputs: Record<string, OrtTensor> = {};
    for (const port of program.inputs) inputs[port.name] = this.#input(program, port, call, feeds, fed);
    const wanted: Record<string, OrtTensor | null> = {};
    for (const port of program.outputs) {
      const view = call.bind?.[port.name];
      if (view !== undefined) wanted[port.name] = this.#ort.inPlace === undefined ? null : this.#tensor(view);
      else if (call.keep?.[port.name] !== undefined || call.fetch?.includes(port.name)) wanted[port.name] = null;
    }
    const outputs = await session.run(inputs, wanted);
    for (const port of program.outputs) {
      const output = outputs[port.name];
      const view = call.bind?.[port.name];
      if (output === undefined) continue;
      const kept = call.keep?.[port.name];
      if (view !== undefined) this.#store(view, output);
      else if (kept !== undefined) this.#keep(kept, port.dtype, output);
      if (call.fetch?.includes(port.name)) {
        // A copy: the caller's values must not change when the engine reuses its memory.
        const data = dataOf(output).slice();
        results[port.name] = { dtype: port.dtype, shape: output.dims, data };
      }
      if (view === undefined && kept === undefined) output.dispose();
    }
  }

  #input(program: Program, port: Port, call: Call, feeds: Values, fed: Map<string, OrtTensor>): OrtTensor {
    const view = call.bind?.[port.name];
    if (view !== undefined) return this.#tensor(view);
    const before = fed.get(port.name);
    if (before !== undefined) return before;
    const value = feeds[port.name];
    if (value === undefined) {
      throw new EngineError(`The program "${program.name}" needs ${port.name}: ${showType(port)}; it was not given.`);
    }
    const fits = value.dtype === port.dtype && value.shape.length === port.shape.length;
    if (!fits || value.shape.some((d, i) => typeof port.shape[i] === "number" && port.shape[i] !== d)) {
      throw new EngineError(
        `The program "${program.name}" needs ${port.name}: ${showType(port)}, and was given ${showType(value)}.`,
      );
    }
    const tensor = this.#wrap(value.dtype, value.data, value.shape);
    fed.set(port.name, tensor);
    return tensor;
  }

  #wrap(dtype: Dtype, data: HostData, shape: readonly number[]): OrtTensor {
    return new this.#ort.Tensor(dtype as never, data as never, shape);
  }

  #tensor({ resident: name, offset = 0, shape }: View): OrtTensor {
    const resident = this.#resident(name);
    const seen = shape ?? resident.shape;
    const key = `${offset}:${seen.join()}`;
    let tensor = resident.tensors.get(key);
    if (tensor === undefined) {
      const length = seen.reduce((product, d) => product * d, 1);
      if (offset + length > resident.data.length) {
        throw new EngineError(
          `"${name}" holds ${resident.data.length} elements; [${seen.join(", ")}] at ${offset} does not fit.`,
        );
      }
      tensor = this.#wrap(resident.dtype, resident.data.subarray(offset, offset + length), seen);
      resident.tensors.set(key, tensor);
    }
    return tensor;
  }

  /** Where outputs cannot be written in place, they are copied. */
  #store(view: View, output: OrtTensor): void {
    const target = this.#tensor(view);
    if (output.data !== target.data) (target.data as Float32Array).set(output.data as Float32Array);
  }

  #keep(name: string, dtype: Dtype, output: OrtTensor): void {
    this.#free(name);
    const tensors = new Map([[`0:${output.dims.join()}`, output]]);
    this.#residents.set(name, { dtype, data: dataOf(output), shape: output.dims, tensors, allocated: false });
  }

  #resident(name: string): Resident {
    const resident = this.#residents.get(name);
    if (resident === undefined) throw new EngineError(`The engine holds nothing under the name "${name}".`);
    return resident;
  }

  #requireOpen(): void {
    if (this.#disposed) throw new EngineError("This engine was disposed of. Make a new one.");
  }

  async profile(): Promise<readonly ProgramTimes[]> {
    this.#requireOpen();
    const { traces } = this.#ort;
    if (traces === undefined) throw new EngineError("This engine measures nothing. Open it with `profile`.");
    const times: ProgramTimes[] = [];
    for (const [id, { program, session }] of this.#programs) {
      session.endProfiling();
      times.push({ program: id, name: program.name, ...timesOf(await traces.read(id)) });
    }
    // A worker is ended without a word, so what lies on the disk goes now.
    await traces.remove();
    return times;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const id of [...this.#programs.keys()]) await this.unload(id);
    await this.#ort.traces?.remove();
    for (const name of [...this.#residents.keys()]) this.#free(name);
  }
}

/** 16-bit floats stay bit patterns, also where the language has an array for them. */
function dataOf({ type, data }: OrtTensor): HostData {
  const values = data as HostData;
  if (type !== "float16" || values instanceof Uint16Array) return values;
  return new Uint16Array(values.buffer, values.byteOffset, values.length);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
