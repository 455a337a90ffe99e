/** The training loop: an async iterator over updates. Whoever iterates may log, plot, stop or break out of it. */
import { HeedError, LostRankError, TrainingError } from "../errors/index.ts";
import type { StopSignal } from "../generation/index.ts";
import { alone, fromFirst, type Group } from "../runtime/index.ts";
import { learningRate, type ScheduleOptions } from "./schedules.ts";
import type { Batch, StepResult, Trainer } from "./trainer.ts";

export type { StopSignal };

/** The batches of an epoch. The same epoch always has the same batches, so a run resumes in its middle. */
export interface Epoch {
  readonly length: number;
  /** Batch `index`, in one part or several. */
  batch(index: number): readonly Batch[];
}

/** Where a run stands. All that is needed to go on, beside the residents. */
export interface Position {
  /** Updates done. */
  readonly update: number;
  readonly epoch: number;
  /** Batches done in this epoch. */
  readonly index: number;
  /** Seconds spent training, over all resumes. */
  readonly seconds: number;
  /** The best score of a validation so far, and the validations since without a better one. */
  readonly best?: number | undefined;
  readonly sinceBest: number;
}

/** The beginning of a run. */
export const START: Position = { update: 0, epoch: 0, index: 0, seconds: 0, sinceBest: 0 };

/** Scores of a validation, by name. */
export type Scores = Readonly<Record<string, number>>;

/** Which of the scores counts, and which way it is better. */
export interface Goal {
  readonly score: string;
  readonly better: "lower" | "higher";
}

/** The goal where none is named. */
export const LOWEST_LOSS: Goal = { score: "loss", better: "lower" };

/** What a loop trains on, how long, and when it validates and saves. */
export interface LoopOptions {
  readonly trainer: Trainer;
  readonly epoch: (epoch: number) => Epoch;
  readonly schedule: ScheduleOptions;
  /** The run ends after this many updates, or this many seconds of training: the one that is given, or the first. */
  readonly updates?: number | undefined;
  readonly seconds?: number | undefined;
  /** Judges the model by named scores, and after how many updates. */
  readonly validate?: (() => Promise<Scores>) | undefined;
  readonly validateEvery?: number | undefined;
  /** Ends the run after this many validations without a better score. */
  readonly patience?: number | undefined;
  /** The score that patience and the best checkpoint go by. Default: the lowest `loss`. */
  readonly goal?: Goal | undefined;
  /** Writes a step to a log, before the step's checkpoint is saved. */
  readonly record?: ((step: Step) => Promise<void>) | undefined;
  /** Saves a checkpoint, and after how many updates. The last update always saves one. */
  readonly save?: ((position: Position, score: number | undefined) => Promise<void>) | undefined;
  readonly saveEvery?: number | undefined;
  readonly signal?: StopSignal | undefined;
  readonly from?: Position | undefined;
  /** The processes that run this loop together; rank 0's clock and scores decide for all. Default: this one alone. */
  readonly group?: Group | undefined;
}

/** What one update did. */
export interface Step extends StepResult {
  readonly update: number;
  readonly epoch: number;
  readonly learningRate: number;
  /** How much of the run is done, from 0 to 1. */
  readonly progress: number;
  /** Seconds spent training so far. */
  readonly seconds: number;
  /** The scores, where this update was followed by a validation. */
  readonly validation?: Scores | undefined;
  readonly position: Position;
}

type Place = Pick<Position, "epoch" | "index">;

/** The batches of a run by their place. The next one is made before its turn, while the engine is at work. */
class Batches {
  readonly #open: (epoch: number) => Epoch;
  #epoch: { readonly number: number; readonly batches: Epoch } | undefined;
  #ready: { readonly place: Place; readonly batch: readonly Batch[] } | undefined;

  constructor(open: (epoch: number) => Epoch) {
    this.#open = open;
  }

  #batches(epoch: number): Epoch {
    if (this.#epoch?.number !== epoch) this.#epoch = { number: epoch, batches: this.#open(epoch) };
    return this.#epoch.batches;
  }

  /** The same place, or the next epoch's first where this epoch is over. */
  settle({ epoch, index }: Place): Place {
    return index < this.#batches(epoch).length ? { epoch, index } : { epoch: epoch + 1, index: 0 };
  }

  /** The batch of a settled place. */
  at({ epoch, index }: Place): readonly Batch[] {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready?.place.epoch === epoch && ready.place.index === index) return ready.batch;
    return this.#batches(epoch).batch(index);
  }

  /** Makes the batch that comes next. What goes wrong waits for its turn: the present step must not be lost. */
  prepare(next: Place): void {
    try {
      const place = this.settle(next);
      this.#ready = { place, batch: this.at(place) };
    } catch {
      this.#ready = undefined;
    }
  }
}

/** What stays when a loop is broken off. */
interface Reached {
  position: Position;
  /** The update of the last checkpoint. */
  saved: number;
  /** A step that the log does not have yet. */
  unrecorded: Step | undefined;
}

/**
 * Trains until the limit, the patience or the signal ends it. Yields after each update; an update is recorded, and its
 * checkpoint saved, before the step is yielded, so breaking out loses nothing that a step announced.
 * Throws TrainingError where the loss is no longer finite; the last checkpoint then stands. Where another process of
 * the group is lost, it saves the last whole update before it throws LostRankError.
 */
