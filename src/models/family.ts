/**
 * What a family of models is: how its config is read, and its heads by the class names that Hugging Face gives them.
 * A family is one file of this folder and one line of `registry.ts`.
 */
import { ConfigError, GraphError } from "../errors/index.ts";
import { addDimensions, dimension, input, type Dimension, type Dtype, type Tensor } from "../graph/index.ts";
import { Trace, type NameRules, type Parameter, type Scope, type TraceKind, type TraceOptions } from "../nn/index.ts";
import type { ConfigJson, ConfigReader } from "./config-fields.ts";

/** What a head is for; it decides what `open` returns. */
export const modelTasks = [
  "features",
  "masked-lm",
  "causal-lm",
  "conditional-generation",
  "sequence-classification",
  "token-classification",
  "question-answering",
  "multiple-choice",
  "next-sentence",
  "pre-training",
  "image-classification",
  "masked-image",
  "image-text",
] as const;
export type ModelTask = (typeof modelTasks)[number];

/** A size of an input: a number, or a name. Of `past + NAME`, the past counts in step programs. */
export type InputSize = number | string;

/** One input of a head. */
export interface InputType<Needed extends boolean = boolean> {
  readonly dtype: Dtype;
  readonly shape: readonly InputSize[];
  readonly needed: Needed;
  /** Another input, without which this one is needed after all. */
  readonly unless?: string;
  /** Whether it chooses what is computed: see `option`. */
  readonly option?: true;
}

/** An input without which nothing is computed. */
export const needed = (dtype: Dtype, ...shape: readonly InputSize[]): InputType<true> => {
  return { dtype, shape, needed: true };
};
/** An input that may be left out. */
export const maybe = (dtype: Dtype, ...shape: readonly InputSize[]): InputType<false> => {
  return { dtype, shape, needed: false };
};
/** An input that is needed where another one is not given. */
export const neededUnless = (other: string, dtype: Dtype, ...shape: readonly InputSize[]): InputType<false> => {
  return { dtype, shape, needed: false, unless: other };
};

/** An argument that is true or false: programs where it is given and true are other programs, which do not read it. */
export const option = (): InputType<false> => {
  return { dtype: "bool", shape: [], needed: false, option: true };
};

/** Inputs by Hugging Face's names in camelCase. */
export type InputTypes = Readonly<Record<string, InputType>>;
/** The tensors of the inputs that were given. */
export type InputTensors<I extends InputTypes> = {
  readonly [K in keyof I as I[K] extends InputType<true> ? K : never]: Tensor;
} & {
  readonly [K in keyof I as I[K] extends InputType<true> ? never : K]?: Tensor | undefined;
};
/** What a head computes, by Hugging Face's names in camelCase; what cannot be computed from the inputs is undefined. */
export type Outputs = Readonly<Record<string, Tensor | undefined>>;

/** A body with its output layers, for one task. */
export interface Head<C, I extends InputTypes = InputTypes> {
  readonly task: ModelTask;
  /** What it reads; shapes may follow the config and the options that are given. */
  readonly inputs: I | ((config: C, given: ReadonlySet<string>) => I);
  readonly compute: (scope: Scope, config: C, inputs: InputTensors<I>) => Outputs;
  /** What of the family's names is different with this head. */
  readonly names?: (config: C) => NameRules;
}

/** A head whose function sees exactly the inputs that it declares. */
export function head<C>(): <I extends InputTypes>(made: Head<C, I>) => Head<C> {
  return (made) => made as unknown as Head<C>;
}

/** All that is particular to a family. */
export interface FamilyParts<C> {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly config: ConfigReader<C>;
  readonly heads: Readonly<Record<string, Head<C>>>;
  /** How names of a file relate to those of the parameters. */
  readonly names?: (config: C) => NameRules;
  /** The longest text, in tokens; undefined where there is no limit. Default: the config's `maxPositions`. */
  readonly longest?: (config: C) => number | undefined;
  /** The config where a file holds an output layer with other values than the table of embeddings that it is tied to. */
  readonly untied?: (config: C) => C;
  /** Published sizes by name. */
  readonly presets?: Readonly<Record<string, Partial<C>>>;
}

/** A family whose config's type is not known. */
export interface Family {
  readonly modelType: string;
  readonly presets: readonly string[];
  /** Class names with their tasks. */
  readonly heads: Readonly<Record<string, ModelTask>>;
  /** A head at the size that config.json says. Throws ConfigError for what cannot be honored. */
  fromJson(json: ConfigJson, className: string, where: string): Architecture;
  /** A head at a published size, without weights. */
  fromPreset(preset: string, className: string): Architecture;
}

