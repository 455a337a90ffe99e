/** Any ONNX file: what it computes inside, and any inner tensor of it by name. */
import { InputError } from "../errors/index.ts";
import { dimension, type Dtype } from "../graph/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import {
  namesOf,
  toHostData,
  withOutputs,
  type DeclaredPort,
  type GraphNames,
  type HostTensor,
  type Port,
} from "../onnx/index.ts";
import { createEngine, type Engine, type EngineOptions, type Values } from "../runtime/index.ts";

/** A tensor that a node of a file's graph computes. */
export interface InnerTensor {
  readonly name: string;
  /** The op that computes it. */
  readonly op: string;
  /** As the file says; undefined where it does not. */
  readonly dtype: Dtype | undefined;
  readonly shape: DeclaredPort["shape"];
}

/** An ONNX file in an engine of its own, whoever wrote it. Dispose of it when done. */
export class OnnxFile {
  readonly names: GraphNames;
  readonly #engine: Engine;
  readonly #bytes: Uint8Array;
  readonly #beside: { readonly file: string; readonly pieces: readonly Uint8Array[] } | undefined;
  readonly #shown: string;

  private constructor(
    engine: Engine,
    shown: string,
    bytes: Uint8Array,
    beside?: { file: string; pieces: Uint8Array[] },
  ) {
    this.names = namesOf(bytes);
    this.#engine = engine;
    this.#shown = shown;
    this.#bytes = bytes;
    this.#beside = beside;
  }

  /**
   * Opens a file, with the file of weights beside it, if it names one. Throws InputError where it is no ONNX file, or
   * names several files of weights.
   */
  static async open(folder: ReadableFolder, path: string, options: EngineOptions = {}): Promise<OnnxFile> {
    const bytes = await folder.read(path);
    const { files } = namesOf(bytes);
    const [file] = files;
    if (files.length > 1) {
      throw new InputError(`${folder.describe(path)} has its weights in ${files.length} files; one is read here.`);
    }
    const around = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    const beside = file === undefined ? undefined : { file, pieces: [await folder.read(around + file)] };
    const engine = await createEngine({ engine: "onnxruntime", ...options });
    return new OnnxFile(engine, folder.describe(path), bytes, beside);
  }

  /** All tensors that its nodes compute, in their order. Those inside of branches and loops are not among them. */
  tensors(): InnerTensor[] {
    const { nodes, outputs, values } = this.names;
    const known = new Map([...values, ...outputs.map((port) => [port.name, port] as const)]);
    return nodes.flatMap(({ type, outputs: made }) =>
      made
        .filter((name) => name !== "")
        .map((name) => ({ name, op: type, dtype: known.get(name)?.dtype, shape: known.get(name)?.shape })),
    );
  }

  /**
   * What the named inputs are where only token ids are given: masks of ones, positions from 0, one segment, an empty
   * cache. Throws InputError that lists the inputs for which that does not say enough.
   */
  feedsFor(ids: readonly number[], given: Values = {}): Values {
    const missing: string[] = [];
    const entries = this.names.inputs.map(({ name, dtype, shape = [] }) => {
      const value = given[name] ?? usual(name, ids, shape);
      if (value === undefined) missing.push(`${name} ${dtype ?? "?"}[${shape.map((d) => d ?? "?").join(", ")}]`);
      return [name, value] as const;
    });
    if (missing.length > 0)
      throw new InputError(`${this.#shown} also reads ${missing.join(", ")}. Give what it is to be.`);
    return Object.fromEntries(entries) as Values;
  }

  /**
   * Runs it for any of its tensors: outputs or inner ones. Default: its outputs. 64-bit floats come as float32. Throws
   * InputError for a name that is not computed, and for an input of a type that Heed does not know.
   */
  async run(feeds: Values, names?: readonly string[]): Promise<Map<string, HostTensor>> {
    const wanted = names ?? this.names.outputs.map(({ name }) => name);
    const declared = new Set(this.names.outputs.map(({ name }) => name));
    const bytes = withOutputs(
      this.#bytes,
      wanted.filter((name) => !declared.has(name)),
    );
    const outputs = wanted.map((name) => ({ name, dtype: "float32" as const, shape: [] }));
    const inputs = this.names.inputs.map((port) => portOf(port, this.#shown));
    const id = await this.#engine.load({
      ...{ name: this.#shown, bytes, inputs, outputs },
      ...(this.#beside !== undefined && { beside: this.#beside }),
    });
    try {
      const found = await this.#engine.run([{ program: id, fetch: wanted }], feeds);
      return new Map(wanted.map((name) => [name, typed(found[name]!)]));
    } finally {
      await this.#engine.unload(id);
    }
  }

  async dispose(): Promise<void> {
    await this.#engine.dispose();
  }
}

function portOf({ name, dtype, shape = [] }: DeclaredPort, file: string): Port {
  if (dtype === undefined) throw new InputError(`${file}: the input "${name}" is of a type that Heed does not read.`);
  return { name, dtype, shape: shape.map((d) => (typeof d === "number" ? d : dimension("size"))) };
}

function usual(
  name: string,
  ids: readonly number[],
  shape: NonNullable<DeclaredPort["shape"]>,
): HostTensor | undefined {
  const row = (values: ArrayLike<number>): HostTensor => {
    return { dtype: "int64", shape: [1, values.length], data: toHostData("int64", values) };
  };
  if (/(^|_)input_ids$/.test(name)) return row(ids);
  if (name.endsWith("attention_mask")) return row(ids.map(() => 1));
  if (name === "token_type_ids") return row(ids.map(() => 0));
  if (name === "position_ids") return row(ids.map((_, i) => i));
  if (name === "use_cache_branch") return { dtype: "bool", shape: [1], data: new Uint8Array(1) };
  if (!name.startsWith("past_key_values")) return undefined;
  const sizes = shape.map((d, axis) => (typeof d === "number" ? d : axis === 0 ? 1 : 0));
  return { dtype: "float32", shape: sizes, data: new Float32Array(0) };
}

/** A result whose type the file need not say. */
function typed({ shape, data }: HostTensor): HostTensor {
  const values: unknown = data;
  if (values instanceof Float64Array) return { dtype: "float32", shape, data: Float32Array.from(values) };
  if (data instanceof BigInt64Array) return { dtype: "int64", shape, data };
  if (data instanceof Int32Array) return { dtype: "int32", shape, data };
  if (data instanceof Uint16Array) return { dtype: "float16", shape, data };
  if (data instanceof Uint8Array) return { dtype: "uint8", shape, data };
  return { dtype: "float32", shape, data };
}
