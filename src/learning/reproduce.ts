/** Repeats a finished run from its record, and says what differs. */
import { readLog, type LogRecord } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import type { Step } from "../training/index.ts";
import { learn, wayConfig, type LearnOptions } from "./learn.ts";
import { dataFiles, readRecord, type RunRecord } from "./record.ts";
import { wayNamed } from "./ways.ts";

/** Where a number of the repeated run first differs. */
export interface Difference {
  readonly update: number;
  /** `loss`, `gradientNorm`, or a score of a validation: `validation_accuracy`. */
  readonly name: string;
  readonly before: unknown;
  readonly now: unknown;
}

/** What repeating a run showed. */
export interface Reproduction {
  /** Updates whose numbers were compared. */
  readonly updates: number;
  /** The first number that is not the same to the bit, of each name; none where the run was repeated. */
  readonly differences: readonly Difference[];
  /** The final scores of both, by name. */
  readonly scores: readonly { readonly name: string; readonly before: number; readonly now: number }[];
  /** What of the surroundings is not as it was, in sentences: data, versions, engine. */
  readonly surroundings: readonly string[];
}

/** How a run is repeated. `engine` overrides what the record says. */
export interface ReproduceOptions extends Omit<LearnOptions, "resume" | "replace" | "engine"> {
  /** The finished run. */
  readonly run: ReadableFolder;
  readonly engine?: EngineOptions | undefined;
}

/** What says when, and not what. */
const CLOCK = new Set(["seconds", "step", "targets", "progress", "event"]);

/**
 * Runs the config of a finished run again, into a folder of its own, and compares what both logs say of each update: to
 * the bit. Yields the steps. Throws CheckpointError for a folder without a record, InputError where a data file is gone,
 * and ConfigError for a run whose curve depended on the clock.
 */
export async function* reproduce(options: ReproduceOptions): AsyncGenerator<Step, Reproduction> {
  const { run, folder, files } = options;
  const record = await readRecord(run);
  const way = wayNamed(record.way);
  const config = wayConfig(way, record.config, run.describe());
  const { minutes, schedule } = config.training;
  if (minutes !== undefined && (schedule === "linear" || schedule === "cosine")) {
    throw new ConfigError(
      `${run.describe()} was limited by time, and its learning rate (${schedule}) fell with the clock: no run has the ` +
        `same rates. Train with updates or epochs for runs that are to be repeated.`,
    );
  }
  const training = { ...config.training, updates: record.updates, epochs: undefined, minutes: undefined };
  const engine = { ...(record.engine as EngineOptions), ...options.engine };
  const before = await dataFiles(
    files,
    record.data.map(({ path }) => path),
  );
  const running = learn(way, { ...config, training }, { ...options, engine });
  for (let next = await running.next(); ; next = await running.next()) {
    if (next.done !== true) {
      yield next.value;
      continue;
    }
    const repeated = await readRecord(folder);
    const { updates, differences } = await compareLogs(run, folder);
    const scores = Object.entries(record.scores ?? {}).map(([name, value]) => {
      return { name, before: value, now: repeated.scores?.[name] ?? NaN };
    });
    return { updates, differences, scores, surroundings: surroundingsOf(record, repeated, before) };
  }
}

async function updatesOf(folder: ReadableFolder): Promise<Map<number, LogRecord>> {
  const found = new Map<number, LogRecord>();
  for await (const record of readLog(folder, "log.jsonl")) {
    if (typeof record["step"] === "number" && record["event"] === undefined) found.set(record["step"], record);
  }
  return found;
}

async function compareLogs(
  before: ReadableFolder,
  now: ReadableFolder,
): Promise<Pick<Reproduction, "updates" | "differences">> {
  const [old, young] = [await updatesOf(before), await updatesOf(now)];
  const first = new Map<string, Difference>();
  for (const [update, record] of old) {
    const other = young.get(update) ?? {};
    for (const name of new Set([...Object.keys(record), ...Object.keys(other)])) {
      if (CLOCK.has(name) || first.has(name) || record[name] === other[name]) continue;
      first.set(name, { update, name, before: record[name], now: other[name] });
    }
  }
  return { updates: old.size, differences: [...first.values()].sort((a, b) => a.update - b.update) };
}

function surroundingsOf(record: RunRecord, repeated: RunRecord, files: RunRecord["data"]): string[] {
  const data = record.data.flatMap(({ path, sha256 }, i) =>
    files[i]!.sha256 === sha256 ? [] : [`${path} is not the file that the run read (another SHA-256 sum).`],
  );
  const names = new Set([...Object.keys(record.machine), ...Object.keys(repeated.machine)]);
  const machine = [...names].flatMap((name) => {
    const [was, is] = [record.machine[name], repeated.machine[name]];
    return was === is ? [] : [`${name} was ${was ?? "not recorded"}, and is ${is ?? "not known"}.`];
  });
  return [...data, ...machine];
}
