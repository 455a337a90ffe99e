/** A model inside an engine: an architecture with its parameters, run on named inputs for any of its tensors. */
import { CheckpointError, InputError, nearest } from "../errors/index.ts";
import { rewrite, rowRules, type Tensor } from "../graph/index.ts";
import { neededInputs, traceOf, type Architecture, type InputType } from "../models/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import { lower, type HostTensor, type LowerOptions, type Program } from "../onnx/index.ts";
import type { Checkpoint } from "./open.ts";
import type { Call, Engine, Values } from "../runtime/index.ts";

/** Which tensors a run gives back. */
export interface RunOptions {
  /**
   * Names of outputs and records: `logits`, `hiddenStates.0`, `bert.encoder.layer.1.attention.self.attention`; or a
   * pattern. Default: what the head computes.
   */
  readonly outputs?: readonly string[] | RegExp | undefined;
}

/** What a run asked for, by name. */
export type Results = ReadonlyMap<string, HostTensor>;

interface Loaded {
  readonly call: Call;
  readonly ports: ReadonlyMap<string, string>;
}

/** An opened model. Dispose of it when done. */
export class Model {
  readonly architecture: Architecture;
  readonly parameters: ModelParameters;
  readonly engine: Engine;
  /** By what goes in and what comes out; with the parameters as they were before any training inside, or outside. */
  readonly #programs = new Map<string, { readonly inside: boolean; readonly loading: Promise<Loaded> }>();
  /** The program of a large model that has the parameters inside. */
  #prepared: string | undefined;

  /** The folder that the model came from, and its settings; undefined for one with fresh parameters. */
  readonly checkpoint: Checkpoint | undefined;

  constructor(architecture: Architecture, parameters: ModelParameters, checkpoint?: Checkpoint) {
    this.architecture = architecture;
    this.checkpoint = checkpoint;
    this.parameters = parameters;
    this.engine = parameters.engine;
  }

  /** The names of all tensors that a run on these inputs can give, in the order in which they are computed. */
  outputNames(given: Iterable<string> = neededInputs(this.architecture)): string[] {
    return [...this.#tensors(given).keys()];
  }

  /**
   * Computes outputs and inner tensors from inputs by Hugging Face's names in camelCase (`inputIds`), without dropout.
   * Whole numbers may come as any dtype. Throws InputError for a name that is no input or is not computed.
   */
  async run(inputs: Values, { outputs }: RunOptions = {}): Promise<Results> {
    const feeds = this.feeds(inputs);
    const asked = outputs instanceof RegExp ? String(outputs) : (outputs?.join(" ") ?? "");
    const key = [...Object.keys(feeds).sort(), "→", asked].join(" ");
    const { call, ports } = await this.#loaded(key, Object.keys(feeds), outputs);
    const values = await this.engine.run([call], feeds);
    return new Map([...ports].map(([name, port]) => [name, values[port]!]));
  }

  /** Inputs in the dtypes of the programs. Throws InputError for a name that the model does not read. */
  feeds(inputs: Values): Values {
    return feedsOf(this.architecture, inputs);
  }

  async dispose(): Promise<void> {
    await this.engine.dispose();
  }

  /** The program for a key; loaded again where parameters that are inside have changed. */
  #loaded(key: string, given: readonly string[], names: RunOptions["outputs"]): Promise<Loaded> {
    const { small, version } = this.parameters;
    const before = this.#programs.get(key);
    if (before !== undefined && !(before.inside && version > 0)) return before.loading;
    // Who trains runs a model after each change, and would have to load it again; of a large one one copy must do.
    const inside = version === 0 && (small || (this.#prepared ??= key) === key);
    const loading = this.#load(inside, given, names);
    this.#programs.set(key, { inside, loading });
    loading.catch(() => this.#programs.delete(key));
    before?.loading.then(({ call }) => this.engine.unload(call.program)).catch(() => undefined);
    return loading;
  }

  async #load(inside: boolean, given: readonly string[], names: RunOptions["outputs"]): Promise<Loaded> {
    const chosen = this.#choose(this.#tensors(given), names, given);
    const ports = new Map([...chosen.keys()].map((name) => [name, `output ${name}`]));
    const outputs = Object.fromEntries([...chosen].map(([name, tensor]) => [ports.get(name)!, tensor]));
    const rewritten = rewrite(Object.values(outputs), rowRules).map((tensor, i) => [Object.keys(outputs)[i]!, tensor]);
    const make = (options: LowerOptions): Program =>
      lower(this.architecture.className, Object.fromEntries(rewritten) as Record<string, Tensor>, options);
    const { id, bind } = (await this.parameters.load(make, { inside }))!;
    return { call: { program: id, bind, fetch: [...ports.values()] }, ports };
  }

  #tensors(given: Iterable<string>): Map<string, Tensor> {
    const { trace, outputs } = traceOf(this.architecture, given);
    return new Map([...trace.records, ...Object.entries(outputs)]);
  }

  #choose(
    tensors: ReadonlyMap<string, Tensor>,
    names: RunOptions["outputs"],
    given: Iterable<string>,
  ): Map<string, Tensor> {
    if (names === undefined) return new Map(Object.entries(traceOf(this.architecture, given).outputs));
    const chosen = names instanceof RegExp ? [...tensors.keys()].filter((name) => name.search(names) >= 0) : names;
    return new Map(
      chosen.map((name) => {
        const tensor = tensors.get(name);
        if (tensor !== undefined) return [name, tensor];
        const near = nearest(name, [...tensors.keys()]);
        throw new InputError(
          `${this.architecture.className} computes nothing named "${name}" from ${[...given].join(", ")}.` +
            (near === undefined ? "" : ` Did you mean "${near}"?`),
        );
      }),
    );
  }
}

