/** Models over HTTP: the list, the answers, and every way in which a question cannot be answered. */
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import {
  ANSWER_TYPE,
  ask as askHere,
  askServer,
  decodeAnswer,
  decodeFrames,
  LostConnection,
  openSubject,
  queries,
  STREAM_TYPE,
  type Answer,
  type QueryName,
} from "../../src/inspect/index.ts";
import type { ModelEntry, Studio } from "../../src/server/index.ts";
import { smallModel } from "../cli/heed.ts";
import { ask, copyModel, errorIn, placeWithModel, request, serve } from "./serving.ts";

const list = async (studio: Studio): Promise<ModelEntry[]> =>
  (JSON.parse((await request(studio, "/api/models")).text) as { models: ModelEntry[] }).models;

describe("a server over a folder of models", () => {
  let at: (path: string) => string;
  let studio: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    at = await placeWithModel();
    studio = await serve({ places: [at("")] });
  });

  it("lists what is there, without loading it", async () => {
    const [model] = await list(studio);
    expect(model).toMatchObject({ id: "model", title: "model", kind: "translator", state: "ready", log: false });
    expect(model!.bytes).toBe(4 * model!.parameters);
    expect(await studio.idOf(at("model"))).toBe("model");
    expect(await studio.idOf("/nowhere")).toBeUndefined();
  });

  it.each<[QueryName, object]>([
    ["summary", {}],
    ["reading", { text: "a dog sees a cat" }],
    ["attention", { text: "a dog sees", target: "the cat", group: "crossAttentions", layer: 1, head: 2 }],
  ])("answers %s as the library does", async (name, question) => {
    const here = await openSubject(diskFolder(at("model")), { threads: 1 });
    try {
      const answer: Answer = await askHere(queries[name] as never, here, question);
      const { tensors, ...plain } = answer;
      const reply = await ask(studio, "model", name, question);
      expect({ status: reply.status, type: reply.headers["content-type"] }).toEqual({ status: 200, type: ANSWER_TYPE });
      // Undefined is not JSON; the folder is named as the server sees it.
      const due = JSON.parse(JSON.stringify({ ...plain, place: (await list(studio))[0]!.place })) as object;
      expect({ place: at("model"), ...(await decodeAnswer(reply.bytes)) }).toEqual({ ...due, tensors: tensors ?? {} });
    } finally {
      await here.dispose();
    }
  });

  it("streams progress and answer as frames to those who ask so", async () => {
    const path = "/api/models/model/summary";
    const reply = await request(studio, path, { method: "POST", body: "{}", headers: { accept: STREAM_TYPE } });
    expect(reply.headers["content-type"]).toBe(STREAM_TYPE);
    const frames = [];
    for await (const frame of decodeFrames(inPieces(reply.bytes, 7))) frames.push(frame);
    const [frame] = frames;
    expect(frames).toHaveLength(1);
    expect(frame!.kind === "answer" && (await decodeAnswer(frame!.bytes))).toMatchObject({ className: "Transformer" });
    await expect(async () => {
      for await (const { kind } of decodeFrames(inPieces(reply.bytes.subarray(0, -1), 1000)))
        expect(kind).toBe("answer");
    }).rejects.toThrow("ended in its middle");
  });

  it("refuses questions that are not as expected: 400, 404", async () => {
    const empty = await ask(studio, "model", "reading", { text: "" });
    expect(empty.status).toBe(400);
    expect(errorIn(empty)).toEqual({ name: "InputError", message: "The text is empty. Write something to look at." });
    expect((await ask(studio, "model", "attention", { text: "a", layer: -1 })).status).toBe(400);
    expect((await ask(studio, "model", "attention", [])).status).toBe(400);
    const path = "/api/models/model/summary";
    expect((await request(studio, path, { method: "POST", body: "{" })).status).toBe(400);
    for (const query of ["nothing", "constructor", "__proto__", "toString"]) {
      expect((await ask(studio, "model", query)).status).toBe(404);
    }
    expect((await ask(studio, "nobody", "summary")).status).toBe(404);
    expect((await request(studio, "/api/nothing")).status).toBe(404);
    expect((await request(studio, "/api/models/model/training")).status).toBe(404);
  });

  it.each(["emoji 🐈‍⬛", "שלום עולם", "\u0000", "a ".repeat(5000)])("takes or refuses %j in a sentence", async (text) => {
    const { status, ...reply } = await ask(studio, "model", "attention", { text, target: "a" });
    if (status !== 200)
      expect({ status, ...errorIn({ status, ...reply }) }).toMatchObject({ status: 400, name: "InputError" });
  });

  it("refuses more than 32 MB: 413, with a length and without", async () => {
    const path = "/api/models/model/reading";
    const long = `{"text":"${"x".repeat(32 * 2 ** 20)}"}`;
    const told = await request(studio, path, {
      method: "POST",
      body: long,
      headers: { "content-length": `${long.length}` },
    });
    expect({ status: told.status, name: errorIn(told).name }).toEqual({ status: 413, name: "InputError" });
    const untold = { method: "POST", body: long, headers: { "transfer-encoding": "chunked" } };
    expect((await request(studio, path, untold)).status).toBe(413);
  });

  it("serves nothing that climbs out of the places", async () => {
    for (const id of ["..", "../..", "..%2f..", "%2e%2e", "/etc", "model/..", "model%2f..%2f.."]) {
      for (const path of [`/api/models/${id}/summary`, `/api/models/${encodeURIComponent(id)}/summary`]) {
        const { status } = await request(studio, path, { method: "POST", body: "{}" });
        expect({ path, refused: status === 404 }).toEqual({ path, refused: true });
      }
    }
    for (const path of [
      "/../package.json",
      "/..%2fpackage.json",
      "/%2e%2e/package.json",
      "/assets/../../package.json",
    ]) {
      const { status, text } = await request(studio, path);
      expect({ path, status: status === 404 || status === 400, own: text.includes('"name": "heed"') }).toEqual({
        path,
        status: true,
        own: false,
      });
    }
  });

  it("does not follow a link out of the places, and says so", async () => {
    const { path } = await smallModel();
    await symlink(path, at("link"));
    const entry = (await list(studio)).find(({ id }) => id === "link");
    expect(entry).toMatchObject({ state: "unreadable", parameters: 0 });
    expect(entry!.problem).toMatch(/link that leads out of the given folders/);
    const refused = await ask(studio, "link", "summary");
    expect({ status: refused.status, message: errorIn(refused).message }).toEqual({
      status: 400,
      message: entry!.problem,
    });
    await rm(at("link"));
    // A folder that is listed, and then exchanged for a link.
    await copyModel(path, at("exchanged"));
    expect((await ask(studio, "exchanged", "summary")).status).toBe(200);
    await rename(at("exchanged"), at("model/aside"));
    await symlink(path, at("exchanged"));
    expect((await ask(studio, "exchanged", "summary")).status).toBe(410);
    await rm(at("exchanged"));
    await rm(at("model/aside"), { recursive: true });
  });

  it("says of a run that is being written that it is: 409, and answers about its checkpoints", async () => {
    await copyModel(at("model"), at("run"));
    await copyModel(at("model"), at("run/checkpoints/step-000010"));
    await writeFile(at("run/log.jsonl"), "");
    const lock = await diskFolder(at("run")).lock();
    const busy = await ask(studio, "run", "summary");
    expect(busy.status).toBe(409);
    expect(errorIn(busy)).toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(/is being written/) as string,
    });
    expect((await list(studio)).find(({ id }) => id === "run")).toMatchObject({ state: "being written", log: true });
    expect((await ask(studio, "run.step-000010", "summary")).status).toBe(200);
    expect((await list(studio)).find(({ id }) => id === "run.step-000010")).toMatchObject({ run: "run", step: 10 });
    await lock.release();
    expect((await ask(studio, "run", "summary")).status).toBe(200);
    const steering = await request(studio, "/api/models/run/training/pause", { method: "POST" });
    expect({ status: steering.status, message: errorIn(steering).message }).toMatchObject({
      status: 409,
      message: expect.stringMatching(/not started by this studio/) as string,
    });
    expect((await request(studio, "/api/models/run/training/explode", { method: "POST" })).status).toBe(404);
  });

  it("says of a deleted model that it is gone: 410", async () => {
    await copyModel(at("model"), at("gone"));
    expect((await ask(studio, "gone", "summary")).status).toBe(200);
    await rm(at("gone"), { recursive: true });
    const gone = await ask(studio, "gone", "summary");
    expect({ status: gone.status, name: errorIn(gone).name }).toEqual({ status: 410, name: "CheckpointError" });
    expect((await list(studio)).map(({ id }) => id)).not.toContain("gone");
  });

  it("opens a model anew when its files change", async () => {
    await copyModel(at("model"), at("changing"));
    const width = async (): Promise<unknown> => {
      const { bytes } = await ask(studio, "changing", "summary");
      return ((await decodeAnswer(bytes)) as { config?: { width: number } }).config?.width;
    };
    expect(await width()).toBe(16);
    const { path } = await smallModel({ width: 8 });
    await rm(at("changing"), { recursive: true });
    await copyModel(path, at("changing"));
    expect(await width()).toBe(8);
    await rm(at("changing"), { recursive: true });
  });

  it("says what is wrong with a folder that is half a model", async () => {
    await mkdir(at("half"));
    await writeFile(at("half/config.json"), '{"model_type":"bert","architectures":["BertModel"]}');
    const half = (await list(studio)).find(({ id }) => id === "half");
    expect(half).toMatchObject({ kind: "BertModel", state: "unreadable" });
    expect((await ask(studio, "half", "summary")).status).toBe(400);
    await writeFile(at("half/config.json"), "{");
    const broken = await ask(studio, "half", "summary");
    expect(errorIn(broken).message).toMatch(/is not valid JSON/);
    await rm(at("half"), { recursive: true });
  });

  it("had nothing to complain about inside", () => {
    expect(studio.warnings).toEqual([]);
  });

  it("is asked by askServer, which throws what the library would", async () => {
    const server = { address: `http://127.0.0.1:${studio.port}`, token: studio.token };
    expect((await askServer(server, "model", "summary", {})).className).toBe("Transformer");
    const heard: string[] = [];
    const options = { progress: (...[, , what]: [number, number, string]) => void heard.push(what) };
    const { tensors } = await askServer(server, "model", "attention", { text: "a dog", target: "a" }, options);
    expect(tensors.weights.shape[0]).toBe(4);
    await expect(askServer(server, "model", "reading", { text: "" }, options)).rejects.toMatchObject({
      name: "InputError",
    });
    await expect(askServer(server, "nobody", "summary", {})).rejects.toThrow("There is no model of this id.");
    await expect(askServer({ ...server, token: "x" }, "model", "summary", {})).rejects.toThrow(
      "does not know this page",
    );
    const closed = await serve({ places: [] });
    await closed.close();
    const gone = { ...server, address: `http://127.0.0.1:${closed.port}` };
    await expect(askServer(gone, "model", "summary", {})).rejects.toBeInstanceOf(LostConnection);
  });
});

it("a model that is too big for the memory is refused before it is loaded", async () => {
  const at = await placeWithModel();
  const studio = await serve({ places: [at("")], memory: 1000 });
  const refused = await ask(studio, "model", "summary");
  expect(refused.status).toBe(400);
  expect(errorIn(refused).message).toMatch(/takes .* GB of memory, and the studio may fill .* GB/);
});

it("places may be a model, a run or a folder of several, and names that are there twice get numbers", async () => {
  const at = await placeWithModel("same");
  const { path } = await smallModel();
  await copyModel(path, at("deep/er/same"));
  const studio = await serve({ places: [at("same"), at(""), at("deep")] });
  expect((await list(studio)).map(({ id }) => id)).toEqual(["same", "deep-er-same"]);
  const two = await serve({ places: [at("same"), at("deep/er/same")] });
  expect((await list(two)).map(({ id }) => id)).toEqual(["same", "same-2"]);
  await expect(serve({ places: [at("nowhere")] })).rejects.toThrow(/is no folder/);
  await expect(serve({ places: [], port: two.port })).rejects.toThrow(/is taken by another program/);
});

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
