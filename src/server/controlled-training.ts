/** A training that can be paused, resumed, stopped and branched while it runs. */
import { dirname, join } from "node:path";
import { z } from "zod";
import { InputError } from "../errors/index.ts";
import { diskFolder } from "../files/disk.ts";
import { branchRun, type StopSignal } from "../training/index.ts";
import { Refusal } from "./refusal.ts";
import type { Training, TrainingAction, TrainingState } from "./trainings.ts";

/** How a run is started. */
export interface RunStart {
  readonly path: string;
  readonly resume: boolean;
  /** When it is set, the run ends its update, saves a checkpoint and returns. */
  readonly signal: StopSignal;
  /** Settings of the section `training` that differ: those of a branch. */
  readonly changed: Readonly<Record<string, unknown>>;
}

/** What is controlled. */
export interface ControlledRun<S, R> {
  readonly path: string;
  readonly resume: boolean;
  /** Starts the run, or goes on with it. */
  readonly start: (run: RunStart) => AsyncGenerator<S, R>;
  /** Throws ConfigError where the settings of a branch cannot be used. */
  readonly check: (changed: RunStart["changed"]) => void;
  /** Frees what a run returned that is gone on with, or that nobody takes. */
  readonly discard: (result: R) => Promise<void>;
  /** Told how a branch ended, in words. */
  readonly tell: (message: string) => void;
}

const branchDetails = z.strictObject({
  step: z.int().nonnegative(),
  name: z.string().regex(/^\w[\w.-]*$/, "letters, digits, dots and dashes were expected"),
  training: z.record(z.string(), z.unknown()).default({}),
});

/** Milliseconds between two looks at the signal while nothing runs. */
const PACE = 100;

export class ControlledTraining<S, R> implements Training {
  readonly path: string;
  readonly #run: ControlledRun<S, R>;
  readonly #changed: RunStart["changed"];
  readonly #branches: Promise<void>[] = [];
  #outer: StopSignal = { aborted: false };
  #wish: "pause" | "stop" | "resume" | undefined;
  #state: TrainingState = "running";
  #stopped = false;

  constructor(run: ControlledRun<S, R>, changed: RunStart["changed"] = {}) {
    this.path = run.path;
    this.#run = run;
    this.#changed = changed;
  }

  get state(): TrainingState {
    return this.#state === "running" && this.#wish !== undefined ? "stopping" : this.#state;
  }

  /** Whether somebody has stopped it before its end. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The steps of the run, over all its pauses, until it is done or stopped; the result is that of its last part. */
  async *steps(outer: StopSignal): AsyncGenerator<S, R> {
    this.#outer = outer;
    const { start, discard, path } = this.#run;
    const stopping = (): boolean => outer.aborted || this.#wish === "pause" || this.#wish === "stop";
    const signal = {
      get aborted() {
        return stopping();
      },
    };
    try {
      for (let { resume } = this.#run; ; resume = true) {
        this.#state = "running";
        const result = yield* start({ path, resume, signal, changed: this.#changed });
        if (this.#wish !== "pause" || !(await this.#resumed(outer))) return result;
        await discard(result);
      }
    } finally {
      this.#state = "ended";
      this.#wish = undefined;
    }
  }

  async act(action: TrainingAction, details: unknown): Promise<Training | undefined> {
    const { state } = this;
    const possible = {
      pause: state === "running",
      resume: state === "paused",
      stop: state === "running" || state === "paused",
      branch: state === "paused" || state === "ended",
    };
    if (!possible[action]) {
      const advice = action === "branch" ? " Pause it first: two trainings at once take twice the time." : "";
      throw new Refusal(409, "InputError", `The training is ${state}; it cannot ${action} now.${advice}`);
    }
    if (action === "branch") return this.#branch(details);
    this.#wish = action;
    this.#stopped = action === "stop";
    return undefined;
  }

  /** Waits for the branches, which end with the signal that `steps` was given. */
  async branchesEnded(): Promise<void> {
    await Promise.all(this.#branches);
  }

  /** Waits until a paused run is to go on; false where it is to end. */
  async #resumed(outer: StopSignal): Promise<boolean> {
    this.#state = "paused";
    this.#wish = undefined;
    while (this.#waiting(outer)) await new Promise((resolve) => setTimeout(resolve, PACE));
    const goesOn = this.#wished() === "resume" && !outer.aborted;
    this.#wish = undefined;
    return goesOn;
  }

  #waiting(outer: StopSignal): boolean {
    return this.#wished() === undefined && !outer.aborted;
  }

  #wished(): "pause" | "stop" | "resume" | undefined {
    return this.#wish;
  }

  async #branch(details: unknown): Promise<Training> {
    const found = branchDetails.safeParse(details);
    if (!found.success) {
      const { path, message } = found.error.issues[0]!;
      throw new InputError(`${path.join(".") || "The branch"} is not as expected: ${message}.`);
    }
    const { step, name, training: changed } = found.data;
    const together = { ...this.#changed, ...changed };
    this.#run.check(together);
    const path = join(dirname(this.path), name);
    await branchRun(diskFolder(this.path), step, diskFolder(path), changed);
    const branch = new ControlledTraining({ ...this.#run, path, resume: true }, together);
    this.#branches.push(branch.#drain(this.#outer));
    return branch;
  }

  /** Runs to the end; what goes wrong is told, since nobody waits for it. */
  async #drain(outer: StopSignal): Promise<void> {
    const { discard, tell } = this.#run;
    try {
      const steps = this.steps(outer);
      let next = await steps.next();
      while (next.done !== true) next = await steps.next();
      await discard(next.value);
      tell(`The branch in ${this.path} has ended.`);
    } catch (error) {
      tell(`The branch in ${this.path} has ended: ${error instanceof Error ? error.message : String(error)}`);
    }
    await this.branchesEnded();
  }
}
