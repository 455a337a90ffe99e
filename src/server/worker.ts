/** The worker that computes: opens models and answers questions about them, so that the HTTP thread is free. */
import { parentPort, workerData } from "node:worker_threads";
import { HeedError, InputError, Stopped } from "../errors/index.ts";
import { diskFolder } from "../files/disk.ts";
import { ask, encodeAnswer, openSubject, queries, type Query } from "../inspect/index.ts";
import type { AskMessage, Failure, FromWorker, ToWorker, WorkerSettings } from "./messages.ts";
import { Subjects } from "./subjects.ts";

const port = parentPort!;
const { engine, budget, data: folders = {} } = workerData as WorkerSettings;
const data = Object.fromEntries(Object.entries(folders).map(([name, path]) => [name, diskFolder(path)]));
const subjects = new Subjects((path) => openSubject(diskFolder(path), engine), budget);

const post = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer);
};

async function answer({ id, model, other, query, question, stop }: AskMessage): Promise<void> {
  const flag = new Int32Array(stop);
  const signal = {
    get aborted() {
      return Atomics.load(flag, 0) === 1;
    },
  };
  let told = 0;
  const progress = (done: number, total: number, what: string): void => {
    // So whatever tells of its progress can be stopped.
    if (signal.aborted) throw new Stopped();
    // Often enough for a bar; the last one always.
    const now = performance.now();
    if (done < total && now - told < 50) return;
    told = now;
    post({ id, progress: [done, total, what] });
  };
  const found = (queries as unknown as Readonly<Record<string, Query>>)[query];
  if (found === undefined) throw new InputError(`There is no query "${query}".`);
  const context = { stop: signal, progress, data };
  const made = await subjects.use(model, (subject) => {
    if (other === undefined) return ask(found, subject, question, context);
    return subjects.use(other, (second) =>
      ask(found, subject, question, { ...context, subject: () => Promise.resolve(second) }),
    );
  });
  const bytes = (await encodeAnswer(made)).slice();
  post({ id, answer: bytes }, [bytes.buffer]);
}

function failureOf(error: unknown): Failure {
  const known = error instanceof HeedError;
  const [name, message] = error instanceof Error ? [error.name, error.message] : ["Error", String(error)];
  return { name, message: known ? message : `${message}\n${(error as Error).stack ?? ""}`, known };
}

port.on("message", (message: ToWorker) => {
  const { id } = message;
  if ("dispose" in message) {
    void subjects.dispose().finally(() => {
      post({ id, disposed: true });
    });
    return;
  }
  answer(message).catch((error: unknown) => {
    post({ id, failure: failureOf(error) });
  });
});
