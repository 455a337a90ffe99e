/** The models of the server that the page came from. */
import { decodeAnswer, type AnswerOf, type QueryName, type QuestionOf } from "heed/inspect";
import { SourceError, type AskOptions, type ModelEntry, type Source, type TrainingEvent } from "./source.ts";

/** How long to wait before asking a server that is gone whether it is there again, in milliseconds. */
const RETRY = 1500;

/** Asks the server under `base`. */
export class HttpSource implements Source {
  readonly kind = "server";
  readonly #base: string;
  readonly #listeners: ((connected: boolean) => void)[] = [];
  #connected = true;

  constructor(base: string) {
    this.#base = base;
  }

  async models(): Promise<readonly ModelEntry[]> {
    const { models } = (await (await this.#fetch("models", {})).json()) as { models: readonly ModelEntry[] };
    return models;
  }

  async ask<N extends QueryName>(
    model: string,
    name: N,
    question: QuestionOf<N>,
    { signal, progress }: AskOptions = {},
  ): Promise<AnswerOf<N>> {
    const id = progress === undefined ? undefined : crypto.randomUUID();
    const events = id === undefined ? undefined : new EventSource(`${this.#base}progress/${id}`);
    events?.addEventListener("progress", ({ data }: MessageEvent<string>) => {
      const { done, total, what } = JSON.parse(data) as { done: number; total: number; what: string };
      progress?.(done, total, what);
    });
    try {
      const response = await this.#fetch(`models/${encodeURIComponent(model)}/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(id !== undefined && { "X-Progress": id }) },
        body: JSON.stringify(question),
        signal: signal ?? null,
      });
      return (await decodeAnswer(new Uint8Array(await response.arrayBuffer()))) as AnswerOf<N>;
    } finally {
      events?.close();
    }
  }

  follow(model: string, listen: (event: TrainingEvent) => void, signal: AbortSignal): void {
    const events = new EventSource(`${this.#base}models/${encodeURIComponent(model)}/training`);
    events.onmessage = ({ data, lastEventId }: MessageEvent<string>) => {
      this.#tell(true);
      const { kind, ...rest } = JSON.parse(data) as { kind: string };
      listen({ id: lastEventId, kind, data: rest });
    };
    events.onerror = () => {
      if (events.readyState === EventSource.CONNECTING) this.#tell(false);
    };
    signal.addEventListener("abort", () => {
      events.close();
    });
  }

  onConnection(listen: (connected: boolean) => void): void {
    this.#listeners.push(listen);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#base + path, init);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      this.#lost();
      throw new SourceError("lost", "The connection to Heed is lost. Is `heed studio` still running?");
    }
    this.#tell(true);
    if (response.ok) return response;
    const body = (await response.json().catch(() => ({}))) as { error?: { name: string; message: string } };
    const { name, message } = body.error ?? {
      name: String(response.status),
      message: `The server answered ${response.status}.`,
    };
    throw new SourceError(name, message);
  }

  #lost(): void {
    if (!this.#connected) return;
    this.#tell(false);
    const retry = (): void => {
      fetch(`${this.#base}models`).then(
        () => {
          this.#tell(true);
        },
        () => setTimeout(retry, RETRY),
      );
    };
    setTimeout(retry, RETRY);
  }

  #tell(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    for (const listen of this.#listeners) listen(connected);
  }
}
