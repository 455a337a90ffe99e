/** Asks about models in a worker thread: many questions at once, each with its progress and its stop. */
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { EngineError } from "../errors/index.ts";
import type { QueryContext } from "../inspect/index.ts";
import type { Failure, FromWorker, ToWorker, WorkerSettings } from "./messages.ts";
import type { ModelPlace } from "./subjects.ts";

/** What went wrong in the worker. */
export class AskFailure extends Error {
  override readonly name = "AskFailure";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A signal that also tells when it fires: an AbortSignal is one. */
export interface AskSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What is told beside a question. */
export interface AskHow {
  readonly signal?: AskSignal | undefined;
  readonly progress?: QueryContext["progress"];
  /** Another model that the question names. */
  readonly other?: ModelPlace | undefined;
}

interface Waiting {
  readonly resolve: (message: FromWorker) => void;
  readonly reject: (error: Error) => void;
  readonly progress: QueryContext["progress"];
}

/** The worker, and who waits for it. A worker that crashes is started anew with the next question. */
export class Asker {
  readonly #settings: WorkerSettings;
  readonly #file: string;
  readonly #crashed: (message: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 0;
  #closed = false;

  /** `crashed` is told when the worker ended by itself; `file` is the program of the worker. */
  constructor(
    settings: WorkerSettings,
    crashed: (message: string) => void = () => undefined,
    file: string = createRequire(import.meta.url).resolve("#studio-worker"),
  ) {
    this.#settings = settings;
    this.#crashed = crashed;
    this.#file = file;
  }

  /** How many questions are being worked on. */
  get busy(): number {
    return this.#waiting.size;
  }

  /**
   * An answer as `encodeAnswer` writes it. Throws AskFailure with what was thrown in the worker, and EngineError where
   * the worker ended.
   */
  async ask(
    model: ModelPlace,
    query: string,
    question: unknown,
    { signal, progress, other }: AskHow = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const stop = new SharedArrayBuffer(4);
    const abort = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort);
    try {
      const reply = await this.#send((id) => ({ id, model, other, query, question, stop }), progress);
      if ("answer" in reply) return reply.answer;
      throw new AskFailure((reply as { readonly failure: Failure }).failure);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Ends the worker, with all that it holds. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#worker === undefined) return;
    // What engines hold outside of JavaScript does not end with the thread.
    await this.#send((id) => ({ id, dispose: true })).catch(() => undefined);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#rejectAll(new EngineError("The studio's server was closed."));
  }

  #send(message: (id: number) => ToWorker, progress?: QueryContext["progress"]): Promise<FromWorker> {
    const worker = this.#started();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, progress });
      worker.postMessage(message(id));
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    if (this.#closed) throw new EngineError("The studio's server was closed.");
    const worker = new Worker(this.#file, { workerData: this.#settings, execArgv: [] });
    this.#worker = worker;
    let reason = "it ended without a word";
    worker.on("message", (message: FromWorker) => {
      this.#receive(message);
    });
    worker.on("error", (error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const sentence = `The worker that computes ended: ${reason}. It is started anew; ask again.`;
      this.#rejectAll(new EngineError(sentence));
      this.#crashed(sentence);
    });
    return worker;
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if ("progress" in message) waiting?.progress?.(...message.progress);
    else {
      this.#waiting.delete(message.id);
      waiting?.resolve(message);
    }
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
