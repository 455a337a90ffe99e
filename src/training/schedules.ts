/** Learning rates by update, as functions. Updates count from 1. */
import { ConfigError } from "../errors/index.ts";

/** The schedules; `learningRate` says what each computes. */
export const scheduleKinds = ["noam", "inverse-sqrt", "linear", "cosine", "constant"] as const;
/** The name of a schedule. */
export type ScheduleKind = (typeof scheduleKinds)[number];

/** A curve of learning rates. */
export interface ScheduleOptions {
  readonly kind: ScheduleKind;
  /** The highest learning rate; for `noam` a factor on the paper's rate. */
  readonly peak: number;
  /** Updates until the peak is reached, rising linearly. */
  readonly warmUp: number;
  /** d_model, for `noam` only. */
  readonly width?: number | undefined;
  /** The rate at the end as a share of the peak, for `linear` and `cosine`. Default 0. */
  readonly floor?: number | undefined;
}

/**
 * The learning rate of an update. `progress` is how much of the run is done, from 0 to 1: `linear` and `cosine` fall
 * with it, whether the run is limited by updates or by time.
 *
 * - `noam`: peak · width^−½ · min(update^−½, update · warmUp^−1½) (Vaswani et al. 2017, eq. 3);
 * - `inverse-sqrt`: peak · √(warmUp / update) after the warm-up (fairseq's name for the same curve);
 * - `linear`, `cosine`: from the peak down to the floor at the end of the run (cosine: Loshchilov and Hutter 2017).
 */
export function learningRate(options: ScheduleOptions, update: number, progress: number): number {
  const { kind, peak, warmUp, width, floor = 0 } = options;
  if (kind === "noam") {
    if (width === undefined) throw new ConfigError('The schedule "noam" needs the width of the model.');
    return peak * width ** -0.5 * Math.min(update ** -0.5, update * Math.max(warmUp, 1) ** -1.5);
  }
  if (update < warmUp) return (peak * update) / warmUp;
  if (kind === "constant") return peak;
  if (kind === "inverse-sqrt") return peak * Math.sqrt(Math.max(warmUp, 1) / update);
  const left = 1 - Math.min(Math.max(progress, 0), 1);
  const share = kind === "linear" ? left : 0.5 * (1 - Math.cos(Math.PI * left));
  return peak * (floor + (1 - floor) * share);
}
