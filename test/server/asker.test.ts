/** The worker as the HTTP thread sees it: progress, stop, crash and restart; and closed connections that stop work. */
import { request as httpRequest, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { createAdaptorServer } from "@hono/node-server";
import { afterAll, describe, expect, it } from "vitest";
import { decodeFrames, STREAM_TYPE } from "../../src/inspect/index.ts";
import { studioApp } from "../../src/server/app.ts";
import { Asker } from "../../src/server/asker.ts";
import { Catalogue } from "../../src/server/catalogue.ts";
import { Trainings } from "../../src/server/trainings.ts";
import { errorIn, placeWithModel, request } from "./serving.ts";

const standIn = fileURLToPath(new URL("stand-in-worker.mjs", import.meta.url));
const model = { id: "m", path: "m", version: "1", bytes: 1 };
const crashes: string[] = [];
const asker = new Asker({ engine: {}, budget: 1 }, (message) => crashes.push(message), standIn);
afterAll(() => asker.close());
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const ask = (question: object, options = {}): Promise<string> =>
  asker.ask(model, "any", question, options).then(textOf);

describe("the asker", () => {
  it("answers many at once, each with its own progress", async () => {
    const heard: number[][] = [[], []];
    const asked = heard.map((list, i) => ask({ turns: 2 + i }, { progress: (done: number) => void list.push(done) }));
    expect(await Promise.all(asked)).toEqual(["2", "3"]);
    expect(heard).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(asker.busy).toBe(0);
  });

  it("stops work when the signal fires", async () => {
    const stop = new AbortController();
    const progress = (done: number): void => {
      if (done === 2) stop.abort();
    };
    expect(Number(await ask({ turns: 1000 }, { signal: stop.signal, progress }))).toBeLessThan(20);
    expect(await ask({ turns: 5 }, { signal: AbortSignal.abort() })).toBe("0");
  });

  it.each([
    ["crash", "it ended without a word"],
    ["throw", "out of order"],
  ])("tells of a worker that ended by a %s, and starts another", async (does, reason) => {
    crashes.length = 0;
    const waiting = ask({ turns: 1000 });
    const told = `The worker that computes ended: ${reason}. It is started anew; ask again.`;
    await Promise.all([expect(ask({ does })).rejects.toThrow(told), expect(waiting).rejects.toThrow(told)]);
    expect(crashes).toEqual([told]);
    expect(await ask({ turns: 1 })).toBe("1");
  });

  it("once closed, takes no more questions", async () => {
    const other = new Asker({ engine: {}, budget: 1 }, undefined, standIn);
    expect(textOf(await other.ask(model, "any", { turns: 1 }))).toBe("1");
    await other.close();
    await expect(other.ask(model, "any", {})).rejects.toThrow("closed");
  });
});

it("the real worker stops a query in its middle", async () => {
  const place = await placeWithModel();
  const real = new Asker({ engine: { threads: 1, worker: false }, budget: 1e9 });
  const stop = new AbortController();
  try {
    const at = { id: "m", path: place("model"), version: "1", bytes: 1 };
    const progress = (): void => {
      stop.abort();
    };
    const asked = real.ask(at, "ablation", { text: "a dog", target: "the cat" }, { signal: stop.signal, progress });
    await expect(asked).rejects.toMatchObject({ failure: { name: "Stopped", known: true } });
  } finally {
    await real.close();
  }
});

describe("over HTTP", () => {
  const warnings: string[] = [];
  async function served(): Promise<{ server: Server; port: number; token: string }> {
    const place = await placeWithModel();
    let port = 0;
    const app = await studioApp({
      ...{ token: "t", port: () => port, asker, trainings: new Trainings(), version: "1", assets: {} },
      catalogue: await Catalogue.open([place("")]),
      warn: (message) => warnings.push(message),
      closed: new AbortController().signal,
    });
    const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as { port: number }).port;
    closing.push(server);
    return { server, port, token: "t" };
  }
  const closing: Server[] = [];
  afterAll(() => {
    for (const server of closing) {
      server.close();
      server.closeAllConnections();
    }
  });

  it.each([{}, { accept: STREAM_TYPE }])("a connection that is closed stops the work (%j)", async (accept) => {
    const at = await served();
    const body = JSON.stringify({ turns: 100_000 });
    const headers = { authorization: "Bearer t", ...accept };
    const path = "/api/models/model/summary";
    const sent = httpRequest({ host: "127.0.0.1", port: at.port, path, method: "POST", headers });
    sent.on("error", () => undefined).end(body);
    await expect.poll(() => asker.busy, { timeout: 30_000 }).toBe(1);
    sent.destroy();
    await expect.poll(() => asker.busy, { timeout: 30_000 }).toBe(0);
  });

  it("progress comes before the answer, and an error in the middle is a frame", async () => {
    const at = await served();
    const frames = async (question: object): Promise<unknown[]> => {
      const asked = { method: "POST", body: JSON.stringify(question), headers: { accept: STREAM_TYPE } };
      const { bytes } = await request(at, "/api/models/model/summary", asked);
      const found: unknown[] = [];
      for await (const frame of decodeFrames(once(bytes))) found.push(frame);
      return found;
    };
    expect(await frames({ turns: 2 })).toEqual([
      { kind: "progress", done: 1, total: 2, what: "turns" },
      { kind: "progress", done: 2, total: 2, what: "turns" },
      { kind: "answer", bytes: new TextEncoder().encode("2") },
    ]);
    expect(await frames({ does: "fail" })).toMatchObject([{ kind: "error", name: "Error" }]);
  });

  it("a defect is 500 without its insides, which the terminal is told", async () => {
    warnings.length = 0;
    const failed = await request(await served(), "/api/models/model/summary", {
      method: "POST",
      body: '{"does":"fail"}',
    });
    expect(failed.status).toBe(500);
    expect(errorIn(failed).message).toMatch(/^This is a defect in Heed/);
    expect(failed.text).not.toMatch(/secret|\/path|stack/);
    expect(warnings.join()).toContain("secret");
  });
});

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
