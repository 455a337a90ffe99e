/** Search over configs: grid or random draws, each setting a run of its own over the same seeds, side by side. */
import { z } from "zod";
import { readLog } from "../checkpoints/index.ts";
import { ConfigError, InputError, nearest, TrainingError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";
import { parseConfig } from "../models/index.ts";
import { random } from "../random/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import { LOWEST_LOSS, type Goal, type Scores, type StopSignal } from "../training/index.ts";
import { learn, wayConfig, type LearnOptions } from "./learn.ts";
import type { Way, WayConfig } from "./way.ts";

const json: z.ZodType = z.json();
const range = z.strictObject({
  from: z.number(),
  to: z.number(),
  scale: z.enum(["linear", "log"]).default("linear"),
  /** For a grid: how many values, both ends among them. */
  steps: z.int().min(2).optional(),
  /** Whether values are whole numbers. */
  whole: z.boolean().default(false),
});
const shape = {
  /** The way of learning: `finetune`. */
  way: z.string(),
  /** What all runs share: a config of that way, as its own command takes it. */
  config: z.record(z.string(), json).default({}),
  /** By the path of a key (`training.learningRate`, `lora.rank`): the values to try, or a range of numbers. */
  search: z.record(z.string(), z.union([z.array(json).min(1), range])),
  method: z.enum(["grid", "random"]).default("grid"),
  /** Settings that are drawn; for `random` alone. */
  trials: z.int().positive().optional(),
  /** Each setting is run once with each of them. */
  seeds: z.array(z.int().min(0)).min(1).default([1]),
  /** Of the draws. */
  seed: z.int().min(0).default(1),
  /** The score of the validation that counts. Default: the way's own goal. */
  goal: z.strictObject({ score: z.string(), better: z.enum(["lower", "higher"]) }).optional(),
};
const schema = z.strictObject(shape);
/** What is searched. */
export type SearchConfig = z.infer<typeof schema>;
type Range = z.infer<typeof range>;

/** The changed keys of one setting, by their paths. */
export type Setting = Readonly<Record<string, unknown>>;

/** One run of a setting. */
export interface Trial {
  readonly setting: Setting;
  readonly seed: number;
  /** The run's folder, below that of the search. */
  readonly folder: string;
}

/** What a run came to. */
export interface TrialResult extends Trial {
  /** The scores of the validation that counts: the best one with patience, else the last. */
  readonly scores?: Scores | undefined;
  readonly updates?: number | undefined;
  readonly seconds?: number | undefined;
  /** Why there are no scores. */
  readonly failed?: string | undefined;
}

/** A setting over all its seeds. */
export interface SearchRow {
  readonly setting: Setting;
  /** The goal's score: the mean over the seeds, and their standard deviation (0 for one). */
  readonly mean: number;
  readonly deviation: number;
  readonly runs: readonly TrialResult[];
}

/** A finished search. */
export interface SearchResult {
  readonly goal: Goal;
  /** The best first; settings of which a run failed come last. */
  readonly rows: readonly SearchRow[];
  /** The config of the best row; undefined where every setting failed. */
  readonly best: Readonly<Record<string, unknown>> | undefined;
}

/** Checks what is to be searched. Throws ConfigError. */
export function searchConfig(value: unknown, name: string): SearchConfig {
  const config = parseConfig<SearchConfig>(schema, value, name, Object.keys(shape));
  const { method, trials, search, seeds } = config;
  if (method === "random" && trials === undefined)
    throw new ConfigError(`${name}: random search needs trials: a number.`);
  if (method === "grid" && trials !== undefined) throw new ConfigError(`${name}: trials is for method: random.`);
  if (new Set(seeds).size < seeds.length) throw new ConfigError(`${name}: a seed is there twice.`);
  for (const [key, values] of Object.entries(search)) {
    if (key === "seed") throw new ConfigError(`${name}: seeds are listed under seeds, not under search.`);
    if (Array.isArray(values)) continue;
    const { from, to, scale, steps } = values;
    if (from >= to || (scale === "log" && from <= 0)) {
      throw new ConfigError(
        `${name}: search.${key} goes from ${from} to ${to}; a rising range was expected, above 0 for log.`,
      );
    }
    if (method === "grid" && steps === undefined) {
      throw new ConfigError(`${name}: search.${key} is a range; a grid needs its number of steps, or method: random.`);
    }
  }
  return config;
}

/** The settings that are tried, in their order, each once. */
export function settingsOf({ search, method, trials = 0, seed }: SearchConfig): Setting[] {
  const keys = Object.keys(search);
  const all: Setting[] =
    method === "grid"
      ? keys.reduce<Setting[]>(
          (found, key) => found.flatMap((one) => valuesOf(search[key]!).map((value) => ({ ...one, [key]: value }))),
          [{}],
        )
      : Array.from({ length: trials }, (_, trial) =>
          Object.fromEntries(keys.map((key) => [key, drawn(search[key]!, seed, trial, key)])),
        );
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function valuesOf(values: readonly unknown[] | Range): readonly unknown[] {
  if (isList(values)) return values;
  const { steps = 2 } = values;
  return Array.from({ length: steps }, (_, i) => between(values, i / (steps - 1)));
}

function drawn(values: readonly unknown[] | Range, seed: number, trial: number, key: string): unknown {
  const generator = random(seed, "search", trial, key);
  return isList(values) ? values[generator.below(values.length)] : between(values, generator.uniform());
}

const isList = (values: readonly unknown[] | Range): values is readonly unknown[] => Array.isArray(values);

function between({ from, to, scale, whole }: Range, share: number): number {
  const value = scale === "log" ? from * (to / from) ** share : from + (to - from) * share;
  return whole ? Math.round(value) : Number(value.toPrecision(4));
}

/** A config with a setting's keys in place of its own. */
export function withSetting(config: Readonly<Record<string, unknown>>, setting: Setting): Record<string, unknown> {
  const made = structuredClone(config) as Record<string, unknown>;
  for (const [path, value] of Object.entries(setting)) {
    const keys = path.split(".");
    let place = made;
    for (const key of keys.slice(0, -1)) {
      const inner = place[key];
      place = (place[key] = typeof inner === "object" && inner !== null ? inner : {}) as Record<string, unknown>;
    }
    place[keys.at(-1)!] = value;
  }
  return made;
}

/** Where and how the runs of a search are made. */
export interface SearchOptions extends Pick<LearnOptions, "files" | "machine" | "warn"> {
  readonly folder: Folder;
  readonly engine?: EngineOptions | undefined;
  readonly signal?: StopSignal | undefined;
  /** Told before each run that is not done yet, with its number and that of all. */
  readonly begin?: ((trial: Trial, number: number, of: number) => void) | undefined;
  /** Told after each run, those that were done before among them. */
  readonly done?: ((result: TrialResult, goal: Goal) => void) | undefined;
}

/** What a run leaves beside its record, so that a search that goes on need not repeat it. */
const RESULT = "search.json";
const LOG = "log.jsonl";

/**
 * Runs every setting with every seed, each in a folder of its own: what is finished is not run again, what was begun goes
 * on. Bayesian methods are left out: random search finds good settings of few keys (Bergstra and Bengio 2012).
 * Throws ConfigError for a config that its way does not take, before anything is trained.
 */
export async function runSearch(
  ways: Readonly<Record<string, Way>>,
  search: SearchConfig,
  options: SearchOptions,
): Promise<SearchResult> {
  const way = wayOf(ways, search.way);
  const settings = settingsOf(search);
  const checked = settings.map((setting) => checkedConfigs(way, search, setting));
  const goal = search.goal ?? way.goal?.(checked[0]![0]!) ?? LOWEST_LOSS;
  const trials = await Promise.all(
    settings.flatMap((setting, i) => search.seeds.map((seed, j) => trialOf(setting, seed, checked[i]![j]!))),
  );
  const results: TrialResult[] = [];
  for (const [i, { trial, config }] of trials.entries()) {
    if (options.signal?.aborted === true) throw new TrainingError("The search was stopped. The same command goes on.");
    const folder = options.folder.at(trial.folder);
    const before = await resultIn(folder);
    if (before === undefined) options.begin?.(trial, i + 1, trials.length);
    const result =
      before === undefined ? await run(way, config, trial, folder, goal, options) : { ...trial, ...before };
    results.push(result);
    options.done?.(result, goal);
  }
  const rows = rowsOf(settings, results, goal);
  const [best] = rows;
  const found = best === undefined || Number.isNaN(best.mean) ? undefined : withSetting(search.config, best.setting);
  return { goal, rows, best: found };
}

function wayOf(ways: Readonly<Record<string, Way>>, name: string): Way {
  const found = ways[name];
  if (found !== undefined) return found;
  const near = nearest(name, Object.keys(ways));
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ConfigError(`There is no way of learning "${name}".${hint} The ways are ${Object.keys(ways).join(", ")}.`);
}

function checkedConfigs(way: Way, { config, seeds }: SearchConfig, setting: Setting): WayConfig[] {
  const what = Object.keys(setting).length === 0 ? "config" : `config with ${settingText(setting)}`;
  return seeds.map((seed) => wayConfig(way, { ...withSetting(config, setting), seed }, what));
}

/** A setting in words: `learningRate 0.001, rank 8`. */
export function settingText(setting: Setting): string {
  return Object.entries(setting)
    .map(([path, value]) => `${path.split(".").at(-1)!} ${valueText(value)}`)
    .join(", ");
}

/** A value of a setting in words. */
export const valueText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

async function trialOf(
  setting: Setting,
  seed: number,
  config: WayConfig,
): Promise<{ trial: Trial; config: WayConfig }> {
  const text = new TextEncoder().encode(JSON.stringify(config));
  const sum = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", text));
  const name = [...sum.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { trial: { setting, seed, folder: name }, config };
}

type RunResult = Required<Pick<TrialResult, "updates" | "seconds">> & { readonly scores: Scores };

async function resultIn(folder: ReadableFolder): Promise<RunResult | undefined> {
  if ((await folder.kind(RESULT)) !== "file") return undefined;
  const { scores, updates, seconds } = (await readJson(folder, RESULT)) as RunResult;
  return { scores, updates, seconds };
}

async function run(
  way: Way,
  config: WayConfig,
  trial: Trial,
  folder: Folder,
  goal: Goal,
  options: SearchOptions,
): Promise<TrialResult> {
  const { files, engine, machine, signal, warn } = options;
  const steps = learn(way, config, { folder, files, engine, machine, signal, warn, resume: true });
  try {
    for (let next = await steps.next(); next.done !== true; next = await steps.next());
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    return { ...trial, failed: error.message };
  }
  if (signal?.aborted === true) return { ...trial, failed: "stopped" };
  const result = await loggedResult(folder, config.training.patience === undefined ? undefined : goal);
  if (result === undefined) throw noScores(way, folder);
  await folder.write(
    RESULT,
    `${JSON.stringify({ setting: trial.setting, seed: trial.seed, ...result }, undefined, 2)}\n`,
  );
  return { ...trial, ...result };
}

/** The last validation of a finished run, or the best one by a goal: from its log, for the run may have been resumed. */
async function loggedResult(folder: ReadableFolder, goal: Goal | undefined): Promise<RunResult | undefined> {
  let scores: Scores | undefined;
  let [updates, seconds] = [0, 0];
  for await (const record of readLog(folder, LOG)) {
    const { step, seconds: spent } = record;
    if (record["event"] !== undefined || typeof step !== "number") continue;
    [updates, seconds] = [step, typeof spent === "number" ? spent : seconds];
    const found = Object.entries(record).flatMap(([key, value]) =>
      key.startsWith(VALIDATION)
        ? [[key.slice(VALIDATION.length), typeof value === "number" ? value : NaN] as const]
        : [],
    );
    if (found.length === 0) continue;
    const now = Object.fromEntries(found);
    if (goal === undefined || isBetter(now, scores, goal)) scores = now;
  }
  return scores && { scores, updates, seconds };
}

/** What the log puts before the name of a validation's score. */
const VALIDATION = "validation_";

function noScores({ name }: Way, folder: Folder): InputError {
  return new InputError(
    `${folder.describe()}: heed ${name} validated nothing, so there is no score to go by. Give validation data in the config.`,
  );
}

function isBetter(now: Scores, before: Scores | undefined, { score, better }: Goal): boolean {
  if (before === undefined) return true;
  const [a, b] = [now[score] ?? NaN, before[score] ?? NaN];
  return better === "lower" ? a < b : a > b;
}

function rowsOf(settings: readonly Setting[], results: readonly TrialResult[], goal: Goal): SearchRow[] {
  const sign = goal.better === "lower" ? 1 : -1;
  const rows = settings.map((setting) => {
    const runs = results.filter((result) => result.setting === setting || same(result.setting, setting));
    const scores = runs.map(({ scores: found }) => found?.[goal.score] ?? NaN);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
    return { setting, mean, deviation: scores.length > 1 ? Math.sqrt(squares / (scores.length - 1)) : 0, runs };
  });
  const rank = ({ mean }: SearchRow): number => (Number.isNaN(mean) ? Infinity : sign * mean);
  return rows.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

const same = (a: Setting, b: Setting): boolean => JSON.stringify(a) === JSON.stringify(b);
