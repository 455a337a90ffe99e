/** Checks configs, and says what is wrong with one in a sentence. */
import { ConfigError, nearest } from "../errors/index.ts";
import type { Schema, SchemaIssue } from "../errors/schema.ts";

/**
 * The checked value, defaults filled in. Throws ConfigError that lists every unknown key with the nearest valid one,
 * and every value with what was expected. `what` names the config in the message; `keys` are the valid keys.
 */
export function parseConfig<T>(schema: Schema<T>, value: unknown, what: string, keys: readonly string[]): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => explain(issue, keys));
  throw new ConfigError(`${what} cannot be used: ${lines.join("; ")}.`);
}

function explain(issue: SchemaIssue, keys: readonly string[]): string[] {
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map(String).map((key) => {
      const near = nearest(key, keys);
      return `there is no key "${key}"${near === undefined ? ` (the keys are ${keys.join(", ")})` : `; did you mean "${near}"?`}`;
    });
  }
  const where = issue.path.join(".");
  if (issue.code === "invalid_value") return [`${where} must be one of ${(issue.values ?? []).map(String).join(", ")}`];
  return [`${where === "" ? "" : `${where}: `}${issue.message}`];
}
