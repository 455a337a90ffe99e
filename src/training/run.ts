/** A training run in a folder: checkpoints, log and resume around the loop. */
import {
  openCheckpoint,
  openLog,
  openRun,
  openWeights,
  readAllWeights,
  readTensors,
  stepsOf,
  writeTensors,
  type Checkpoint,
  type LogRecord,
  type RunFolder,
  type RunLog,
} from "../checkpoints/index.ts";
import { CheckpointError, ConfigError, TrainingError } from "../errors/index.ts";
import { readJson, type Folder, type ReadableFolder } from "../files/index.ts";
import { firstNotFinite } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { alone, fromFirst, type Group } from "../runtime/index.ts";
import type { Goal, Position, Step } from "./loop.ts";
import { eventFileHeader, eventFileName, eventRestart, eventScalars, isEventFile } from "./tensorboard.ts";
import { CALMER, type Trainer } from "./trainer.ts";

const STATE = "optimizer.safetensors";
const POSITION = "training.json";
const LOG = "log.jsonl";

/** How a run folder is opened. */
export interface RunSettings {
  readonly folder: Folder;
  /** What must be the same when a run is resumed: config, data, seed. Kept beside each checkpoint. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly resume: boolean;
  /** Removes a run that the folder holds, once no other process writes into it. */
  readonly replace?: boolean | undefined;
  /** How many of the last checkpoints are kept. */
  readonly keep?: number | undefined;
  /** Which scores of checkpoints are better. Default: lower ones, as of a loss. */
  readonly better?: Goal["better"] | undefined;
  readonly warn: (message: string) => void;
  /** The processes that train together: rank 0 writes, the others read its checkpoints. Default: this one alone. */
  readonly group?: Group | undefined;
}

/** What a resumed run goes on from. */
export interface Resumed {
  readonly position: Position;
  readonly state: ReadonlyMap<string, Float32Array>;
  /** The checkpoint, which is also a model folder. */
  readonly folder: ReadableFolder;
}

/** A run folder open for writing; of several processes, rank 0's is, and what the others save and record is nothing. */
export class Run {
  readonly folder: Folder;
  /** Undefined for a process that does not write. */
  readonly #run: RunFolder | undefined;
  readonly #settings: RunSettings["settings"];
  #log: RunLog | undefined;
  #resumed: Resumed | undefined;
  #events = "";

  private constructor(folder: Folder, run: RunFolder | undefined, settings: RunSettings["settings"]) {
    this.folder = folder;
    this.#run = run;
    this.#settings = settings;
  }

