/** Where the numbers come from: a server beside the page, or a model in the page itself. Views cannot tell which. */
import type { AnswerOf, QueryName, QuestionOf } from "heed/inspect";
import type { ModelEntry as ServerEntry, TrainingAction } from "heed/server";

/** A run or checkpoint that can be looked into, as the server lists it. */
export type ModelEntry = ServerEntry & {
  /** What the page may do with its training; null where another process trains it, or nobody. */
  readonly control?: "running" | "stopping" | "paused" | "ended" | null | undefined;
};

/** How a question is asked. */
export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: number, total: number, what: string) => void) | undefined;
}

/** One line of a run's log. */
export type TrainingRecord = Readonly<Record<string, number | string | null>>;

/** A saved state of a run, a model of its own; what it is compared by is a validation loss or another score. */
export interface Checkpoint {
  readonly id: string;
  readonly step: number;
  readonly score?: number | undefined;
}

/** What a page is told of a run, while it is written and afterwards. */
export interface TrainingListener {
  /** Whether a process trains there, and what may be done with it from here. */
  state(state: { readonly writing: boolean; readonly control: ModelEntry["control"] }): void;
  /** Forget the steps so far. */
  restart(): void;
  steps(records: readonly TrainingRecord[]): void;
  checkpoints(all: readonly Checkpoint[]): void;
}

/** The interface to models. Failures are `SourceError`s. */
export interface Source {
  readonly kind: "server" | "page";
  models(): Promise<readonly ModelEntry[]>;
  ask<N extends QueryName>(model: string, name: N, question: QuestionOf<N>, options?: AskOptions): Promise<AnswerOf<N>>;
  /** Follows a run that is being written; ends when the signal aborts. */
  follow?(model: string, listener: TrainingListener, signal: AbortSignal): void;
  /** Pauses, resumes, stops or branches a training that the server runs. */
  steer?(model: string, action: TrainingAction, details?: object): Promise<void>;
  /** Opens a model folder from the visitor's disk; gives its id. */
  add?(files: readonly File[]): Promise<string>;
  /** Told when the connection is lost and when it is there again. */
  onConnection(listen: (connected: boolean) => void): void;
}

/** What went wrong with a question, in a sentence for people. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  /** InputError and the like, by the names of the package; "lost" where nobody answered. */
  readonly kind: string;

  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}