/** A head of a family at one size: what everything that opens, runs, trains or saves models works with. */
export interface Architecture {
  readonly modelType: string;
  readonly className: string;
  readonly task: ModelTask;
  readonly config: Readonly<Record<string, unknown>>;
  readonly names: NameRules;
  /** What it reads where no option is given. */
  readonly inputs: InputTypes;
  /** What it reads together with the named ones: the same names, maybe with other shapes. */
  inputsWith(given: ReadonlySet<string>): InputTypes;
  /** The longest text, in tokens; undefined where there is no limit. */
  readonly longest: number | undefined;
  /** What the head computes from the named inputs, which become inputs of the program. The needed ones must be there. */
  compute(scope: Scope, given: Iterable<string>): Record<string, Tensor>;
  /** The same with an output layer of its own; undefined where the family has none. */
  untied(): Architecture | undefined;
  /** The keys of config.json; those of the original stay where they say the same. */
  toJson(original?: ConfigJson): Record<string, unknown>;
}

/** A family in the form in which the registry holds it. */
export function family<C>(parts: FamilyParts<C>): Family {
  const { modelType, config, heads, presets = {} } = parts;
  const withHead = (className: string): Head<C> => {
    const found = heads[className];
    if (found !== undefined) return found;
    throw new ConfigError(
      `${modelType} has no class "${className}" here. The classes are ${Object.keys(heads).join(", ")}.`,
    );
  };
  return {
    modelType,
    presets: Object.keys(presets),
    heads: Object.fromEntries(Object.entries(heads).map(([name, { task }]) => [name, task])),
    fromJson: (json, className, where) => {
      const made = withHead(className);
      return architecture(parts, className, made, config.read({ ...json }, where));
    },
    fromPreset: (preset, className) =>
      architecture(parts, className, withHead(className), config.make(presets[preset] ?? {})),
  };
}

function architecture<C>(parts: FamilyParts<C>, className: string, made: Head<C>, config: C): Architecture {
  const inputsWith = (given: ReadonlySet<string>): InputTypes =>
    typeof made.inputs === "function" ? made.inputs(config, given) : made.inputs;
  const names = { ...parts.names?.(config), ...made.names?.(config) };
  return {
    modelType: parts.modelType,
    className,
    task: made.task,
    config: config as Readonly<Record<string, unknown>>,
    names,
    inputs: inputsWith(new Set()),
    inputsWith,
    longest: longestOf(parts, config),
    compute: (scope, given) => {
      const names = new Set(given);
      const tensors = declare(scope, inputsWith(names), names, className);
      const outputs = made.compute(scope, config, tensors);
      return Object.fromEntries(Object.entries(outputs).flatMap(([name, x]) => (x === undefined ? [] : [[name, x]])));
    },
    untied: () => (parts.untied === undefined ? undefined : architecture(parts, className, made, parts.untied(config))),
    toJson: (original) => {
      const json = parts.config.write(config, original);
      return { ...json, architectures: [className], model_type: parts.modelType };
    },
  };
}

function longestOf<C>({ longest }: FamilyParts<C>, config: C): number | undefined {
  if (longest !== undefined) return longest(config);
  const { maxPositions } = config as { readonly maxPositions?: unknown };
  return typeof maxPositions === "number" ? maxPositions : undefined;
}

function declare(
  scope: Scope,
  inputs: InputTypes,
  given: ReadonlySet<string>,
  className: string,
): Record<string, Tensor | undefined> {
  const unknown = [...given].find((name) => inputs[name] === undefined);
  if (unknown !== undefined) {
    throw new GraphError(`${className} has no input "${unknown}". Its inputs are ${Object.keys(inputs).join(", ")}.`);
  }
  const entries = Object.entries(inputs).map(([name, { dtype, shape, needed: must, unless }]) => {
    if (given.has(name))
      return [
        name,
        scope.given(name) ??
          input(
            name,
            dtype,
            shape.map((size) => sizeOf(scope, size)),
          ),
      ] as const;
    if (must) throw new GraphError(`${className} needs the input "${name}".`);
    if (unless !== undefined && !given.has(unless)) {
      throw new GraphError(`${className} needs the input "${name}", or "${unless}".`);
    }
    return [name, undefined] as const;
  });
  return Object.fromEntries(entries);
}

const PAST = "past + ";

function sizeOf(scope: Scope, size: InputSize): Dimension {
  if (typeof size === "number") return size;
  if (!size.startsWith(PAST)) return dimension(size);
  return addDimensions(scope.past, dimension(size.slice(PAST.length)));
}

/** The inputs that must be given beside those that are. */
export function neededInputs({ inputs }: Pick<Architecture, "inputs">, given: Iterable<string> = []): string[] {
  const names = new Set(given);
  return Object.entries(inputs).flatMap(([name, { needed: must, unless }]) =>
    must || (unless !== undefined && !names.has(unless)) ? [name] : [],
  );
}

/** One tracing of an architecture: what it computes, and what it collected on the way. */
export function traceOf(
  made: Architecture,
  given: Iterable<string>,
  kind: TraceKind = "forward",
  options: TraceOptions = {},
): { readonly trace: Trace; readonly outputs: Readonly<Record<string, Tensor>> } {
  const trace = new Trace(kind, options);
  const outputs = trace.run((scope) => made.compute(scope, given));
  return { trace, outputs };
}

/** The parameters of an architecture, by name, shape and first values. */
export function parametersOf(made: Architecture): Parameter[] {
  return [...traceOf(made, neededInputs(made)).trace.parameters.values()];
}
