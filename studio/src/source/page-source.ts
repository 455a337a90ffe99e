/** Models in the page itself: their files lie beside the page or come from the visitor's disk; a worker computes. */
import { parseRecord } from "heed/checkpoints";
import { fetchFolder } from "heed/files";
import { decodeAnswer, type AnswerOf, type QueryName, type QuestionOf } from "heed/inspect";
import type { StaticModels } from "heed/server";
import type { FromPageWorker, ToPageWorker } from "./page-messages.ts";
import {
  SourceError,
  type AskOptions,
  type ModelEntry,
  type Source,
  type TrainingListener,
  type TrainingRecord,
} from "./source.ts";

type Files = ReadonlyMap<string, Uint8Array>;
type Progress = AskOptions["progress"];
type Question =
  Omit<Extract<ToPageWorker, { kind: "open" }>, "id"> | Omit<Extract<ToPageWorker, { kind: "ask" }>, "id">;

interface Waiting {
  readonly resolve: (answer: Uint8Array | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly progress: Progress;
}

/** A model of the list, and how its files are read. */
interface Held {
  entry: ModelEntry;
  readonly files: readonly string[];
  readonly read: (file: string) => Promise<Uint8Array>;
  opening?: Promise<void>;
}

const LOG = "log.jsonl";

/** Answers from models in the page. The index of models is a file beside it; visitors may add folders of their own. */
export class PageSource implements Source {
  readonly kind = "page";
  readonly #index: URL;
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Map<number, Waiting>();
  #listing: Promise<void> | undefined;
  #worker: Worker | undefined;
  #next = 0;

  /** `index` is the address of models.json. */
  constructor(index: URL) {
    this.#index = index;
  }

  async models(): Promise<readonly ModelEntry[]> {
    await (this.#listing ??= this.#list());
    return [...this.#held.values()].map(({ entry }) => entry);
  }

  async ask<N extends QueryName>(
    model: string,
    name: N,
    question: QuestionOf<N>,
    options: AskOptions = {},
  ): Promise<AnswerOf<N>> {
    await this.models();
    const held = this.#held.get(model);
    if (held === undefined) throw new SourceError("InputError", "There is no model of this id.");
    await this.#open(model, held);
    const bytes = await this.#send({ kind: "ask", model, query: name, question }, options);
    return (await decodeAnswer(bytes!)) as AnswerOf<N>;
  }

  /** The log of a finished training; none goes on here. */
  follow(model: string, listener: TrainingListener, signal: AbortSignal): void {
    const held = this.#held.get(model);
    listener.state({ writing: false, control: null });
    if (held?.files.includes(LOG) !== true) return;
    void held.read(LOG).then((bytes) => {
      if (signal.aborted) return;
      const lines = new TextDecoder().decode(bytes).split("\n");
      listener.steps(lines.map(parseRecord).filter((record) => record !== undefined) as TrainingRecord[]);
    });
  }

  onConnection(): void {
    // There is no connection that could be lost.
  }

  /** Opens a folder from the visitor's disk, as a picker of folders gives it. Gives the id of the model. */
  async add(picked: readonly File[]): Promise<string> {
    const depth = (path: string): number => path.split("/").length;
    const config = picked
      .filter(({ name }) => name === "config.json")
      .sort((a, b) => depth(a.webkitRelativePath) - depth(b.webkitRelativePath))[0];
    if (config === undefined) {
      throw new SourceError("InputError", "This folder holds no model: there is no config.json in it.");
    }
    const root = config.webkitRelativePath.slice(0, -"config.json".length);
    const title = root.split("/").at(-2) ?? "model";
    const files = new Map(
      picked
        .filter(({ webkitRelativePath: path }) => path.startsWith(root))
        .map((file) => [file.webkitRelativePath.slice(root.length), file]),
    );
    let id = title;
    for (let copy = 2; this.#held.has(id); copy++) id = `${title}-${copy}`;
    const held: Held = {
      entry: { id, title, place: title, kind: "model", parameters: 0, bytes: 0, state: "ready", log: files.has(LOG) },
      files: [...files.keys()].filter((name) => !/^(checkpoints\/|optimizer\.safetensors|training\.json)/.test(name)),
      read: async (name) => new Uint8Array(await files.get(name)!.arrayBuffer()),
    };
    this.#held.set(id, held);
    try {
      const { className: kind, parameters } = await this.ask(id, "summary", {});
      held.entry = { ...held.entry, kind, parameters, bytes: 4 * parameters };
    } catch (error) {
      this.#held.delete(id);
      throw error;
    }
    return id;
  }

  async #list(): Promise<void> {
    const beside = fetchFolder(new URL(".", this.#index).href);
    const text = new TextDecoder().decode(await beside.read(this.#index.pathname.split("/").at(-1)!));
    for (const { folder, files, ...entry } of (JSON.parse(text) as StaticModels).models) {
      this.#held.set(entry.id, { entry, files, read: (file) => beside.read(`${folder}/${file}`) });
    }
  }

  #open(model: string, held: Held): Promise<void> {
    held.opening ??= (async () => {
      const wanted = held.files.filter((name) => name !== LOG);
      const files: Files = new Map(
        await Promise.all(wanted.map(async (name) => [name, await held.read(name)] as const)),
      );
      await this.#send({ kind: "open", model, files });
    })();
    // What could not be opened is tried anew the next time.
    held.opening.catch(() => delete held.opening);
    return held.opening;
  }

  async #send(message: Question, { signal, progress }: AskOptions = {}): Promise<Uint8Array | undefined> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#next++;
    const stop = (): void => {
      worker.postMessage({ kind: "stop", id } satisfies ToPageWorker);
    };
    signal?.addEventListener("abort", stop);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, progress });
        worker.postMessage({ ...message, id });
      });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("./page-worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<FromPageWorker>) => {
      const waiting = this.#waiting.get(data.id);
      if ("progress" in data) {
        waiting?.progress?.(...data.progress);
        return;
      }
      this.#waiting.delete(data.id);
      if ("failure" in data) waiting?.reject(new SourceError(data.failure.name, data.failure.message));
      else waiting?.resolve(data.answer);
    });
    worker.addEventListener("error", ({ message }) => {
      const error = new SourceError(
        "EngineError",
        `The worker that computes ended: ${message || "it could not be loaded"}.`,
      );
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
    return worker;
  }
}
