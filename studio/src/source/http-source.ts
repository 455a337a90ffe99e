/** The models of the server that the page came from. */
import { askServer, LostConnection, type AnswerOf, type QueryName, type QuestionOf } from "heed/inspect";
import type { TrainingAction } from "heed/server";
import { SourceError, type AskOptions, type ModelEntry, type Source, type TrainingListener } from "./source.ts";

/** How long to wait before asking a server that is gone whether it is there again, in milliseconds. */
const RETRY = 1500;
/** How often a question is asked that breaks off: what ends the server each time must not do so forever. */
const TRIES = 3;

/** Asks the server that the page came from, which knows it by its cookie. */
export class HttpSource implements Source {
  readonly kind = "server";
  readonly #listeners: ((connected: boolean) => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #connected = true;

  async models(): Promise<readonly ModelEntry[]> {
    const response = await this.#fetch("/api/models");
    return ((await response.json()) as { models: readonly ModelEntry[] }).models;
  }

  async ask<N extends QueryName>(
    model: string,
    name: N,
    question: QuestionOf<N>,
    options: AskOptions = {},
  ): Promise<AnswerOf<N>> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await askServer({}, model, name, question, options);
        this.#tell(true);
        return answer;
      } catch (error) {
        if (!(error instanceof LostConnection) || options.signal?.aborted === true || tries === TRIES) throw error;
        this.#lost();
        await this.#again();
      }
    }
  }

  follow(model: string, listener: TrainingListener, signal: AbortSignal): void {
    const events = new EventSource(`/api/models/${encodeURIComponent(model)}/training`);
    for (const name of ["state", "restart", "steps", "checkpoints"] as const) {
      events.addEventListener(name, ({ data }: MessageEvent<string>) => {
        listener[name](JSON.parse(data) as never);
      });
    }
    events.onopen = () => {
      this.#tell(true);
    };
    events.onerror = () => {
      if (events.readyState === EventSource.CONNECTING) this.#lost();
    };
    signal.addEventListener("abort", () => {
      events.close();
    });
  }

  async steer(model: string, action: TrainingAction, details: object = {}): Promise<void> {
    await this.#fetch(`/api/models/${encodeURIComponent(model)}/training/${action}`, {
      method: "POST",
      body: JSON.stringify(details),
    });
  }

  onConnection(listen: (connected: boolean) => void): void {
    this.#listeners.push(listen);
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch {
      this.#lost();
      throw new SourceError("LostConnection", "The studio's server does not answer. Start it again with heed studio.");
    }
    this.#tell(true);
    if (response.ok) return response;
    if (response.status === 401) {
      throw new SourceError("InputError", "This page is not known here. Open the address that heed studio printed.");
    }
    const { error } = (await response.json().catch(() => ({}))) as { error?: { name: string; message: string } };
    throw new SourceError(error?.name ?? "", error?.message ?? `The server answered with status ${response.status}.`);
  }

  #lost(): void {
    if (!this.#connected) return;
    this.#tell(false);
    const retry = (): void => {
      fetch("/api/models").then(
        () => {
          this.#tell(true);
        },
        () => setTimeout(retry, RETRY),
      );
    };
    setTimeout(retry, RETRY);
  }

  /** Waits until the server answers again. */
  #again(): Promise<void> {
    if (this.#connected) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #tell(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    for (const listen of this.#listeners) listen(connected);
    if (connected) for (const goOn of this.#waiting.splice(0)) goOn();
  }
}
