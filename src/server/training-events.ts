/**
 * The training of a run as server-sent events:
 *
 * - `state` `{ writing, control }`: whether a process trains there, and what this server may do with it
 * - `restart` `{}`: forget the steps so far; a resumed run begins behind a checkpoint
 * - `steps` `[record, …]`: lines of log.jsonl, `step`, `loss`, `learningRate`, `gradientNorm`, `validation_…`, in batches
 * - `checkpoints` `[{ id, step, score }, …]`: all there are, whenever they change; each is a model of its own
 * - `gone` `"sentence"`: the folder was deleted; nothing follows
 *
 * Each batch of steps has an id, which browsers send back after a lost connection: the next batch goes on behind it.
 */
import type { Context } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { isBeingWritten } from "../files/disk.ts";
import type { Catalogue } from "./catalogue.ts";
import { LogReader } from "./log-events.ts";
import { Refusal } from "./refusal.ts";
import type { Trainings } from "./trainings.ts";

/** Milliseconds between two looks at the files. */
const PACE = 400;
/** After so many milliseconds a browser that lost the connection tries again. */
const RETRY = 1000;
/** After so many quiet looks something is sent, so that both sides notice a lost connection. */
const QUIET = 25;

/** What the events are made of. */
export interface Followed {
  readonly catalogue: Catalogue;
  readonly trainings: Trainings;
  readonly id: string;
  /** Fires when the server is closed. */
  readonly closed: AbortSignal;
}

/** The response to a page that follows a run; it ends with the page, the server or the run's folder. */
export async function trainingEvents(context: Context, followed: Followed): Promise<Response> {
  const { catalogue, id, closed } = followed;
  const { path, folder } = await catalogue.run(id);
  const log = new LogReader(folder, path, context.req.header("last-event-id"));
  return streamSSE(context, async (stream) => {
    const leave = new AbortController();
    const abort = (): void => {
      leave.abort();
    };
    stream.onAbort(abort);
    closed.addEventListener("abort", abort);
    try {
      await follow(stream, log, path, { ...followed, closed: leave.signal });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await stream.writeSSE({ event: "gone", data: JSON.stringify(error.message) });
    } finally {
      closed.removeEventListener("abort", abort);
    }
  });
}

async function follow(
  stream: SSEStreamingApi,
  log: LogReader,
  path: string,
  { catalogue, trainings, id, closed }: Followed,
): Promise<void> {
  const last = new Map<string, string>();
  const sendChanged = async (event: string, value: unknown): Promise<boolean> => {
    const data = JSON.stringify(value);
    if (last.get(event) === data) return false;
    last.set(event, data);
    await stream.writeSSE({ event, data, retry: RETRY });
    return true;
  };
  for (let quiet = 0; !closed.aborted; quiet++) {
    const state = { writing: await isBeingWritten(path), control: await trainings.stateOf(path) };
    let sent = await sendChanged("state", state);
    for (let part = await log.read(); part !== undefined && !closed.aborted; part = await log.read()) {
      sent = true;
      if (part.fresh) await stream.writeSSE({ event: "restart", data: "{}" });
      await stream.writeSSE({ event: "steps", data: JSON.stringify(part.records), id: part.mark });
    }
    sent = (await sendChanged("checkpoints", await catalogue.checkpoints(id))) || sent;
    if (sent) quiet = 0;
    else if (quiet >= QUIET) {
      await stream.write(": still here\n\n");
      quiet = 0;
    }
    await pause(PACE, closed);
  }
}

/** Waits, but not longer than until the signal fires. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
