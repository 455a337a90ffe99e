/** The worker that computes in the page: opens models from their files and answers questions about them. */
import { memoryFolder } from "heed/files";
import { ask, encodeAnswer, openSubject, queries, type Query, type Subject } from "heed/inspect";
import { pageOptions } from "./page-engine.ts";
import type { FromPageWorker, ToPageWorker } from "./page-messages.ts";

const subjects = new Map<string, Promise<Subject>>();
/** Questions that nobody waits for any more. */
const stopped = new Set<number>();
type OpenMessage = Extract<ToPageWorker, { kind: "open" }>;
type AskMessage = Extract<ToPageWorker, { kind: "ask" }>;

const post = (message: FromPageWorker, transfer: Transferable[] = []): void => {
  postMessage(message, { transfer });
};

async function open({ files }: OpenMessage): Promise<Subject> {
  const folder = memoryFolder();
  for (const [name, bytes] of files) await folder.write(name, bytes);
  return openSubject(folder, pageOptions);
}

async function answer({ id, model, query, question }: AskMessage): Promise<void> {
  const subject = await subjects.get(model)!;
  const stop = {
    get aborted() {
      return stopped.has(id);
    },
  };
  const progress = (done: number, total: number, what: string): void => {
    post({ id, progress: [done, total, what] });
  };
  const made = await ask((queries as unknown as Record<string, Query>)[query]!, subject, question, { stop, progress });
  const bytes = (await encodeAnswer(made)).slice();
  post({ id, answer: bytes }, [bytes.buffer]);
}

addEventListener("message", ({ data }: MessageEvent<ToPageWorker>) => {
  const { id, kind } = data;
  if (kind === "stop") {
    stopped.add(id);
    return;
  }
  if (kind === "open") subjects.set(data.model, open(data));
  const work =
    kind === "open"
      ? subjects.get(data.model)!.then(() => {
          post({ id, answer: undefined });
        })
      : answer(data);
  work
    .catch((error: unknown) => {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      post({ id, failure: { name, message } });
    })
    .finally(() => stopped.delete(id));
});
