/** What the HTTP thread and the worker that computes tell each other. */
import type { EngineOptions } from "../runtime/index.ts";
import type { ModelPlace } from "./subjects.ts";

/** What a worker is started with. */
export interface WorkerSettings {
  readonly engine: EngineOptions;
  /** Bytes of weights that may be open at once. */
  readonly budget: number;
  /** Folders of data that questions may name: names with paths. */
  readonly data?: Readonly<Record<string, string>> | undefined;
}

/** A question; `stop` is set to 1 where nobody waits any more: it is shared memory, so that busy work sees it, too. */
export interface AskMessage {
  readonly id: number;
  readonly model: ModelPlace;
  /** Another model that the question names as `other`. */
  readonly other?: ModelPlace | undefined;
  readonly query: string;
  readonly question: unknown;
  readonly stop: SharedArrayBuffer;
}

/** To the worker. */
export type ToWorker = AskMessage | { readonly id: number; readonly dispose: true };

/** An error, as far as it leaves the worker. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Whether Heed threw it on purpose; others are defects. */
  readonly known: boolean;
}

/** From the worker. */
export type FromWorker =
  | { readonly id: number; readonly progress: readonly [done: number, total: number, what: string] }
  | { readonly id: number; readonly answer: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly failure: Failure }
  | { readonly id: number; readonly disposed: true };
