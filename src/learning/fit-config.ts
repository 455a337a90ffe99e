/** The section `training` of every config file: how long, how fast, how careful. */
import { z } from "zod";
import { optimizers, scheduleKinds, type OptimizerName, type ScheduleKind } from "../training/index.ts";

const whole = z.int().positive();
const share = z.number().min(0).lt(1);

/** What is usual for a way of learning. */
export interface FitDefaults {
  readonly learningRate: number;
  readonly batchTokens?: number;
  readonly optimizer?: OptimizerName;
  readonly schedule?: ScheduleKind;
  readonly warmUp?: number;
  readonly weightDecay?: number;
  readonly updates?: number;
}

/** The keys of the section, by name. */
export function fitKeys({
  learningRate,
  batchTokens = 4096,
  optimizer = "adamw",
  schedule = "linear",
  warmUp = 0,
  weightDecay = 0.01,
}: FitDefaults) {
  return {
    /** Where neither updates nor minutes nor epochs are given, the way's own number of updates. */
    updates: whole.optional(),
    minutes: z.number().positive().optional(),
    epochs: z.number().positive().optional(),
    batchTokens: whole.default(batchTokens),
    accumulate: whole.default(1),
    optimizer: z.enum(Object.keys(optimizers) as [OptimizerName]).default(optimizer),
    beta1: share.optional(),
    beta2: share.optional(),
    epsilon: z.number().positive().optional(),
    weightDecay: z.number().min(0).default(weightDecay),
    clipNorm: z.number().min(0).default(1),
    movingAverage: share.default(0),
    averageCheckpoints: whole.default(1),
    schedule: z.enum(scheduleKinds).default(schedule),
    learningRate: z.number().positive().default(learningRate),
    warmUp: z.int().min(0).default(warmUp),
    validateEvery: whole.default(200),
    saveEvery: whole.default(200),
    keepCheckpoints: whole.default(3),
    patience: whole.optional(),
    recompute: z.boolean().default(false),
  };
}

/** The section as a way of learning has it. */
export const fitSection = (defaults: FitDefaults) => z.strictObject(fitKeys(defaults)).prefault({});
/** The section's values. */
export type FitConfig = z.infer<ReturnType<typeof fitSection>>;
