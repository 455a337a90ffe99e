/** Parameters inside an engine: one flat resident, and where in it each parameter lies. */
import { CheckpointError, nearest } from "../errors/index.ts";
import {
  roundedParts,
  type HostTensor,
  type LowerOptions,
  type Port,
  type Program,
  type Quantization,
  type RoundedWeight,
} from "../onnx/index.ts";
import { random } from "../random/index.ts";
import type { Engine, View } from "../runtime/index.ts";
import { initialValues, type Parameter } from "./scope.ts";
import { requireMatch } from "./weight-names.ts";

/** Where a parameter lies in the flat resident. */
export interface Place {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * The places of all parameters. Matrices come first: they are what weight decay acts on; biases and norms follow, and
 * last what is not trained.
 */
export interface Layout {
  readonly places: ReadonlyMap<string, Place>;
  /** Elements in all, gaps included. */
  readonly size: number;
  /** Where the parameters that do not decay begin. */
  readonly decayed: number;
  /** Where those begin that are not trained: gradients and the optimizer's state end here. */
  readonly trained: number;
}

/** Places begin at multiples of 64 bytes, so that vector loads are aligned. */
const ALIGNMENT = 16;

/** Lays parameters out in one flat resident. */
export function layoutOf(parameters: readonly Pick<Parameter, "name" | "shape" | "trained">[]): Layout {
  const places = new Map<string, Place>();
  let size = 0;
  const place = (parameter: Pick<Parameter, "name" | "shape">): void => {
    const length = parameter.shape.reduce((product, d) => product * d, 1);
    places.set(parameter.name, { offset: size, shape: parameter.shape, size: length });
    size += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  };
  const learned = parameters.filter(({ trained }) => trained);
  learned.filter(({ shape }) => shape.length >= 2).forEach(place);
  const decayed = size;
  learned.filter(({ shape }) => shape.length < 2).forEach(place);
  const trained = size;
  parameters.filter((parameter) => !parameter.trained).forEach(place);
  return { places, size, decayed, trained };
}

/** The resident that parameters lie in. */
export const PARAMETERS = "parameters";

/** Parameters of a small model: 64 MB. */
const SMALL = 2 ** 24;

/** A program inside the engine, with what of it lies outside bound. */
export interface LoadedProgram {
  readonly id: number;
  readonly program: Omit<Program, "bytes">;
  readonly bind: Readonly<Record<string, View>>;
}

/** The trained values of a model, held by an engine. */
export class ModelParameters {
  readonly engine: Engine;
  readonly specs: readonly Parameter[];
  readonly layout: Layout;
  /**
   * In how many bits the programs that `load` loads have their weights; they are always inside then, as they are at that
   * time. For models that are used and not trained. Default: all.
   */
  quantize: Quantization | undefined;
  /**
   * Parameters that are exchanged while programs stay loaded: bound even where the others lie inside, and new values of
   * them alone leave the programs as they are. Default: none.
   */
  exchanged: ReadonlySet<string> = new Set();
  #version = 0;
  /** Residents with what is made from weights, and of which version. */
  readonly #roundedAt = new Map<string, number>();

  private constructor(engine: Engine, specs: readonly Parameter[]) {
    this.engine = engine;
    this.specs = specs;
    this.layout = layoutOf(specs);
  }

  /**
   * Fresh parameters. The same seed gives the same values for a name, whatever else the model has. `like`: for the name of
   * a parameter, another in whose place it is drawn; see `queriesLikeKeys`.
   */
  static async initialize(
    engine: Engine,
    specs: readonly Parameter[],
    seed: number,
    like: ReadonlyMap<string, string> = new Map(),
  ): Promise<ModelParameters> {
    const parameters = await ModelParameters.#allocate(engine, specs);
    for (const spec of specs) {
      await engine.write(
        PARAMETERS,
        initialValues(spec, random(seed, "parameters", like.get(spec.name) ?? spec.name)),
        parameters.layout.places.get(spec.name)!.offset,
      );
    }
    return parameters;
  }

