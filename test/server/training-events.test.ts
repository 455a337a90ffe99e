/** A run that is followed while it is written: its log, its checkpoints, and a connection that is lost in between. */
import { appendFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { beforeAll, expect, it } from "vitest";
import { openLog } from "../../src/checkpoints/index.ts";
import { diskFolder } from "../../src/files/disk.ts";
import type { Studio } from "../../src/server/index.ts";
import { LogReader } from "../../src/server/log-events.ts";
import { copyModel, placeWithModel, request, serve } from "./serving.ts";

interface Event {
  readonly event: string;
  readonly data: unknown;
  readonly id: string | undefined;
}

/** Follows a run as a page does; `last` is the id that a browser sends back. */
function follow(studio: Studio, last?: string) {
  const events: Event[] = [];
  const leave = new AbortController();
  const headers = { authorization: `Bearer ${studio.token}`, ...(last === undefined ? {} : { "last-event-id": last }) };
  const reading = (async () => {
    const response = await fetch(`http://127.0.0.1:${studio.port}/api/models/run/training`, {
      headers,
      signal: leave.signal,
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const part of parts) events.push(eventOf(part));
    }
  })();
  reading.catch(() => undefined);
  return {
    events,
    /** The steps so far, as a page that forgets them at a restart has them. */
    steps: () => stepsIn(events),
    lastId: () => events.findLast(({ id }) => id !== undefined)!.id!,
    leave: () => {
      leave.abort();
    },
    ended: reading,
  };
}

function eventOf(text: string): Event {
  const fields = Object.fromEntries(
    text.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)) as [string, string][],
  );
  return { event: fields["event"]!, data: JSON.parse(fields["data"] ?? "null"), id: fields["id"] };
}

function stepsIn(events: readonly Event[]): number[] {
  let steps: number[] = [];
  for (const { event, data } of events) {
    if (event === "restart") steps = [];
    if (event === "steps") steps.push(...(data as { step: number }[]).map(({ step }) => step));
  }
  return steps;
}

const line = (step: number): string => `${JSON.stringify({ step, loss: 1 / step })}\n`;

let at: (path: string) => string;
let studio: Studio;
beforeAll(async () => {
  at = await placeWithModel();
  await mkdir(at("run"));
  await writeFile(at("run/log.jsonl"), line(1) + line(2));
  studio = await serve({ places: [at("")] });
});

it("tells what was written, what is being written, and goes on after a lost connection", async () => {
  const first = follow(studio);
  await expect.poll(first.steps, { timeout: 30_000 }).toEqual([1, 2]);
  expect(first.events[0]).toMatchObject({ event: "state", data: { writing: false, control: null } });
  await expect.poll(() => first.events.find(({ event }) => event === "checkpoints")).toMatchObject({ data: [] });
  await appendFile(at("run/log.jsonl"), line(3) + line(4).slice(0, 5));
  await expect.poll(first.steps, { timeout: 30_000 }).toEqual([1, 2, 3]);
  await appendFile(at("run/log.jsonl"), line(4).slice(5));
  await expect.poll(first.steps, { timeout: 30_000 }).toEqual([1, 2, 3, 4]);

  // Lost here; what comes meanwhile is told by the next connection, and nothing twice.
  first.leave();
  await appendFile(at("run/log.jsonl"), line(5));
  const second = follow(studio, first.lastId());
  await expect.poll(second.steps, { timeout: 30_000 }).toEqual([5]);
  expect(second.events.map(({ event }) => event)).not.toContain("restart");

  // A checkpoint appears at once, as a model of its own.
  await copyModel(at("model"), at("aside"));
  await mkdir(at("run/checkpoints"));
  await rename(at("aside"), at("run/checkpoints/step-000005"));
  const checkpoints = (): unknown => second.events.findLast(({ event }) => event === "checkpoints")?.data;
  await expect.poll(checkpoints, { timeout: 30_000 }).toEqual([{ id: "run.step-000005", step: 5 }]);
  const asked = { method: "POST", body: "{}" };
  expect((await request(studio, "/api/models/run.step-000005/summary", asked)).status).toBe(200);

  // A run that is resumed writes its log anew, without what lay behind the checkpoint.
  const lock = await diskFolder(at("run")).lock();
  const log = await openLog(diskFolder(at("run")), "log.jsonl", { step: 2 });
  await log.write({ step: 3, loss: 0.25 });
  await expect
    .poll(() => second.steps().filter((step) => step !== undefined), { timeout: 30_000 })
    .toEqual([1, 2, 2, 3]);
  const state = (): unknown => second.events.findLast(({ event }) => event === "state")?.data;
  await expect.poll(state, { timeout: 30_000 }).toEqual({ writing: true, control: null });
  await lock.release();
  await expect.poll(state, { timeout: 30_000 }).toEqual({ writing: false, control: null });

  await rm(at("run"), { recursive: true });
  await second.ended;
  expect(second.events.at(-1)).toMatchObject({ event: "gone", data: expect.stringMatching(/is gone/) as string });
  expect((await request(studio, "/api/models/run/training")).status).toBe(410);
});

it("reads a long log in parts, each line once", async () => {
  const steps = Array.from({ length: 20_000 }, (_, i) => i + 1);
  await mkdir(at("long"));
  await writeFile(at("long/log.jsonl"), steps.map(line).join(""));
  const folder = diskFolder(at("long"));
  const found: unknown[] = [];
  let mark = "";
  for (let parts = 0; ; parts++) {
    // Each part by a reader of its own, as after a lost connection.
    const part = await new LogReader(folder, at("long"), mark).read();
    if (part === undefined) {
      expect(parts).toBeGreaterThan(2);
      break;
    }
    expect(part.fresh).toBe(parts === 0);
    found.push(...part.records.map(({ step }) => step));
    mark = part.mark;
  }
  expect(found).toEqual(steps);
});
