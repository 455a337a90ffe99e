/**
 * config.json of Hugging Face, read into typed configs. A field names its keys there, what is valid, and the value that
 * the library fills in where the key is absent. Keys that no field names stay in the folder as they are.
 */
import { z } from "zod";
import { ConfigError, nearest } from "../errors/index.ts";
import type { Schema } from "../errors/schema.ts";
import { activations, type Activation } from "../nn/index.ts";
import { parseConfig } from "./config.ts";

/** The contents of a config.json. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** One value of a config. */
export interface Field<T> {
  /** Its keys in config.json, the one that is written first. */
  readonly keys: readonly [string, ...string[]];
  readonly schema: Schema<T>;
  readonly default: T;
  /** The value as config.json has it, where that is not the value itself. */
  from?(json: ConfigJson, where: string): unknown;
  /** The keys that say the value; `original` is what config.json said before. */
  to?(value: T, original: ConfigJson): ConfigJson;
}

/** Fields by the names that code uses. */
export type Fields = Readonly<Record<string, Field<unknown>>>;
/** The config that fields describe. */
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

type Keys = string | readonly [string, ...string[]];
const keysOf = (keys: Keys): readonly [string, ...string[]] => (typeof keys === "string" ? [keys] : keys);

/** A field of any type. */
export const field = <T>(keys: Keys, schema: Schema<T>, otherwise: T): Field<T> => {
  return { keys: keysOf(keys), schema, default: otherwise };
};
/** A whole number from 1 on. */
export const count = (keys: Keys, otherwise: number): Field<number> => field(keys, z.int().positive(), otherwise);
/** A token's id, or none. */
export const tokenId = (keys: Keys, otherwise: number | undefined): Field<number | undefined> =>
  field(keys, z.int().nonnegative().optional(), otherwise);
/** The id of a token that there must be. */
export const id = (keys: Keys, otherwise: number): Field<number> => field(keys, z.int().nonnegative(), otherwise);
/** A share from 0 up to 1. */
export const rate = (keys: Keys, otherwise: number): Field<number> => field(keys, z.number().min(0).lt(1), otherwise);
/** A number above 0. */
export const positive = (keys: Keys, otherwise: number): Field<number> => field(keys, z.number().positive(), otherwise);
/** Yes or no. */
export const flag = (keys: Keys, otherwise: boolean): Field<boolean> => field(keys, z.boolean(), otherwise);
/** One of some words. */
export const choice = <const T extends string>(keys: Keys, choices: readonly T[], otherwise: NoInfer<T>): Field<T> =>
  field(keys, z.enum(choices as readonly [T, ...T[]]) as unknown as Schema<T>, otherwise);
/** A field that may be absent or null. */
export const optional = <T>(one: Field<T>): Field<T | undefined> => {
  return { ...one, schema: (one.schema as z.ZodType<T>).optional(), default: undefined };
};

/** Activation functions by the names that config.json uses. */
export const activationNames: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  quick_gelu: "quick_gelu",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};
const writtenActivations = { gelu_tanh: "gelu_new" } as Readonly<Partial<Record<Activation, string>>>;

/** An activation function. */
export const activation = (keys: Keys, otherwise: Activation): Field<Activation> => {
  const names = keysOf(keys);
  return {
    keys: names,
    schema: z.enum(Object.keys(activations) as [Activation]),
    default: otherwise,
    from: (json) => {
      const name = firstOf(json, names);
      return typeof name === "string" ? (activationNames[name] ?? name) : name;
    },
    to: (value) => ({ [names[0]]: writtenActivations[value] ?? value }),
  };
};

/** The names of a classifier's classes: `id2label`, or as many as `num_labels` says. */
export const labelNames: Field<readonly string[]> = {
  keys: ["id2label", "num_labels"],
  schema: z.array(z.string()).min(1),
  default: ["LABEL_0", "LABEL_1"],
  from: ({ id2label, num_labels: size }) => {
    if (typeof id2label === "object" && id2label !== null) {
      return Object.entries(id2label as Record<string, unknown>)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, name]) => name);
    }
    return typeof size === "number" ? Array.from({ length: size }, (_, i) => `LABEL_${i}`) : undefined;
  },
  to: (names) => ({
    id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  }),
};

/** What kind of labels a classifier is trained with; where absent the labels tell. */
export const problemType = optional(
  choice("problem_type", ["regression", "single_label_classification", "multi_label_classification"], "regression"),
);

const firstOf = (json: ConfigJson, keys: readonly string[]): unknown =>
  keys.map((key) => json[key]).find((value) => value !== undefined && value !== null);

