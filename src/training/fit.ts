/** Fits parameters to an objective: the trainer, the loop and the run folder as one, whatever is learned. */
import type { Folder } from "../files/index.ts";
import type { ModelParameters } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import {
  trainingLoop,
  START,
  type Epoch,
  type Goal,
  type Position,
  type Scores,
  type Step,
  type StopSignal,
} from "./loop.ts";
import { optimizers, type OptimizerName } from "./optimizers.ts";
import type { Group } from "../runtime/index.ts";
import type { Run } from "./run.ts";
import type { ScheduleKind } from "./schedules.ts";
import { Trainer, type Objective } from "./trainer.ts";

/** How long and how fast. */
export interface FitOptions {
  /** The run ends after this many updates, or this many minutes: the one that is given, or the first. */
  readonly updates?: number | undefined;
  readonly minutes?: number | undefined;
  /** Of dropout. Default: 1. */
  readonly seed?: number | undefined;
  /** Default: "adamw". */
  readonly optimizer?: OptimizerName | undefined;
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  /** What keeps the divisor of Adam and Adafactor from zero. */
  readonly epsilon?: number | undefined;
  readonly weightDecay?: number | undefined;
  /** Default: 1. */
  readonly clipNorm?: number | undefined;
  readonly movingAverage?: number | undefined;
  readonly recompute?: boolean | undefined;
  /** Default: "linear". */
  readonly schedule?: ScheduleKind | undefined;
  readonly learningRate: number;
  /** Updates. Default: 0. */
  readonly warmUp?: number | undefined;
  readonly validateEvery?: number | undefined;
  readonly saveEvery?: number | undefined;
  readonly patience?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** The processes that share the work; each is given the same job. Default: this one alone. */
  readonly group?: Group | undefined;
}

/** What is fitted to what. */
export interface FitJob {
  readonly parameters: ModelParameters;
  readonly objective: Objective;
  /** The batches of each epoch, counted from 0. */
  readonly epoch: (number: number) => Epoch;
  /** Judges what was learned so far, between updates. */
  readonly validate?: ((trainer: Trainer) => Promise<Scores>) | undefined;
  /** The score that decides. Default: the lowest `loss`. */
  readonly goal?: Goal | undefined;
  /** What the learning rate of a parameter is multiplied by, by its name. */
  readonly rates?: ((name: string) => number) | undefined;
  /** Entries of the objective beside the loss that each step reports. */
  readonly report?: readonly string[] | undefined;
  /** After how many updates a parameter begins to be trained, by its name. */
  readonly starts?: ((name: string) => number) | undefined;
  /** d_model, for the schedule `noam`. */
  readonly width?: number | undefined;
  /** Where checkpoints and the log go; what it resumed, the parameters must hold already. */
  readonly run?: Run | undefined;
  /** Writes the model's own files of a checkpoint. */
  readonly write?: ((folder: Folder, weights: ReadonlyMap<string, HostTensor>) => Promise<void>) | undefined;
}

/** The trainer of a job, with the state of the optimizer that the run resumed. */
export async function trainerOf(job: FitJob, options: FitOptions): Promise<Trainer> {
  const { parameters, objective, rates, starts, report, run } = job;
  const {
    seed = 1,
    optimizer = "adamw",
    beta1,
    beta2,
    epsilon,
    clipNorm = 1,
    weightDecay,
    movingAverage,
    recompute,
    group,
  } = options;
  const how = {
    optimizer: optimizers[optimizer]({ beta1, beta2, epsilon }),
    seed,
    clipNorm,
    weightDecay,
    movingAverage,
  };
  const trainer = await Trainer.create(
    parameters.engine,
    objective,
    { ...how, recompute, rates, starts, report, group },
    parameters,
  );
  if (run?.resumed !== undefined) await trainer.restore(run.resumed.state);
  if (group !== undefined) await trainer.share();
  return trainer;
}

/**
 * Trains until the limit, the patience or the signal ends it; yields after each update. What was learned is in the
 * parameters themselves, also after a break. Throws TrainingError where the loss is no longer finite, LostRankError
 * where a process of the group is lost.
 */
export async function* fit(job: FitJob, options: FitOptions): AsyncGenerator<Step, Trainer> {
  const { run, write, validate } = job;
  const trainer = await trainerOf(job, options);
  const save =
    run && write && ((position: Position, score: number | undefined) => run.save(trainer, position, score, write));
  const { schedule: kind = "linear", learningRate: peak, warmUp = 0 } = options;
  yield* trainingLoop({
    trainer,
    epoch: job.epoch,
    schedule: { kind, peak, warmUp, width: job.width },
    updates: options.updates,
    seconds: options.minutes === undefined ? undefined : options.minutes * 60,
    validate: validate && (() => validate(trainer)),
    validateEvery: options.validateEvery,
    patience: options.patience,
    goal: job.goal,
    record: run && ((step) => run.record(step)),
    save,
    saveEvery: options.saveEvery,
    signal: options.signal,
    group: options.group,
    from: run?.resumed?.position ?? START,
  });
  return trainer;
}
