/** Checks configs, and says what is wrong with one in a sentence. */
import { ConfigError, nearest } from "../errors/index.ts";
import type { Schema, SchemaIssue } from "../errors/schema.ts";

/** The valid keys; of a config in sections, those of each section by its name, the outermost under "". */
export type ConfigKeys = readonly string[] | Readonly<Record<string, readonly string[]>>;

/**
 * The checked value, defaults filled in. Throws ConfigError that lists every unknown key with the nearest valid one,
 * and every value with what was expected. `what` names the config in the message.
 */
export function parseConfig<T>(schema: Schema<T>, value: unknown, what: string, keys: ConfigKeys): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => explain(issue, value, sectionKeys(keys, issue)));
  const text = problems.join("; ");
  throw new ConfigError(`${what} cannot be used: ${text}${text.endsWith("?") ? "" : "."}`);
}

function sectionKeys(keys: ConfigKeys, { path }: SchemaIssue): readonly string[] {
  return Array.isArray(keys) ? (keys as readonly string[]) : ((keys as Record<string, string[]>)[path.join(".")] ?? []);
}

function explain(issue: SchemaIssue, config: unknown, keys: readonly string[]): string[] {
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map(String).map((key) => {
      const near = nearest(key, keys);
      const inside = where === "" ? "" : ` in ${where}`;
      const hint = near === undefined ? ` (the keys are ${keys.join(", ")})` : `; did you mean "${near}"?`;
      return `there is no key "${key}"${inside}${hint}`;
    });
  }
  const expected = expectedBy(issue);
  if (expected === undefined) return [`${where === "" ? "" : `${where}: `}${issue.message}`];
  const got = valueAt(config, issue.path);
  const near = typeof got === "string" && issue.values ? nearest(got, issue.values.map(String)) : undefined;
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return [`${where === "" ? "it" : where} must be ${expected}, not ${shown(got)}${hint}`];
}

function expectedBy({ code, values = [], expected, minimum, maximum, inclusive }: SchemaIssue): string | undefined {
  if (code === "invalid_value") return `one of ${values.map(String).join(", ")}`;
  if (code === "too_small") return inclusive === true ? `at least ${minimum ?? ""}` : `above ${minimum ?? ""}`;
  if (code === "too_big") return inclusive === true ? `at most ${maximum ?? ""}` : `below ${maximum ?? ""}`;
  return code === "invalid_type" ? typeNames[expected ?? ""] : undefined;
}

const typeNames: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  object: "a list of keys and values",
};

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], config);
}

function shown(value: unknown): string {
  if (value === undefined) return "absent";
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? typeof value);
}
