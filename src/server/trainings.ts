/** The trainings that this process runs itself, and what a page may do with them. */
import { resolve } from "node:path";
import { Refusal } from "./refusal.ts";

/** What may be asked of a training. */
export const trainingActions = ["pause", "resume", "stop", "branch"] as const;
export type TrainingAction = (typeof trainingActions)[number];

/** A training in this process. */
export interface Training {
  /** The folder of its run. */
  readonly path: string;
  readonly state: "running" | "paused" | "ended";
  /** Does it; throws InputError or ConfigError where it cannot be done now. */
  act(action: TrainingAction, details: unknown): Promise<void>;
}

/** Trainings by folder. */
export class Trainings {
  readonly #all = new Map<string, Training>();

  add(training: Training): void {
    this.#all.set(resolve(training.path), training);
  }

  /** What a page may know: the state of a training of this process; null for the runs of others. */
  stateOf(path: string): Training["state"] | null {
    return this.#all.get(resolve(path))?.state ?? null;
  }

  /** Throws Refusal (409) for a run that another process trains, or nobody does. */
  of(path: string): Training {
    const found = this.#all.get(resolve(path));
    if (found !== undefined) return found;
    throw new Refusal(
      409,
      "InputError",
      "This training was not started by this studio, so it cannot be steered from here. Start it with --studio.",
    );
  }
}