/**
 * Inputs in the dtypes of the programs; options that are false are left out. Throws InputError for a name that the model
 * does not read, and for another shape than it reads.
 */
export function feedsOf(architecture: Architecture, inputs: Values): Values {
  const { inputs: known, className } = architecture;
  const names = Object.keys(inputs).filter(
    (name) => known[name]?.option !== true || Number(inputs[name]!.data[0]) !== 0,
  );
  const types = architecture.inputsWith(new Set(names));
  const entries = names.map((name) => {
    const [value, type] = [inputs[name]!, types[name]];
    if (type === undefined) {
      const near = nearest(name, Object.keys(known));
      const hint = near === undefined ? `Its inputs are ${Object.keys(known).join(", ")}.` : `Did you mean "${near}"?`;
      throw new InputError(`${className} does not read an input "${name}". ${hint}`);
    }
    requireShape(architecture, name, value.shape, type);
    return [name, converted(value, type.dtype)] as const;
  });
  return Object.fromEntries(entries);
}

function requireShape(
  { className, inputs }: Architecture,
  name: string,
  shape: readonly number[],
  { shape: expected }: InputType,
): void {
  const fits =
    shape.length === expected.length && expected.every((size, i) => size === shape[i] || isNaN(Number(size)));
  if (fits) return;
  const options = Object.keys(inputs).filter((other) => inputs[other]!.option === true);
  const hint = options.length === 0 ? "" : ` With an option (${options.join(", ")}) it may be another.`;
  throw new InputError(
    `${className}: "${name}" has the shape [${shape.join(", ")}]; expected [${expected.join(", ")}].${hint}`,
  );
}

/** The same numbers in another dtype. Throws CheckpointError for one that inputs cannot have. */
function converted(value: HostTensor, dtype: HostTensor["dtype"]): HostTensor {
  if (value.dtype === dtype) return value;
  if (dtype === "int32") return { dtype, shape: value.shape, data: Int32Array.from(value.data, Number) };
  if (dtype === "float32") return { dtype, shape: value.shape, data: Float32Array.from(value.data, Number) };
  if (dtype === "bool") return { dtype, shape: value.shape, data: Uint8Array.from(value.data, Number) };
  throw new CheckpointError(`An input of ${value.dtype} cannot be read as ${dtype}.`);
}
