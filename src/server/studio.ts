/** Starts the studio's server on this machine. */
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { createAdaptorServer } from "@hono/node-server";
import { InputError } from "../errors/index.ts";
import type { EngineOptions } from "../runtime/index.ts";
import { webBuildFolder } from "../runtime/web-files.ts";
import { studioApp } from "./app.ts";
import { Asker } from "./asker.ts";
import { Catalogue } from "./catalogue.ts";
import { Trainings, type Training } from "./trainings.ts";

/** What the studio shows, and how. */
export interface StudioOptions {
  /** Folders of runs or models, or folders that hold several. Nothing outside of them can be asked about. */
  readonly places: readonly string[];
  /** Default: any that is free. */
  readonly port?: number | undefined;
  /** Trainings of this process, which the page may pause, resume, stop and branch. */
  readonly trainings?: readonly Training[] | undefined;
  /** What computes. */
  readonly engine?: EngineOptions | undefined;
  /** Bytes of weights that may be open at once. Default: a quarter of this machine's memory. */
  readonly memory?: number | undefined;
  /** The folder of the built app. Default: the package's. */
  readonly app?: string | undefined;
  /** More folders of files, by the beginning of their addresses: `{ "/ort/": folder }`. */
  readonly assets?: Readonly<Record<string, string>> | undefined;
  /** Folders of data that questions may name, as test sets: names with paths. Default: the bundled corpus. */
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** What the interface says its version is. */
  readonly version?: string | undefined;
  /** Told what went wrong inside. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** A server that is running. */
export interface Studio {
  /** To open in a browser, with the token. */
  readonly address: string;
  readonly port: number;
  readonly token: string;
  /** The id under which a folder is listed. */
  idOf(path: string): Promise<string | undefined>;
  /** Opens the first model before anybody asks about it, while the browser starts. Never fails. */
  warm(): Promise<void>;
  /** Adds a training of this process, whose folder becomes one of the places. */
  add(training: Training): void;
  /** Ends the server, with its worker. */
  close(): Promise<void>;
}

/**
 * Starts a server at 127.0.0.1 over the queries of `heed/inspect`. Throws InputError for a place that is not there and
 * for a port that is taken.
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { places, engine = {}, memory = defaultMemory(), warn = () => undefined } = options;
  const token = randomBytes(16).toString("hex");
  const catalogue = await Catalogue.open(places);
  const asker = new Asker({ engine, budget: memory, data: options.data ?? bundledData() }, warn);
  const trainings = new Trainings();
  for (const training of options.trainings ?? []) trainings.add(training);
  const closing = new AbortController();
  let port = 0;
  const app = await studioApp({
    ...{ token, catalogue, asker, trainings, warn },
    port: () => port,
    version: options.version ?? "0",
    assets: { "/": options.app ?? builtApp(), "/ort/": webBuildFolder(), ...options.assets },
    closed: closing.signal,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    hostname: "127.0.0.1",
    overrideGlobalObjects: false,
  }) as Server;
  port = await listening(server, options.port ?? 0);
  return {
    address: `http://127.0.0.1:${port}/?token=${token}`,
    ...{ port, token },
    idOf: (path) => catalogue.idOf(path),
    warm: () => warm(catalogue, asker).catch(() => undefined),
    add: (training) => {
      trainings.add(training);
      catalogue.add(training.path);
    },
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
      server.closeAllConnections();
      await closed;
      await asker.close();
    },
  };
}

/** What the page asks first; a translator also makes the programs that it translates with. */
async function warm(catalogue: Catalogue, asker: Asker): Promise<void> {
  const first = (await catalogue.list()).find(({ state }) => state === "ready");
  if (first === undefined) return;
  const model = await catalogue.find(first.id);
  await asker.ask(model, "summary", {});
  if (first.kind === "translator") await asker.ask(model, "reading", { text: "a" });
}

/** The folder of the built page. */
export const builtApp = (): string => fileURLToPath(new URL("../../dist/studio", import.meta.url));

/** A quarter of what this process may have. */
function defaultMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity) / 4;
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const what = taken ? "is taken by another program" : `cannot be used: ${error.message}`;
      reject(new InputError(`Port ${port} ${what}. Give another --port, or none.`, { cause: error }));
    });
    server.listen(port, "127.0.0.1", () => {
      const at = server.address();
      resolve(typeof at === "object" && at !== null ? at.port : port);
    });
  });
}

const bundledData = (): Readonly<Record<string, string>> => ({
  "french-english": fileURLToPath(new URL("../../corpus/french-english", import.meta.url)),
});
