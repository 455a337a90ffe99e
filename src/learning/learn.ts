/** Runs a way of learning in a folder: checkpoints, log and resume, the finished model, and the record of it all. */
import { readTensors, writeTensors } from "../checkpoints/index.ts";
import { ConfigError } from "../errors/index.ts";
import type { Folder, ReadableFolder } from "../files/index.ts";
import { parseConfig } from "../models/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { alone, type EngineOptions, type Group } from "../runtime/index.ts";
import { AVERAGE, fit, Run, type Step, type StopSignal, type TrainingMemory } from "../training/index.ts";
import { duplicateWarnings } from "./duplicate-warnings.ts";
import { MEASURED } from "./preflight.ts";
import { dataFiles, writeRecord, type DataFile } from "./record.ts";
import type { Lesson, Way, WayConfig } from "./way.ts";

/** Where and how a way is run. */
export interface LearnOptions {
  /** The run's folder: it becomes the model's folder. */
  readonly folder: Folder;
  /** Where the paths of the config lead. */
  readonly files: ReadableFolder;
  readonly engine?: EngineOptions | undefined;
  /** What of the surroundings belongs into the record: versions, by name. */
  readonly machine?: Readonly<Record<string, string>> | undefined;
  readonly resume?: boolean | undefined;
  /** Removes a run that the folder holds. */
  readonly replace?: boolean | undefined;
  /** Stops after a few updates and writes nothing: data, model, memory and time are looked at. Default: false. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: StopSignal | undefined;
  /** The processes that share the work; rank 0 alone writes. Default: this one alone. */
  readonly group?: Group | undefined;
  readonly warn: (message: string) => void;
  /** Told, before anything is trained, what memory it will take; where it throws, nothing is trained. */
  readonly memory?: ((memory: TrainingMemory, lesson: Lesson) => void) | undefined;
  /** Told once what is about to be learned, the updates in all if they are known, and the updates done before. */
  readonly begin?: ((lesson: Lesson, updates: number | undefined, resumedAt: number) => void) | undefined;
}

/** What a run came to. */
export interface Learned {
  /** Of the finished model, by name; rank 0 of a group alone has them. */
  readonly scores: Readonly<Record<string, number>>;
  readonly updates: number;
}

/** Checks a config and fills in what it leaves out. Throws ConfigError that names unknown keys and bad values. */
export function wayConfig<C extends WayConfig>({ schema, keys }: Way<C>, value: unknown, name: string): C {
  return parseConfig<C>(schema, value, name, keys);
}

/**
 * Learns in a run folder and leaves the finished model in it, with the record that repeats it. Yields after each
 * update. Resuming goes on from the newest whole checkpoint, to the bit (with another number of
 * processes, to rounding).
 * Throws ConfigError where the folder holds a run and neither `resume` nor `replace` is given.
 */
export async function* learn<C extends WayConfig>(
  way: Way<C>,
  config: C,
  options: LearnOptions,
): AsyncGenerator<Step, Learned> {
  const { folder, files, engine = {}, resume = false, replace = false, warn, group = alone } = options;
  if (options.dryRun === true) return yield* rehearse(way, config, options);
  const { averageCheckpoints, keepCheckpoints } = config.training;
  const data = await dataFiles(files, way.files(config));
  const goal = way.goal?.(config);
  const run = await Run.open({
    ...{ folder, resume, replace, warn, group },
    settings: settingsOf(way, config, data, engine),
    keep: Math.max(averageCheckpoints, keepCheckpoints),
    better: goal?.better,
  });
  let lesson: Lesson | undefined;
  try {
    lesson = await way.prepare(config, { files, from: run.resumed?.folder, engine, warn });
    if (run.resumed !== undefined) await restoreBeside(lesson, run.resumed.folder);
    announce(lesson, options, run.resumed === undefined);
    const updates = updatesOf(way, config, lesson);
    options.begin?.(lesson, updates, run.resumed?.position.update ?? 0);
    const job = { ...lesson, goal, run, write: checkpointWriterOf(lesson) };
    const { signal } = options;
    const fitting = (lesson.loop ?? fit)(job, { ...config.training, updates, seed: config.seed, signal, group });
    let { update, seconds } = run.resumed?.position ?? { update: 0, seconds: 0 };
    for await (const step of fitting) {
      ({ update, seconds } = step);
      yield step;
    }
    if (group.rank > 0) return { scores: {}, updates: update };
    await choose(lesson, run, config);
    await (lesson.result ?? writerOf(lesson))(folder, await lesson.parameters.read());
    const scores = (await lesson.finish?.()) ?? {};
    const ranks = group.size > 1 ? { ranks: group.description } : {};
    const machine = { engine: lesson.parameters.engine.description, ...ranks, ...options.machine };
    await writeRecord(folder, {
      ...{
        way: way.name,
        config: { ...config } as Record<string, unknown>,
        machine,
        engine: { ...engine },
        data,
        updates: update,
        seconds,
        scores,
      },
    });
    return { scores, updates: update };
  } finally {
    await lesson?.dispose();
    await run.close();
  }
}

