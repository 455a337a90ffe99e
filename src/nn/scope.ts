/**
 * What a model function sees while it is traced. A scope names parameters by their path, names inner tensors that a
 * caller may ask for, and knows what kind of program is being made. From one model function come all its programs.
 */
import { GraphError } from "../errors/index.ts";
import {
  addDimensions,
  concat,
  dimension,
  input,
  labeled,
  relabel,
  showShape,
  sized,
  type Dimension,
  type Tensor,
  type WeightLayout,
} from "../graph/index.ts";
import type { Random } from "../random/index.ts";

/** How a parameter is filled before training. `fanIn` and `fanOut` are the sizes of its last and first axis. */
export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  /** With `zeroRow`, that row of a table starts at zero: the padding token's. */
  | { readonly kind: "normal"; readonly deviation: number; readonly zeroRow?: number | undefined }
  | { readonly kind: "uniform"; readonly bound: number }
  /** Uniform within ±√(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, eq. 16). */
  | { readonly kind: "xavier" }
  /** A table that is computed. */
  | { readonly kind: "values"; readonly values: ArrayLike<number> };

/** A tensor that belongs to the model: its path, its shape and how it starts. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initializer;
  /** Whether training changes it; see `Scope.fixed`. */
  readonly trained: boolean;
  readonly tensor: Tensor;
}

/** The parameter's first values. The same generator gives the same values. */
export function initialValues(
  { shape, initial }: Pick<Parameter, "shape" | "initial">,
  generator: Random,
): Float32Array {
  const size = shape.reduce((product, d) => product * d, 1);
  const values = new Float32Array(size);
  const fan = (shape[0] ?? 1) + (shape.at(-1) ?? 1);
  const bound = initial.kind === "uniform" ? initial.bound : Math.sqrt(6 / fan);
  if (initial.kind === "zeros") return values;
  if (initial.kind === "ones") return values.fill(1);
  if (initial.kind === "values") return Float32Array.from(initial.values);
  if (initial.kind === "normal") {
    for (let i = 0; i < size; i++) values[i] = generator.normal() * initial.deviation;
    const [row, width] = [initial.zeroRow, shape.at(-1) ?? 1];
    return row === undefined ? values : values.fill(0, row * width, (row + 1) * width);
  }
  for (let i = 0; i < size; i++) values[i] = (2 * generator.uniform() - 1) * bound;
  return values;
}

/**
 * What kind of program is traced:
 * - `training`: dropout is on;
 * - `forward`: everything at once, dropout off;
 * - `prefill`: as forward, and what `append` and `once` saw becomes the cache (what `carry` gives goes out of all kinds);
 * - `step`: the cache comes in, one or more new positions are computed, the grown cache goes out.
 */
export type TraceKind = "training" | "forward" | "prefill" | "step";

/** A tensor of the cache: what comes in (in step programs) and what goes out. */
export interface CacheEntry {
  readonly name: string;
  readonly kind: "append" | "once" | "carry";
  readonly tensor: Tensor;
}

export interface TraceOptions {
  /**
   * In step programs: the past comes in with rows in another order and number, [before, heads, past, width], and an
   * input `reorder` (int32[batch]) says which of them each row goes on from. So a step moves beams and drops rows.
   */
  readonly reorder?: boolean;
  /** Numbers for names of sizes, for a program that serves these alone; or other names. */
  readonly sizes?: ReadonlyMap<string, Dimension> | undefined;
  /** Tensors in place of published ones, by their public names: what follows is computed from these. */
  readonly instead?: ReadonlyMap<string, (published: Tensor) => Tensor> | undefined;
  /** In step programs: what `once` gives, instead of an input. */
  readonly once?: ((name: string, value: Tensor) => Tensor) | undefined;
}

/**
 * What a caller changes about models that it traces, without their knowing: shared and frozen parameters, adapters, heads
 * that see a part of what the body computed. See `Scope.with`.
 */
export interface ScopeRules {
  /** The name of a parameter, by its path: models share parameters that get one name. */
  readonly rename?: ((path: string) => string) | undefined;
  /** Whether training changes a parameter, by its name. What a model itself keeps fixed stays so. */
  readonly trained?: ((name: string) => boolean) | undefined;
  /** The output of a linear layer, from its scope, its input, what it gives by itself, and how its weight lies. */
  readonly adapt?: ((scope: Scope, x: Tensor, y: Tensor, layout: WeightLayout) => Tensor) | undefined;
  /** The rows that an embedding gives, from its scope, the ids, those of its table, and how many its table has. */
  readonly adaptRows?: ((scope: Scope, ids: Tensor, rows: Tensor, count: number) => Tensor) | undefined;
  /** A tensor in place of a published one: what follows is computed from it. */
  readonly instead?: ((name: string, published: Tensor) => Tensor) | undefined;
  /** A tensor in place of an input of the model, by its name; undefined for what stays an input. */
  readonly given?: ((name: string) => Tensor | undefined) | undefined;
  /** Whether dropout acts where a trace trains. Default: true. */
  readonly dropout?: boolean | undefined;
  /** The name under which a tensor is published: two models of one trace publish the same names. */
  readonly publishAs?: ((name: string) => string) | undefined;
}

