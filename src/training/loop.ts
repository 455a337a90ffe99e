/** The training loop: an async iterator over updates. Whoever iterates may log, plot, stop or break out of it. */
import { HeedError, TrainingError } from "../errors/index.ts";
import type { StopSignal } from "../generation/index.ts";
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

/**
 * Trains until the limit, the patience or the signal ends it. Yields after each update; an update is recorded, and its
 * checkpoint saved, before the step is yielded, so breaking out loses nothing that a step announced.
 * Throws TrainingError where the loss is no longer finite; the last checkpoint then stands.
 */
export async function* trainingLoop(options: LoopOptions): AsyncGenerator<Step, Position> {
  const { trainer, updates = Infinity, seconds: limit = Infinity, signal, patience = Infinity } = options;
  const { goal = LOWEST_LOSS } = options;
  if (updates === Infinity && limit === Infinity) throw new HeedError("A run needs a number of updates or a time.");
  let position = options.from ?? START;
  const batches = new Batches(options.epoch);
  const started = performance.now() - position.seconds * 1000;
  const elapsed = (): number => (performance.now() - started) / 1000;
  const progress = (update: number): number => Math.min(1, Math.max(update / updates, elapsed() / limit));
  let over = position.update >= updates || position.seconds >= limit || position.sinceBest >= patience;
  let saved = position.update;
  while (!over && signal?.aborted !== true) {
    position = { ...position, ...batches.settle(position) };
    const update = position.update + 1;
    const rate = learningRate(options.schedule, update, progress(position.update));
    const stepping = trainer.step(update, batches.at(position), rate);
    const next = { epoch: position.epoch, index: position.index + 1 };
    if (update < updates) batches.prepare(next);
    const result = await stepping;
    position = { ...position, ...next, update, seconds: elapsed() };
    const stopping = (): boolean => signal?.aborted === true;
    over = update >= updates || elapsed() >= limit;
    const validation = await validate(options, update, over || stopping());
    if (validation !== undefined) position = judged(position, scoreOf(validation, goal), goal);
    over ||= position.sinceBest >= patience;
    position = { ...position, seconds: elapsed() };
    // With patience the best weights are the result, so they are saved whenever they are found.
    const due =
      update % (options.saveEvery ?? Infinity) === 0 || (patience !== Infinity && isBest(position, validation));
    const done = { ...result, update, epoch: position.epoch, learningRate: rate, progress: progress(update), position };
    const step: Step = { ...done, seconds: position.seconds, validation };
    // The record comes first: a checkpoint must not know of an update that the log does not.
    await options.record?.(step);
    if (over || stopping() || due) {
      await options.save?.(position, validation === undefined ? undefined : scoreOf(validation, goal));
      saved = update;
    }
    yield step;
  }
  // The signal may come while whoever iterates is busy with a step.
  if (saved !== position.update) await options.save?.(position, undefined);
  return position;
}

async function validate(options: LoopOptions, update: number, last: boolean): Promise<Scores | undefined> {
  const { validate: judge, validateEvery = Infinity } = options;
  return judge === undefined || (!last && update % validateEvery !== 0) ? undefined : judge();
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
