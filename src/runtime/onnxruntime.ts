/** ONNX Runtime behind the engine interface: the same code over its Node build and its web build. */
import { EngineError } from "../errors/index.ts";
import type { Dtype } from "../graph/index.ts";
import type { HostData, HostTensor, Port, Program } from "../onnx/index.ts";
import type { Call, Engine, Precision, Values, View } from "./engine.ts";
import { feedFor, messageOf, Residents } from "./residents.ts";

/** A tensor of ONNX Runtime. Its own declarations are not named here: they need the DOM library. */
interface OrtTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** A program that ONNX Runtime has prepared. Outputs without a tensor are made by it. */
interface Session {
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** ONNX Runtime as a module, and what it can do here. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: object): Promise<Session>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
  readonly version: string;
  readonly build: "node" | "cuda" | "wasm";
  readonly threads: number;
}

interface Loaded {
  readonly program: Program;
  readonly session: Session;
}

/** Who executes, in the order of preference. CUDA leaves to the processor what it cannot do. */
const PROVIDERS = { node: ["cpu"], cuda: ["cuda", "cpu"], wasm: ["wasm"] } as const;

export class OnnxRuntimeEngine implements Engine {
  readonly description: string;
  readonly #ort: OnnxRuntime;
  readonly #programs = new Map<number, Loaded>();
  readonly #residents: Residents<OrtTensor>;
  #next = 1;
  #disposed = false;

  constructor(ort: OnnxRuntime) {
    this.#ort = ort;
    this.#residents = new Residents<OrtTensor>((...tensor) => this.#wrap(...tensor));
    const build = { node: "", cuda: " (CUDA)", wasm: " (WebAssembly)" }[ort.build];
    this.description = `ONNX Runtime ${ort.version}${build}, ${ort.threads} thread${ort.threads === 1 ? "" : "s"}`;
  }

  async load(program: Program): Promise<number> {
    this.#requireOpen();
    let session: Session;
    try {
      session = await this.#ort.InferenceSession.create(program.bytes, {
        executionProviders: PROVIDERS[this.#ort.build],
        graphOptimizationLevel: "all",
        intraOpNumThreads: this.#ort.threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        logSeverityLevel: 3,
      });
    } catch (error) {
      throw new EngineError(`${this.description} refused the program "${program.name}": ${messageOf(error)}`);
    }
    const id = this.#next++;
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
      if (view !== undefined) wanted[port.name] = this.#ort.build === "wasm" ? null : this.#residents.tensor(view);
      else if (call.keep?.[port.name] !== undefined || call.fetch?.includes(port.name)) wanted[port.name] = null;
    }
    const outputs = await session.run(inputs, wanted);
    for (const port of program.outputs) {
      const output = outputs[port.name];
      const view = call.bind?.[port.name];
      if (output === undefined) continue;
      if (view !== undefined) this.#store(view, output);
      const kept = call.keep?.[port.name];
      if (kept !== undefined) this.#keep(kept, port.dtype, output);
      if (call.fetch?.includes(port.name)) {
        // A copy: the caller's values must not change when the engine reuses its memory.
        const data = dataOf(output).slice();
        results[port.name] = { dtype: port.dtype, shape: output.dims, data };
      }
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

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const id of [...this.#programs.keys()]) await this.unload(id);
    this.#residents.clear();
  }
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