/** What one tracing of a model function collects. */
export class Trace {
  readonly kind: TraceKind;
  readonly reorder: boolean;
  readonly #sizes: ReadonlyMap<string, Dimension> | undefined;
  readonly instead: TraceOptions["instead"];
  readonly once: TraceOptions["once"];
  readonly parameters = new Map<string, Parameter>();
  readonly records = new Map<string, Tensor>();
  readonly cache = new Map<string, CacheEntry>();
  /** Inner tensors that a training with recomputation keeps, in the order of the forward pass. */
  readonly checkpoints: Tensor[] = [];
  /** How many streams of dropout masks the program draws. */
  dropoutStreams = 0;
  /** Which pools of masks it reads: input name to rate and width. */
  readonly dropoutPools = new Map<string, { readonly rate: number; readonly width: number }>();

  constructor(kind: TraceKind, { reorder = false, sizes, instead, once }: TraceOptions = {}) {
    this.kind = kind;
    this.reorder = reorder;
    this.#sizes = sizes;
    this.instead = instead;
    this.once = once;
  }

  /** Calls a model function with the outermost scope. Its nodes bear the path of the scope that was used last. */
  run<T>(model: (scope: Scope) => T): T {
    return labeled("", () => sized(this.#sizes, () => model(this.scope)));
  }

  /** The outermost scope. */
  get scope(): Scope {
    return new Scope(this, "");
  }
}

/** The axis of a cached tensor that grows: [batch, heads, time, width]. */
const TIME = 2;
const past = dimension("past");
const before = dimension("before");

/** A place in a model while it is traced: parameters, records and cache entries made here bear its path. */
export class Scope {
  readonly trace: Trace;
  readonly path: string;
  readonly #rules: readonly ScopeRules[];

  constructor(trace: Trace, path: string, rules: readonly ScopeRules[] = []) {
    this.trace = trace;
    this.path = path;
    this.#rules = rules;
  }

  /** The same place under further rules, which hold for all scopes below it. The last that were added apply first. */
  with(rules: ScopeRules): Scope {
    return new Scope(this.trace, this.path, [rules, ...this.#rules]);
  }

  /** Whether dropout acts here: in programs that train, unless a rule says otherwise. */
  get drops(): boolean {
    return this.trace.kind === "training" && this.#rules.every(({ dropout }) => dropout ?? true);
  }

  /** What a linear layer of this path gives, from its input `x` and the output `y` that it has by itself. */
  adapted(x: Tensor, y: Tensor, layout: WeightLayout = "out-in"): Tensor {
    return this.#rules.reduce((output, { adapt }) => adapt?.(this, x, output, layout) ?? output, y);
  }

  /** What an embedding of this path gives for `ids`, from the rows of its table, which has `count`. */
  adaptedRows(ids: Tensor, rows: Tensor, count: number): Tensor {
    return this.#rules.reduce((output, { adaptRows }) => adaptRows?.(this, ids, output, count) ?? output, rows);
  }

  /** The scope below, for example `scope.at("layers", 3)`. */
  at(...names: readonly (string | number)[]): Scope {
    const path = [this.path, ...names].filter((name) => name !== "").join(".");
    return new Scope(this.trace, path, this.#rules);
  }

  /**
   * Says that nodes belong to this path from here on, until another scope is used: names in the ONNX file, and places
   * in a profile. Parameters, records and cache entries say so by themselves.
   */
  enter(): this {
    relabel(this.path);
    return this;
  }

  #named(name: string): string {
    this.enter();
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /**
   * A trained tensor under this path; asking again for the same name gives the same tensor.
   * Throws GraphError where the name is taken by another shape.
   */
  parameter(name: string, shape: readonly number[], initial: Initializer): Tensor {
    return this.#held(name, shape, initial, true);
  }

  /**
   * A tensor under this path that training leaves as it is (PyTorch's buffers): kept with the parameters, read from
   * checkpoints where they have it, and written. Throws GraphError as `parameter` does.
   */
  fixed(name: string, shape: readonly number[], initial: Initializer = { kind: "zeros" }): Tensor {
    return this.#held(name, shape, initial, false).stopGradient();
  }

  #held(name: string, shape: readonly number[], initial: Initializer, trained: boolean): Tensor {
    const full = this.#rules.reduce((path, { rename }) => rename?.(path) ?? path, this.#named(name));
    const before = this.trace.parameters.get(full);
    if (before !== undefined) {
      if (before.shape.join() !== shape.join()) {
        throw new GraphError(
          `The parameter ${full} has the shape ${showShape(before.shape)}; a second use asks for ${showShape(shape)}.`,
        );
      }
      return before.tensor;
    }
    const tensor = input(full, "float32", shape);
    const free = this.#rules.every((rules) => rules.trained?.(full) ?? true);
    this.trace.parameters.set(full, { name: full, shape, initial, trained: trained && free, tensor });
    return tensor;
  }

  /** Names an inner tensor, so that any caller may ask for it as an output. Returns it. */
  record(name: string, tensor: Tensor): Tensor {
    this.trace.records.set(this.#named(name), tensor);
    return tensor;
  }

  /**
   * Names an inner tensor that all families have (`hiddenStates.3`, `attentions.0`), whatever the path it is made at.
   * Returns it.
   */
  publish(name: string, tensor: Tensor): Tensor {
    const shown = this.#rules.reduce((short, { publishAs }) => publishAs?.(short) ?? short, name);
    const given = this.trace.instead?.get(shown)?.(tensor) ?? tensor;
    const published = this.#rules.reduce((value, { instead }) => instead?.(name, value) ?? value, given);
    this.trace.records.set(shown, published);
    return published;
  }

  /** What a caller put in place of an input of this name; undefined where nobody did. */
  given(name: string): Tensor | undefined {
    for (const { given } of this.#rules) {
      const tensor = given?.(name);
      if (tensor !== undefined) return tensor;
    }
    return undefined;
  }

  /** Marks a tensor that a training with recomputation keeps: the end of a layer. Returns it. */
  checkpoint(tensor: Tensor): Tensor {
    this.trace.checkpoints.push(tensor);
    return tensor;
  }

  /** Joins the past with the present along the time axis in step programs (self-attention); elsewhere the identity. */
  append(name: string, present: Tensor): Tensor {
    const full = this.#named(name);
    let whole = present;
    if (this.trace.kind === "step") {
      const rows = this.trace.reorder ? before : present.dim(0);
      const shape = present.shape.map((d, axis) => (axis === 0 ? rows : axis === TIME ? past : d));
      let kept = input(`past.${full}`, present.dtype, shape);
      if (this.trace.reorder) kept = kept.gather(input("reorder", "int32", [present.dim(0)]));
      whole = concat([kept, present], TIME);
    }
    this.trace.cache.set(full, { name: full, kind: "append", tensor: whole });
    return whole;
  }

  /** Computes in the first program and reads afterwards (keys and values of the encoder's output). */
  once(name: string, value: Tensor): Tensor {
    const full = this.#named(name);
    const { kind, once: given } = this.trace;
    const read = (): Tensor => given?.(full, value) ?? input(`once.${full}`, value.dtype, value.shape);
    const tensor = kind === "step" ? read() : value;
    this.trace.cache.set(full, { name: full, kind: "once", tensor });
    return tensor;
  }

  /**
   * A memory of fixed length across segments (Dai et al. 2019, section 3.2): the last `length` positions that `present`
   * [batch, …, time, width] had in earlier calls. In programs of every kind it comes in as the input `memory.<path>`,
   * [batch, …, length, width], zeros at the start; what goes out are the last positions of memory and present together.
   * Returns what came in; no gradient goes beyond it.
   */
  carry(name: string, present: Tensor, length: number): Tensor {
    const full = this.#named(name);
    const axis = present.shape.length - 2;
    const [batch, time] = [present.dim(0), present.dim(axis)];
    const reorder = this.trace.kind === "step" && this.trace.reorder;
    const shape = present.shape.map((d, i) => (i === axis ? length : i === 0 && reorder ? before : d));
    let memory = input(`memory.${full}`, present.dtype, shape);
    if (reorder) memory = memory.gather(input("reorder", "int32", [batch]));
    const next = concat([memory, present], axis).slice(axis, time, addDimensions(time, length));
    this.trace.cache.set(full, { name: full, kind: "carry", tensor: next });
    return memory;
  }

  /** How many positions are already in the cache: 0 but in step programs. */
  get past(): Dimension {
    return this.trace.kind === "step" ? past : 0;
  }
}