/** Looks at data, model and memory and does a few updates, which nothing is left of. */
async function* rehearse<C extends WayConfig>(
  way: Way<C>,
  config: C,
  options: LearnOptions,
): AsyncGenerator<Step, Learned> {
  const { files, engine = {}, warn, signal } = options;
  await dataFiles(files, way.files(config));
  const lesson = await way.prepare(config, { files, from: undefined, engine, warn });
  try {
    announce(lesson, options, true);
    const updates = updatesOf(way, config, lesson);
    options.begin?.(lesson, updates, 0);
    const some = Math.min(updates ?? Infinity, MEASURED);
    const job = { ...lesson, validate: undefined, write: undefined };
    yield* fit(job, { ...config.training, updates: some, seed: config.seed, signal });
    return { scores: {}, updates: some };
  } finally {
    await lesson.dispose();
  }
}

/** Says what is known before anything is trained; `fresh` is false for a run that is resumed, where it was said before. */
function announce(lesson: Lesson, { memory, warn }: LearnOptions, fresh: boolean): void {
  if (fresh) for (const sentence of duplicateWarnings(lesson.texts ?? {})) warn(sentence);
  if (lesson.memory !== undefined) memory?.(lesson.memory, lesson);
}

/** Updates in all; undefined for a run that is limited by time alone. */
function updatesOf<C extends WayConfig>(way: Way<C>, { training }: C, lesson: Lesson): number | undefined {
  const { updates, epochs, minutes } = training;
  if (epochs === undefined) return updates ?? (minutes === undefined ? way.updates : undefined);
  if (lesson.updatesPerEpoch === undefined) {
    throw new ConfigError(`training.epochs means nothing to heed ${way.name}. Give training.updates instead.`);
  }
  return Math.min(updates ?? Infinity, Math.max(1, Math.round(epochs * lesson.updatesPerEpoch)));
}

/** Puts the weights that are the result into the engine: the best, an average, or the last. */
async function choose(lesson: Lesson, run: Run, { training }: WayConfig): Promise<void> {
  const { patience, averageCheckpoints, movingAverage } = training;
  const { parameters } = lesson;
  if (patience !== undefined && lesson.validate !== undefined) await restore(lesson, await run.bestWeights());
  else if (averageCheckpoints > 1) await restore(lesson, await run.averageOfLast(averageCheckpoints));
  else if (movingAverage > 0) await parameters.write(await parameters.read(AVERAGE));
}

const storedName = ({ stored }: Lesson, name: string): string | undefined =>
  stored === undefined ? name : stored(name);

async function restore(lesson: Lesson, weights: ReadonlyMap<string, HostTensor>): Promise<void> {
  const values = new Map<string, HostTensor>();
  for (const { name } of lesson.parameters.specs) {
    const stored = storedName(lesson, name);
    const value = stored === undefined ? undefined : weights.get(stored);
    if (value !== undefined) values.set(name, value);
  }
  await lesson.parameters.update(values);
}

/** Writes the model folder from all parameters, under their own names. */
function writerOf(lesson: Lesson): (folder: Folder, weights: ReadonlyMap<string, HostTensor>) => Promise<void> {
  return (folder, weights) => {
    const named = [...weights].flatMap(([name, value]) => {
      const stored = storedName(lesson, name);
      return stored === undefined ? [] : [[stored, value] as const];
    });
    return lesson.write(folder, new Map(named));
  };
}

/** The file of a checkpoint with what is trained and is no part of the model. */
const BESIDE = "beside.safetensors";

/** Parameters that are trained and not written to the model's folder: a resumed run needs them, too. */
const besideNames = (lesson: Lesson): string[] =>
  lesson.parameters.specs.flatMap(({ name, trained }) =>
    trained && storedName(lesson, name) === undefined ? [name] : [],
  );

/** Writes a checkpoint: the model's folder, and what is trained beside it. */
function checkpointWriterOf(lesson: Lesson): ReturnType<typeof writerOf> {
  const names = besideNames(lesson);
  return async (folder, weights) => {
    await writerOf(lesson)(folder, weights);
    if (names.length > 0) await writeTensors(folder, BESIDE, new Map(names.map((name) => [name, weights.get(name)!])));
  };
}

async function restoreBeside(lesson: Lesson, folder: ReadableFolder): Promise<void> {
  if (besideNames(lesson).length > 0) await lesson.parameters.update(await readTensors(folder, BESIDE));
}

/** What must not change when a run is resumed. Curves that do not depend on the end of the run may get a new end. */
function settingsOf(
  { name }: Pick<Way, "name">,
  config: WayConfig,
  data: readonly DataFile[],
  { precision = "fp32" }: EngineOptions,
): Record<string, unknown> {
  const { updates, minutes, epochs, patience, ...training } = config.training;
  const dependsOnEnd = training.schedule === "linear" || training.schedule === "cosine";
  const end = dependsOnEnd ? { updates, minutes, epochs } : {};
  // Recomputing changes no number.
  const settings = { ...training, ...end, recompute: undefined };
  const sums = Object.fromEntries(data.map(({ path, sha256 }) => [path, sha256]));
  return { way: name, ...(config as object), training: settings, patience, precision, data: sums };
}