/** Reads and writes configs of one family. */
export interface ConfigReader<C> {
  /** A config from the contents of config.json. Throws ConfigError that names the keys that cannot be honored. */
  read(json: ConfigJson, where: string): C;
  /** A config in code: what is left out is filled in. Throws ConfigError as `read` does. */
  make(values: Partial<C>): C;
  /** The keys of config.json. Those of `original` stay as they are where they say the same. */
  write(config: C, original?: ConfigJson): Record<string, unknown>;
}

/**
 * A part of config.json that is a config by itself, with the defaults of its own family where keys or all of it are
 * missing; what no field names stays in it. Where the key `instead` is there, too, it says all.
 */
export const section = <C>(key: string, reader: ConfigReader<C>, instead?: string): Field<C> => {
  const keys: Field<C>["keys"] = [key, ...(instead === undefined ? [] : [instead])];
  const named = (json: ConfigJson): string =>
    keys.toReversed().find((name) => json[name] !== undefined && json[name] !== null) ?? key;
  return {
    keys,
    schema: z.custom<C>(isObject, "it must be keys and values"),
    default: reader.make({}),
    from: (json, where) => {
      const name = named(json);
      const part = json[name];
      return isObject(part) ? reader.read(part, `${where}, ${name}`) : part;
    },
    to: (value, original) => {
      const name = named(original);
      return { [name]: reader.write(value, (original[name] ?? {}) as ConfigJson) };
    },
  };
};

const isObject = (value: unknown): value is ConfigJson =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a config must fulfill beyond its single values. */
export interface ConfigRules<C> {
  /**
   * Keys that change what is computed, and the values that this version honors. Null and absent keys are fine.
   */
  readonly only?: Readonly<Record<string, readonly unknown[]>>;
  /** What is wrong with a config, in a sentence; undefined where nothing is. */
  readonly check?: (config: C) => string | undefined;
}

/** Keys of any family that change what is computed. */
const onlyEverywhere: NonNullable<ConfigRules<never>["only"]> = {
  quantization_config: [],
  pruned_heads: [{}],
  add_cross_attention: [false],
};

/** The reader of a family's configs. */
export function configReader<F extends Fields>(
  name: string,
  fields: F,
  { only = {}, check }: ConfigRules<ConfigOf<F>> = {},
): ConfigReader<ConfigOf<F>> {
  const entries = Object.entries(fields);
  const schema = z.strictObject(
    Object.fromEntries(
      entries.map(([key, { schema: one, default: otherwise }]) => [
        key,
        (one as z.ZodType).default(otherwise as never),
      ]),
    ),
  ) as unknown as Schema<ConfigOf<F>>;
  const checked = (values: object, where: string, names: readonly string[]): ConfigOf<F> => {
    const config = parseConfig(schema, values, where, names);
    const wrong = check?.(config);
    if (wrong !== undefined) throw new ConfigError(`${where} cannot be used: ${wrong}`);
    return config;
  };
  const read: ConfigReader<ConfigOf<F>>["read"] = (json, where) => {
    requireOnly(json, { ...onlyEverywhere, ...only }, where);
    const values: Record<string, unknown> = {};
    for (const [key, one] of entries) {
      const { keys, schema: valid } = one;
      const value = one.from === undefined ? firstOf(json, keys) : one.from(json, where);
      if (value === undefined || value === null) continue;
      const result = valid.safeParse(value);
      if (!result.success) {
        const given = keys.find((name) => json[name] !== undefined) ?? keys[0];
        parseConfig(z.object({ [given]: valid as z.ZodType }), { [given]: value }, where, keys);
      }
      values[key] = value;
    }
    return checked(values, where, Object.keys(fields));
  };
  return {
    read,
    make: (values) => {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
      return checked(given, `A ${name} config`, Object.keys(fields));
    },
    write: (config, original = {}) => {
      const json: Record<string, unknown> = { ...original };
      const before = Object.keys(original).length === 0 ? undefined : read(original, "config.json");
      for (const [key, one] of entries) {
        const value = config[key];
        if (before !== undefined && JSON.stringify(before[key]) === JSON.stringify(value)) continue;
        if (value !== undefined)
          Object.assign(json, one.to === undefined ? { [one.keys[0]]: value } : one.to(value, json));
      }
      return json;
    },
  };
}

function requireOnly(json: ConfigJson, only: NonNullable<ConfigRules<never>["only"]>, where: string): void {
  for (const [key, honored] of Object.entries(only)) {
    const value = json[key];
    if (value === undefined || value === null) continue;
    if (honored.some((one) => JSON.stringify(one) === JSON.stringify(value))) continue;
    const near = typeof value === "string" ? nearest(value, honored.map(String)) : undefined;
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    const expected = honored.length === 0 ? "no such key" : honored.map((one) => JSON.stringify(one)).join(" or ");
    throw new ConfigError(
      `${where}: ${key} is ${JSON.stringify(value)}; this version computes exactly only ${expected}.${hint} ` +
        `It does not approximate: use a checkpoint without it.`,
    );
  }
}