  /**
   * Parameters with given values. Throws CheckpointError that lists by name what is missing, extra or of another shape.
   */
  static async fromValues(
    engine: Engine,
    specs: readonly Parameter[],
    values: ReadonlyMap<string, HostTensor>,
  ): Promise<ModelParameters> {
    requireMatch(specs, values);
    return ModelParameters.fromStream(engine, specs, values);
  }

  /**
   * As `fromValues`, for values that come one after the other: each is inside the engine before the next is asked for.
   */
  static async fromStream(
    engine: Engine,
    specs: readonly Parameter[],
    values: Iterable<readonly [string, HostTensor]> | AsyncIterable<readonly [string, HostTensor]>,
  ): Promise<ModelParameters> {
    const parameters = await ModelParameters.#allocate(engine, specs);
    const types = new Map<string, Pick<HostTensor, "dtype" | "shape">>();
    for await (const [name, { dtype, shape, data }] of values) {
      const place = parameters.layout.places.get(name);
      types.set(name, { dtype, shape });
      if (place?.size === data.length) await engine.write(PARAMETERS, data, place.offset);
    }
    requireMatch(specs, types);
    return parameters;
  }

  static async #allocate(engine: Engine, specs: readonly Parameter[]): Promise<ModelParameters> {
    const parameters = new ModelParameters(engine, specs);
    const { places, size } = parameters.layout;
    await engine.allocate(PARAMETERS, "float32", size);
    // What is not trained may be absent from values, and then has its first ones.
    for (const spec of specs.filter(({ trained }) => !trained)) {
      await engine.write(PARAMETERS, initialValues(spec, random(0, spec.name)), places.get(spec.name)!.offset);
    }
    return parameters;
  }

  /** Another number whenever the values may be other ones: who keeps a copy of them must look. */
  get version(): number {
    return this.#version;
  }

  /** Says that the values inside the engine were changed. */
  changed(): void {
    this.#version++;
  }

  /** Views for those ports of a program that are named after parameters, each behind an optional prefix. */
  bind(ports: Program["inputs"], { resident = PARAMETERS, prefix = "" } = {}): Record<string, View> {
    return viewsOf(this.layout, ports, resident, prefix);
  }

