/** ONNX Runtime behind the engine interface: the same code over its Node build and its web build. */
import { EngineError } from "../errors/index.ts";
import type { Dtype } from "../graph/index.ts";
import { bytesOf, withConstants, type HostData, type HostTensor, type Port, type Program } from "../onnx/index.ts";
import type { Call, Engine, Located, Precision, ProgramTimes, Values, View } from "./engine.ts";
import { timesOf, type TraceFiles } from "./ort-trace.ts";
import { constantsOf, feedFor, messageOf, Residents, type Arrays } from "./residents.ts";

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
  readonly inPlace: Arrays | undefined;
  /** Where an array lies in the memory of the process, if the platform can tell. */
  readonly addressOf?: ((data: HostData) => Promise<bigint | undefined>) | undefined;
  /** Where traces go, if they are wanted and the platform has a place for them. */
  readonly traces?: TraceFiles | undefined;
}

/** Who executes in each build, in the order of preference, and how it is called. */
const builds = {
  node: { providers: ["cpu"], label: "" },
  // CUDA leaves to the processor what it cannot do.
  cuda: { providers: ["cuda", "cpu"], label: " (CUDA)" },
  wasm: { providers: ["wasm"], label: " (WebAssembly)" },
  webgpu: { providers: ["webgpu"], label: " (WebGPU)" },
} as const;

interface Loaded {
  readonly program: Program;
  readonly session: Session;
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
  readonly #residents: Residents<OrtTensor>;
  #next = 1;
  #disposed = false;

  constructor(ort: OnnxRuntime) {
    this.#ort = ort;
    this.#residents = new Residents<OrtTensor>(
      (...tensor) => this.#wrap(...tensor),
      (tensor) => {
        tensor.dispose();
      },
      ort.inPlace,
    );
    const threads = ort.build === "webgpu" ? "" : `, ${ort.threads} thread${ort.threads === 1 ? "" : "s"}`;
    this.description = `ONNX Runtime ${ort.version}${builds[ort.build].label}${threads}`;
  }

  async load(program: Program, constants: Readonly<Record<string, View>> = {}): Promise<number> {
    this.#requireOpen();
    const id = this.#next++;
    const { bytes, files } = this.#withConstants(program, constants);
    const { traces } = this.#ort;
    const profiling = traces && { enableProfiling: true, profileFilePrefix: traces.prefix(id) };
    let session: Session;
    try {
      session = await this.#ort.InferenceSession.create(bytes, {
        executionProviders: builds[this.#ort.build].providers,
        graphOptimizationLevel: "all",
        intraOpNumThreads: program.serial === true ? 1 : this.#ort.threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        // A pattern keeps one block for each shape of batch, beside what the arena holds already: 0.6 to 1 GB more.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(files.length > 0 && { externalData: files }),
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

  /** The native builds read large constants from where they lie; elsewhere they become part of the model. */
  #withConstants(
    program: Program,
    views: Readonly<Record<string, View>>,
  ): { bytes: Uint8Array; files: { path: string; data: Uint8Array }[] } {
    const { beside } = program;
    const own = beside === undefined ? [] : [{ path: beside.file, data: joined(beside.pieces) }];
    if (program.constants === undefined) return { bytes: program.bytes, files: own };
    const native = this.#ort.build === "node" || this.#ort.build === "cuda";
    const placeOf = (file: string): { file: string; offset: bigint } => ({ file, offset: 0n });
    const constants = constantsOf(program, views, this.#residents, native ? placeOf : undefined);
    const names = new Set(constants.flatMap(({ place }) => (place === undefined ? [] : [place.file])));
    const files = [...names].map((path) => ({ path, data: bytesOf(this.#residents.whole(path).data) }));
    return { bytes: withConstants(program.bytes, constants), files: [...own, ...files] };
  }

  async unload(program: number): Promise<void> {
    const loaded = this.#programs.get(program);
    this.#programs.delete(program);
    await loaded?.session.release();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface serves engines elsewhere, too
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

  async locate(name: string): Promise<Located | undefined> {
    const { data } = this.#residents.whole(name);
    const address = await this.#ort.addressOf?.(data);
    return address === undefined ? undefined : { address, length: data.length };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async free(name: string): Promise<void> {
    this.#residents.free(name);
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
      if (view !== undefined) wanted[port.name] = this.#ort.inPlace === undefined ? null : this.#residents.tensor(view);
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
    if (view !== undefined) return this.#residents.tensor(view);
    const before = fed.get(port.name);
    if (before !== undefined) return before;
    const value = feedFor(program, port, feeds);
    const tensor = this.#wrap(value.dtype, value.data, value.shape);
    fed.set(port.name, tensor);
    return tensor;
  }

  #wrap(dtype: Dtype, data: HostData, shape: readonly number[]): OrtTensor {
    return new this.#ort.Tensor(dtype as never, data as never, shape);
  }

  /** Where outputs cannot be written in place, they are copied. */
  #store(view: View, output: OrtTensor): void {
    const target = this.#residents.tensor(view);
    if (output.data !== target.data) (target.data as Float32Array).set(output.data as Float32Array);
  }

  #keep(name: string, dtype: Dtype, output: OrtTensor): void {
    this.#residents.put(name, { dtype, data: dataOf(output), shape: output.dims }, output);
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
    this.#residents.clear();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** 16-bit floats stay bit patterns, also where the language has an array for them. */
function dataOf({ type, data }: OrtTensor): HostData {
  const values = data as HostData;
  if (type !== "float16" || values instanceof Uint16Array) return values;
  return new Uint16Array(values.buffer, values.byteOffset, values.length);
}

/** ONNX Runtime computes in the numbers that a program is written in. Throws EngineError where less is asked for. */
export function requireFp32(precision: Precision): void {
  if (precision === "fp32") return;
  throw new EngineError(
    `ONNX Runtime does not compute in ${precision} here: leave the precision at fp32, or install OpenVINO, which does ` +
      `on processors with AVX-512 (see "heed doctor").`,
  );
}
