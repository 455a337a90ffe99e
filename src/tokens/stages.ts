import { CheckpointError, nearest } from "../errors/index.ts";
import type { Schema } from "../errors/schema.ts";

/** A stage of a tokenizer as `tokenizer.json` writes it: its type and its settings. */
export interface StageJson {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** Stands for a stage that `tokenizer.json` has no form for; writing it is refused. */
export function unwritable(type: string): StageJson {
  return { type, unwritable: true };
}

/** Makes a stage from its JSON; `where` names its place in the file for messages. */
export type StageMaker<Stage> = (json: unknown, where: string) => Stage;

/**
 * The stage that `json` describes, from a table of those that are known.
 * Throws CheckpointError for an unknown type, naming the known ones.
 */
export function makeStage<Stage>(
  json: unknown,
  where: string,
  makers: Readonly<Record<string, StageMaker<Stage>>>,
): Stage {
  const type: unknown = typeof json === "object" && json !== null && "type" in json ? json.type : undefined;
  if (typeof type !== "string") {
    throw new CheckpointError(
      `${where}: expected an object with a "type", got ${JSON.stringify(json)?.slice(0, 60) ?? "nothing"}.`,
    );
  }
  const known = Object.keys(makers);
  if (!known.includes(type)) {
    const near = nearest(type, known);
    throw new CheckpointError(
      `${where}: the type "${type}" is not known here${near === undefined ? "" : ` (did you mean "${near}"?)`}. ` +
        `Known: ${known.join(", ")}.`,
    );
  }
  return makers[type]!(json, `${where}.${type}`);
}

/** Checks `json` against a schema. Throws CheckpointError naming the setting that is wrong. */
export function readSettings<Settings>(schema: Schema<Settings>, json: unknown, where: string): Settings {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [where, ...(issue?.path ?? [])].map(String).join(".");
  throw new CheckpointError(`${path}: ${issue?.message ?? "not valid"}.`);
}
