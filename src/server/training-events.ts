/**
 * The training of a run as server-sent events:
 *
 * - `state` `{ writing, control }`: whether a process trains there, and what this server may do with it
 * - `restart` `{}`: forget the steps so far; a resumed run begins behind a checkpoint
 * - `steps` `[record, …]`: lines of log.jsonl, `step`, `loss`, `learningRate`, `gradientNorm`, `validation_…`, in batches
 * - `checkpoints` `[{ id, step, score }, …]`: all there are, whenever they change; each is a model of its own
 *
 * Each batch of steps has an id, which browsers send back after a lost connection: the next batch goes on behind it.
 */
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { isBeingWritten } from "../files/disk.ts";
import type { Catalogue } from "./catalogue.ts";
import { LogReader } from "./log-events.ts";
import type { Trainings } from "./trainings.ts";

/** Milliseconds between two looks at the files. */
const PACE = 400;
/** After so many quiet looks something is sent, so that both sides notice a lost connection. */
const QUIET = 25;

export async function trainingEvents(
  context: Context,
  {
    catalogue,
    trainings,
    id,
    closed,
  }: {
    readonly catalogue: Catalogue;
    readonly trainings: Trainings;
    readonly id: string;
    /** Fires when the server is closed. */
    readonly closed: AbortSignal;
  },
): Promise<Response> {
  const { path, folder } = await catalogue.run(id);
  const log = new LogReader(folder, path, context.req.header("last-event-id"));
  return streamSSE(context, async (stream) => {
    const leave = new AbortController();
    stream.onAbort(() => {
      leave.abort();
    });
    const ended = AbortSignal.any([closed, leave.signal]);
    const last = new Map<string, string>();
    const sendChanged = async (event: string, value: unknown): Promise<boolean> => {
      const data = JSON.stringify(value);
      if (last.get(event) === data) return false;
      last.set(event, data);
      await stream.writeSSE({ event, data });
      return true;
    };
    for (let quiet = 0; !ended.aborted; quiet++) {
      const state = { writing: await isBeingWritten(path), control: trainings.stateOf(path) };
      let sent = await sendChanged("state", state);
      for (let part = await log.read(); part !== undefined && !ended.aborted; part = await log.read()) {
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
      await pause(PACE, ended);
    }
  });
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
