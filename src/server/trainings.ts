/** The trainings that this process runs itself, and what a page may do with them. */
import { realPath } from "../files/disk.ts";
import { Refusal } from "./refusal.ts";

/** What may be asked of a training. */
export const trainingActions = ["pause", "resume", "stop", "branch"] as const;
export type TrainingAction = (typeof trainingActions)[number];

/** How far a training is; one that is stopping ends its update and saves a checkpoint. */
export type TrainingState = "running" | "stopping" | "paused" | "ended";

/** A training in this process. */
export interface Training {
  /** The folder of its run. */
  readonly path: string;
  readonly state: TrainingState;
  /**
   * Does it; a branch is a training of its own, which is given back. Throws InputError or ConfigError for details that
   * cannot be used, and Refusal (409) for what cannot be done in this state.
   */
  act(action: TrainingAction, details: unknown): Promise<Training | undefined>;
}

/** Trainings, found by their folders. */
export class Trainings {
  readonly #all: Training[] = [];

  add(training: Training): void {
    this.#all.push(training);
  }

  /** What a page may know: the state of a training of this process; null for the runs of others. */
  async stateOf(path: string): Promise<TrainingState | null> {
    return (await this.#find(path))?.state ?? null;
  }

  /** Throws Refusal (409) for a run that another process trains, or nobody does. */
  async of(path: string): Promise<Training> {
    const found = await this.#find(path);
    if (found !== undefined) return found;
    throw new Refusal(
      409,
      "InputError",
      "This training was not started by this studio, so it cannot be steered from here. Start it with --studio.",
    );
  }

  async #find(path: string): Promise<Training | undefined> {
    if (this.#all.length === 0) return undefined;
    const wanted = await realPath(path);
    for (const one of this.#all) if ((await realPath(one.path)) === wanted) return one;
    return undefined;
  }
}
