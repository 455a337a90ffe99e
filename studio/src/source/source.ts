/** Where the numbers come from: a server beside the page, or a model in the page itself. Views cannot tell which. */
import type { AnswerOf, QueryName, QuestionOf } from "heed/inspect";

/** A run or checkpoint that can be looked into. */
export interface ModelEntry {
  readonly id: string;
  readonly title: string;
  /** "translator", or the class of config.json. */
  readonly kind: string;
  /** Of a run: the checkpoints inside, oldest first. */
  readonly checkpoints?: readonly { readonly id: string; readonly step: number }[];
  readonly state: "ready" | "being written" | "unreadable";
  /** Why it is not ready. */
  readonly reason?: string;
}

/** How a question is asked. */
export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: number, total: number, what: string) => void) | undefined;
}

/** A record of a run that is being written. */
export interface TrainingEvent {
  readonly id: string;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The interface to models. Failures are `SourceError`s. */
export interface Source {
  readonly kind: "server" | "page";
  models(): Promise<readonly ModelEntry[]>;
  ask<N extends QueryName>(model: string, name: N, question: QuestionOf<N>, options?: AskOptions): Promise<AnswerOf<N>>;
  /** Follows a run that is being written; ends when the signal aborts. */
  follow?(model: string, listen: (event: TrainingEvent) => void, signal: AbortSignal): void;
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