  /**
   * Loads a program that reads the parameters. Inside of it they are constants with the values of now: engines prepare
   * weights that cannot change, which makes programs of few rows twice as fast, and takes memory for a copy. Elsewhere
   * they are bound. Gives undefined where there is no program.
   */
  async load(
    make: (options: Pick<LowerOptions, "constants" | "quantize">) => Program | undefined,
    { resident = PARAMETERS, inside = false } = {},
  ): Promise<LoadedProgram | undefined> {
    const { quantize } = this;
    const program = make(inside || quantize !== undefined ? { constants: this.#inside(), quantize } : {});
    if (program === undefined) return undefined;
    const { name, inputs, outputs, constants = [], rounded = new Map<string, RoundedWeight>() } = program;
    const views = { ...this.bind(constants, { resident }), ...(await this.#rounded(constants, rounded, resident)) };
    const id = await this.engine.load(program, views);
    return { id, program: { name, inputs, outputs }, bind: this.bind(inputs, { resident }) };
  }

  /** What may lie inside of programs. */
  #inside(): ReadonlyMap<string, Place> {
    const { places } = this.layout;
    return this.exchanged.size === 0 ? places : new Map([...places].filter(([name]) => !this.exchanged.has(name)));
  }

  /** Residents with what is made from weights, each once for all programs; made anew where the weights have changed. */
  async #rounded(
    constants: readonly Port[],
    rounded: ReadonlyMap<string, RoundedWeight>,
    resident: string,
  ): Promise<Record<string, View>> {
    const views: Record<string, View> = {};
    for (const { name, shape } of constants) {
      const weight = rounded.get(name);
      if (weight === undefined) continue;
      const own = `${resident} ${name}`;
      if (this.#roundedAt.get(own) !== this.version) await this.#round(weight, rounded, resident);
      views[name] = { resident: own, shape: shape as readonly number[] };
    }
    return views;
  }

  /** Makes all that is stored of one weight. */
  async #round(weight: RoundedWeight, known: ReadonlyMap<string, RoundedWeight>, resident: string): Promise<void> {
    const { offset, size, shape } = this.layout.places.get(weight.from)!;
    const { data } = await this.engine.read(resident, offset, size);
    const parts = roundedParts({ dtype: "float32", shape, data }, weight);
    for (const [name, { from, transposed, part }] of known) {
      const value = from === weight.from && transposed === weight.transposed ? parts[part] : undefined;
      if (value === undefined) continue;
      const own = `${resident} ${name}`;
      await this.engine.allocate(own, value.dtype, value.data.length);
      await this.engine.write(own, value.data);
      this.#roundedAt.set(own, this.version);
    }
  }

  /** Whether several copies of all parameters are no burden. */
  get small(): boolean {
    return this.layout.size <= SMALL;
  }

  /** A copy of all values, by name. */
  async read(resident = PARAMETERS): Promise<Map<string, HostTensor>> {
    const { data } = await this.engine.read(resident);
    return unflatten(this.layout, data as Float32Array);
  }

  /** Where a parameter lies. Throws CheckpointError for a name that there is not. */
  placeOf(name: string): Place {
    const place = this.layout.places.get(name);
    if (place !== undefined) return place;
    const near = nearest(name, [...this.layout.places.keys()]);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new CheckpointError(`There is no parameter "${name}".${hint}`);
  }

  /** A copy of a parameter's values, or of `count` of them from the place `first` on. Throws as `placeOf` does. */
  async readOne(name: string, first = 0, count?: number): Promise<Float32Array> {
    const { offset, size } = this.placeOf(name);
    const { data } = await this.engine.read(PARAMETERS, offset + first, Math.min(count ?? size, size - first));
    return data as Float32Array;
  }

  /** Replaces some values, by name. Throws CheckpointError for a name or a shape that is not here. */
  async update(values: ReadonlyMap<string, HostTensor>): Promise<void> {
    requireMatch(
      this.specs.filter(({ name }) => values.has(name)),
      values,
    );
    for (const [name, { data }] of values) {
      await this.engine.write(PARAMETERS, data, this.layout.places.get(name)!.offset);
    }
    if (![...values.keys()].every((name) => this.exchanged.has(name))) this.changed();
  }

  /** Replaces all values. */
  async write(values: ReadonlyMap<string, HostTensor>, resident = PARAMETERS): Promise<void> {
    requireMatch(this.specs, values);
    for (const [name, value] of values) {
      await this.engine.write(resident, value.data, this.layout.places.get(name)!.offset);
    }
    this.changed();
  }
}

/** Views of a flat resident for the ports whose names, without the prefix, are parameters. */
export function viewsOf(layout: Layout, ports: Program["inputs"], resident: string, prefix = ""): Record<string, View> {
  const views: Record<string, View> = {};
  for (const port of ports) {
    const place = port.name.startsWith(prefix) ? layout.places.get(port.name.slice(prefix.length)) : undefined;
    if (place !== undefined) views[port.name] = { resident, offset: place.offset, shape: place.shape };
  }
  return views;
}

/** Parts of a flat array by parameter name, without a copy. */
export function unflatten(layout: Layout, flat: Float32Array): Map<string, HostTensor> {
  const values = new Map<string, HostTensor>();
  for (const [name, { offset, shape, size }] of layout.places) {
    values.set(name, { dtype: "float32", shape, data: flat.subarray(offset, offset + size) });
  }
  return values;
}

/** The name of the first tensor that holds a value which is not a finite number; undefined where none does. */
export function firstNotFinite(values: ReadonlyMap<string, Pick<HostTensor, "data">>): string | undefined {
  for (const [name, { data }] of values) {
    if (!(data instanceof Float32Array)) continue;
    // Zero times anything finite is zero: the sum stays so unless a value is not finite.
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i]! * 0;
    if (sum !== 0) return name;
  }
  return undefined;
}