  /**
   * Takes the folder for writing and, with `resume`, finds the newest whole checkpoint.
   * Throws ConfigError where the folder holds a run and `resume` was not asked for, or where the settings
   * differ from those of the run or within a group, TrainingError where another process writes into it.
   */
  static async open(options: RunSettings): Promise<Run> {
    const { folder, settings, group = alone } = options;
    await requireSameSettings(group, settings);
    if (group.rank === 0) {
      const run = await Run.#take(options);
      await group.gather(run.#resumed?.position.update);
      return run;
    }
    const run = new Run(folder, undefined, settings);
    const step = await fromFirst<number | undefined>(group, undefined);
    if (step !== undefined) run.#resumed = await run.#load(await openCheckpoint(folder, step));
    return run;
  }

  static async #take({ folder, settings, resume, replace = false, keep, better, warn }: RunSettings): Promise<Run> {
    const run = await openRun(folder, {
      ...(keep !== undefined && { keep }),
      ...(better !== undefined && { better }),
      warn,
    });
    try {
      if (replace) await folder.remove("checkpoints");
      const opened = new Run(folder, run, settings);
      const checkpoint = await run.latest();
      if (checkpoint !== undefined && !resume) {
        throw new ConfigError(
          `${folder.describe()} already holds a run (its last checkpoint is of update ${checkpoint.step}). ` +
            `Give --resume to go on with it, or another folder.`,
        );
      }
      if (checkpoint !== undefined) opened.#resumed = await opened.#load(checkpoint);
      // A log without a single checkpoint is that of a run killed before its first save: that run starts again.
      else await removeLogs(folder);
      opened.#log = await openLog(folder, LOG, checkpoint === undefined ? undefined : { step: checkpoint.step });
      await opened.#startEvents(checkpoint?.step);
      return opened;
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  /** What to go on from; undefined for a new run. */
  get resumed(): Resumed | undefined {
    return this.#resumed;
  }

  async #startEvents(resumedAt: number | undefined): Promise<void> {
    const wallTime = Date.now() / 1000;
    this.#events = eventFileName(wallTime);
    await this.folder.append(this.#events, eventFileHeader(wallTime));
    if (resumedAt === undefined) return;
    await this.folder.append(this.#events, eventRestart({ wallTime, step: resumedAt + 1 }));
  }

  async #load({ folder }: Checkpoint): Promise<Resumed> {
    const { position, settings } = (await readJson(folder, POSITION)) as { position: Position; settings: LogRecord };
    const differing = differences(settings, this.#settings);
    if (differing.length > 0) {
      throw new ConfigError(
        `${folder.describe()} was trained with other settings: ${differing.join("; ")}. ` +
          `Resume with the settings of the run, or start a new one in another folder.`,
      );
    }
    const state = new Map<string, Float32Array>();
    for (const [name, tensor] of await readTensors(folder, STATE)) state.set(name, tensor.data as Float32Array);
    return { position, state, folder };
  }

  /**
   * Saves a checkpoint: the model's own files by `writeModel`, the optimizer's state and the position.
   * Throws TrainingError, and saves nothing, where a value is not finite.
   */
  async save(
    trainer: Trainer,
    position: Position,
    score: number | undefined,
    writeModel: (folder: Folder, weights: ReadonlyMap<string, HostTensor>) => Promise<void>,
  ): Promise<void> {
    if (this.#run === undefined) return;
    const weights = await trainer.parameters.read();
    const state = new Map<string, HostTensor>();
    for (const [name, data] of await trainer.state()) state.set(name, { dtype: "float32", shape: [data.length], data });
    requireFinite(position.update, weights, state);
    await this.#log?.sync();
    const write = async (aside: Folder): Promise<void> => {
      await writeModel(aside, weights);
      await writeTensors(aside, STATE, state);
      await aside.write(POSITION, `${JSON.stringify({ position, settings: this.#settings }, undefined, 2)}\n`);
    };
    await this.#run.save(position.update, write, score);
  }

  /** Adds a step to the log, as a line of JSON and as TensorBoard events. */
  async record({ position, targets, validation, reports, ...step }: Step): Promise<void> {
    if (this.#run === undefined) return;
    const flat = Object.entries(validation ?? {}).map(([name, value]) => [`validation_${name}`, value] as const);
    const { update, ...numbers } = step;
    const record = { step: update, targets, ...numbers, ...reports, ...Object.fromEntries(flat) };
    await this.#log?.write(record);
    const scalars = {
      loss: step.loss,
      learningRate: step.learningRate,
      gradientNorm: step.gradientNorm,
      ...reports,
      ...Object.fromEntries(flat),
    };
    await this.folder.append(
      this.#events,
      eventScalars({ wallTime: Date.now() / 1000, step: position.update }, scalars),
    );
  }

  /** The weights of the checkpoint with the best score. */
  async bestWeights(): Promise<Map<string, HostTensor>> {
    const best = await this.#run?.best();
    if (best === undefined) throw new CheckpointError(`${this.folder.describe()} has no checkpoint with a score.`);
    return readAllWeights(await openWeights(best.folder));
  }

  /** The weights of the last `count` checkpoints, averaged (Vaswani et al. 2017, section 6.1). */
  async averageOfLast(count: number): Promise<Map<string, HostTensor>> {
    const steps = (await stepsOf(this.folder)).slice(-count);
    if (steps.length === 0) throw new CheckpointError(`${this.folder.describe()} has no checkpoint to average.`);
    let sums: Map<string, HostTensor> | undefined;
    for (const step of steps) {
      const { folder } = await openCheckpoint(this.folder, step);
      const weights = await readAllWeights(await openWeights(folder));
      sums = sums === undefined ? weights : added(sums, weights);
    }
    for (const { data } of sums!.values())
      for (let i = 0; i < data.length; i++) (data as Float32Array)[i]! /= steps.length;
    return sums!;
  }

  /** Gives the folder free. */
  async close(): Promise<void> {
    await this.#run?.close();
  }
}

/** Processes that read other files or options would train on other batches, and never meet. */
async function requireSameSettings(group: Group, settings: RunSettings["settings"]): Promise<void> {
  const given = await group.gather(JSON.stringify(settings));
  for (const [rank, other] of given.entries()) {
    const differing = differences(JSON.parse(given[0]!) as LogRecord, JSON.parse(other) as LogRecord);
    if (differing.length === 0) continue;
    throw new ConfigError(
      `Rank ${rank} was started with other settings or data than rank 0: ${differing.join("; ")}. ` +
        `Give all ranks the same command line and the same files.`,
    );
  }
}

async function removeLogs(folder: Folder): Promise<void> {
  await folder.remove(LOG);
  for (const { name } of await folder.list()) if (isEventFile(name)) await folder.remove(name);
}

/** An update can overflow though its loss and gradients were finite: such weights must not become the last checkpoint. */
function requireFinite(
  update: number,
  weights: ReadonlyMap<string, HostTensor>,
  state: ReadonlyMap<string, HostTensor>,
): void {
  const weight = firstNotFinite(weights);
  const bad = weight === undefined ? firstNotFinite(state) : `the parameter ${weight}`;
  if (bad === undefined) return;
  throw new TrainingError(
    `Update ${update} made ${weight === undefined ? `the optimizer's ${bad}` : bad} infinite or not a number. ` +
      `What was saved before is intact. ${CALMER}`,
  );
}

function added(sums: Map<string, HostTensor>, weights: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
  for (const [name, { data }] of weights) {
    const sum = sums.get(name)!.data as Float32Array;
    for (let i = 0; i < sum.length; i++) sum[i]! += (data as Float32Array)[i]!;
  }
  return sums;
}

/** "seed was 1, now 2" for each setting that differs. */
function differences(before: LogRecord, now: LogRecord): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const show = (value: unknown): string => (value === undefined ? "absent" : JSON.stringify(value));
  return keys.flatMap((key) => {
    const [a, b] = [before[key], now[key]];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (key === "data") return ["the training text was another one"];
    const nested = isRecord(a) && isRecord(b);
    return nested ? differences(a, b).map((line) => `${key}.${line}`) : [`${key} was ${show(a)}, now ${show(b)}`];
  });
}

const isRecord = (value: unknown): value is LogRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);
