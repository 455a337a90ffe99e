/** `heed studio` and `--studio`: a server that says its address, and ends when it is told to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasBrowser, openerOf } from "../../src/cli/open-browser.ts";
import { files, heed, smallModel } from "./heed.ts";

const shim = fileURLToPath(new URL("../../bin/heed.js", import.meta.url));

/** Starts bin/heed.js on the build, in a folder. */
function started(argv: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [shim, ...argv], { cwd, env: { ...process.env, NO_COLOR: "1" } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (said.out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said.err += data.toString()));
  const closed = once(child, "close") as Promise<[number | null]>;
  return { said, code: async () => (await closed)[0], kill: (signal: "SIGINT" | "SIGTERM") => child.kill(signal) };
}

interface Place {
  readonly origin: string;
  readonly headers: { readonly authorization: string };
  readonly hash: string;
}

/** Where the studio is, as it printed. */
function placeIn(text: string): Place | undefined {
  const [, origin, token, hash] =
    /^The studio is at (http:\/\/127\.0\.0\.1:\d+)\/\?token=([0-9a-f]{32})(\S*)$/m.exec(text) ?? [];
  return origin === undefined ? undefined : { origin, headers: { authorization: `Bearer ${token!}` }, hash: hash! };
}

async function modelsAt({ origin, headers }: Place): Promise<{ id: string; state: string; control: unknown }[]> {
  const response = await fetch(`${origin}/api/models`, { headers });
  return ((await response.json()) as { models: { id: string; state: string; control: unknown }[] }).models;
}

describe("heed studio", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("answers until %s, and ends with 0", async (signal) => {
    const { path } = await smallModel();
    const studio = started(["studio", path, "--no-open", "--threads", "1"], (await files())(""));
    await expect.poll(() => placeIn(studio.said.out), { timeout: 30_000 }).toBeDefined();
    const place = placeIn(studio.said.out)!;
    expect(await modelsAt(place)).toMatchObject([{ id: "model", state: "ready" }]);
    const asked = { method: "POST", headers: place.headers, body: "{}" };
    expect((await fetch(`${place.origin}/api/models/model/summary`, asked)).status).toBe(200);
    studio.kill(signal);
    expect(await studio.code()).toBe(0);
    expect(studio.said.err).toBe("");
    expect(studio.said.out).toBe(
      `The studio is at ${place.origin}/?token=${place.headers.authorization.slice(7)}\nCtrl-C ends it.\n`,
    );
  });

  it("without a folder opens runs, and says so where there is none", async () => {
    const studio = started(["studio"], (await files())(""));
    await expect.poll(() => placeIn(studio.said.out), { timeout: 30_000 }).toBeDefined();
    expect(studio.said.err).toMatch(/^There is no folder runs here/);
    expect(await modelsAt(placeIn(studio.said.out)!)).toEqual([]);
    studio.kill("SIGINT");
    expect(await studio.code()).toBe(0);
  });

  it("refuses a folder that is not there", async () => {
    const at = await files();
    expect(await heed(["studio", at("nothing")])).toEqual({
      code: 1,
      out: "",
      err: `${at("nothing")} is no folder. Give folders of runs or models, such as runs.\n`,
    });
  });
});

describe("--studio of a training", () => {
  const config = "model: { layers: 1, width: 8, heads: 2, feedForward: 16 }\nvocabulary: 270\n";
  const texts = { "a.fr": "un chien\nun chat\n".repeat(20), "a.en": "a dog\na cat\n".repeat(20), "c.yaml": config };

  it("looks into the run while it learns; stopped from the page, all ends where nobody sits at a terminal", async () => {
    const at = await files(texts);
    const argv = ["train", "translation", "--source", "a.fr", "--target", "a.en", "--config", "c.yaml"];
    const more = ["--updates", "100000", "--save-every", "20", "--out", "run", "--threads", "1", "--studio"];
    const training = started([...argv, ...more], at(""));
    await expect.poll(() => placeIn(training.said.err), { timeout: 30_000 }).toBeDefined();
    const place = placeIn(training.said.err)!;
    expect(place.hash).toBe("#/training?model=run");
    const run = async (): Promise<unknown> => (await modelsAt(place)).find(({ id }) => id === "run");
    await expect.poll(run, { timeout: 30_000 }).toMatchObject({ state: "being written", control: "running" });
    const checkpoint = async (): Promise<unknown> =>
      (await modelsAt(place)).some(({ id }) => id.startsWith("run.step-"));
    await expect.poll(checkpoint, { timeout: 30_000 }).toBe(true);
    const steer = { method: "POST", headers: place.headers };
    expect((await fetch(`${place.origin}/api/models/run/training/stop`, steer)).status).toBe(204);
    expect(await training.code()).toBe(0);
    expect(training.said.out).toMatch(/^Stopped; --resume goes on\. The model is in run/);
  });
});

it("a browser is opened only where somebody sits before one", () => {
  const at = (environment: Record<string, string>, isTTY = true): Parameters<typeof hasBrowser>[0] => ({
    stdin: [] as never,
    stdout: { write: () => Promise.resolve(), isTTY },
    stderr: { write: () => undefined },
    environment,
  });
  expect(hasBrowser(at({}), "darwin")).toBe(true);
  expect(hasBrowser(at({}), "win32")).toBe(true);
  expect(hasBrowser(at({ DISPLAY: ":0" }), "linux")).toBe(true);
  expect(hasBrowser(at({ WAYLAND_DISPLAY: "wayland-0" }), "linux")).toBe(true);
  expect(hasBrowser(at({}), "linux")).toBe(false);
  for (const name of ["CI", "SSH_CONNECTION", "SSH_TTY"]) expect(hasBrowser(at({ [name]: "1" }), "darwin")).toBe(false);
  expect(hasBrowser(at({}, false), "darwin")).toBe(false);
  expect(openerOf("http://a/?b&c", "darwin")).toEqual(["open", "http://a/?b&c"]);
  expect(openerOf("http://a/?b&c", "linux")).toEqual(["xdg-open", "http://a/?b&c"]);
  expect(openerOf("http://a/?b&c", "win32")).toEqual(["cmd", "/c", "start", '""', "http://a/?b^&c"]);
});