export async function* trainingLoop(options: LoopOptions): AsyncGenerator<Step, Position> {
  const { updates = Infinity, seconds = Infinity, from: position = START } = options;
  if (updates === Infinity && seconds === Infinity) throw new HeedError("A run needs a number of updates or a time.");
  const reached: Reached = { position, saved: position.update, unrecorded: undefined };
  try {
    yield* steps(options, reached);
  } catch (error) {
    if (!(error instanceof LostRankError)) throw error;
    throw new LostRankError(`${error.message} ${await rescue(options, reached)}`, { cause: error });
  }
  return reached.position;
}

async function* steps(options: LoopOptions, reached: Reached): AsyncGenerator<Step, void> {
  const { trainer, updates = Infinity, seconds: limit = Infinity, signal, patience = Infinity } = options;
  const { goal = LOWEST_LOSS, group = alone } = options;
  const batches = new Batches(options.epoch);
  const started = performance.now() - reached.position.seconds * 1000;
  const elapsed = (): number => (performance.now() - started) / 1000;
  /** What all processes go by: rank 0's clock, and whether anybody wants to stop. */
  const agreed = async (): Promise<{ seconds: number; stopping: boolean }> => {
    const wishes = await group.sum([group.rank === 0 ? elapsed() : 0, signal?.aborted === true ? 1 : 0]);
    return { seconds: wishes[0]!, stopping: wishes[1]! > 0 };
  };
  const progress = (update: number, time: number): number => Math.min(1, Math.max(update / updates, time / limit));
  let { position } = reached;
  let over = position.update >= updates || position.seconds >= limit || position.sinceBest >= patience;
  let now = await agreed();
  while (!over && !now.stopping) {
    position = { ...position, ...batches.settle(position) };
    const update = position.update + 1;
    const rate = learningRate(options.schedule, update, progress(position.update, now.seconds));
    const stepping = trainer.step(update, batches.at(position), rate);
    const next = { epoch: position.epoch, index: position.index + 1 };
    if (update < updates) batches.prepare(next);
    const result = await stepping;
    // From here on the parameters are those of this update, whatever becomes of the other processes.
    position = { ...position, ...next, update, seconds: elapsed() };
    const done = { ...result, update, epoch: position.epoch, learningRate: rate };
    const stepAt = (validation?: Scores): Step => {
      const { seconds } = position;
      return { ...done, progress: progress(update, seconds), position, seconds, validation };
    };
    reached.position = position;
    reached.unrecorded = stepAt();
    now = await agreed();
    over = update >= updates || now.seconds >= limit;
    const validation = await validate(options, update, over || now.stopping);
    if (validation !== undefined) {
      position = judged(position, scoreOf(validation, goal), goal);
      now = await agreed();
    }
    over ||= position.sinceBest >= patience;
    reached.position = position = { ...position, seconds: now.seconds };
    // With patience the best weights are the result, so they are saved whenever they are found.
    const due =
      update % (options.saveEvery ?? Infinity) === 0 || (patience !== Infinity && isBest(position, validation));
    const step = stepAt(validation);
    // The record comes first: a checkpoint must not know of an update that the log does not.
    await options.record?.(step);
    reached.unrecorded = undefined;
    if (over || now.stopping || due) {
      await save(options, reached, validation === undefined ? undefined : scoreOf(validation, goal));
    }
    yield step;
    now = await agreed();
  }
  // The signal may come while whoever iterates is busy with a step.
  if (reached.saved !== position.update) await save(options, reached);
}

async function save({ trainer, group, ...options }: LoopOptions, reached: Reached, score?: number): Promise<void> {
  const { position } = reached;
  if (group !== undefined) await trainer.requireSame(position.update);
  await options.save?.(position, score);
  reached.saved = position.update;
}

/** Saves what was reached, and says so. */
async function rescue(options: LoopOptions, { position, saved, unrecorded }: Reached): Promise<string> {
  const { update } = position;
  if (options.save === undefined) return `The run ended after update ${update}.`;
  if (unrecorded !== undefined) await options.record?.(unrecorded);
  if (saved !== update) await options.save(position, undefined);
  return (
    `The run ended after update ${update}, and the checkpoint of that update is saved: the same command with --resume ` +
    `goes on from there, with any number of ranks.`
  );
}

async function validate(options: LoopOptions, update: number, last: boolean): Promise<Scores | undefined> {
  const { validate: judge, validateEvery = Infinity, group = alone } = options;
  if (judge === undefined || (!last && update % validateEvery !== 0)) return undefined;
  return fromFirst(group, group.rank === 0 ? await judge() : undefined);
}

function scoreOf(validation: Scores, { score }: Goal): number {
  const found = validation[score];
  if (found !== undefined) return found;
  throw new TrainingError(
    `There is no score "${score}" to go by. The scores of this validation are ${Object.keys(validation).join(", ")}.`,
  );
}

const isBest = ({ sinceBest }: Position, validation: object | undefined): boolean =>
  validation !== undefined && sinceBest === 0;

/** The position after a validation with this score. */
export function judged(position: Position, score: number, { better }: Goal): Position {
  const { best } = position;
  const improved = best === undefined || (better === "lower" ? score < best : score > best);
  return improved ? { ...position, best: score, sinceBest: 0 } : { ...position, sinceBest: position.sinceBest + 1 };
}
