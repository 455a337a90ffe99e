/** Heed in a page, with and without a bundler: the same numbers as in Node, and nothing from another host. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFolder, memoryFolder } from "heed";
import ts from "typescript";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plainPage, serve, type Server } from "../../examples/05-training-in-a-page/serve.mjs";
import { findChromium, NO_CHROMIUM, startChromium, type Browser } from "./chromium.ts";
import * as tasks from "./tasks.ts";

const UPDATES = 40;
const scratch = mkdtempSync(join(tmpdir(), "heed-page-"));
const example = fileURLToPath(new URL("../../examples/05-training-in-a-page/", import.meta.url));
let browser: Browser | undefined;
const servers: Server[] = [];
/** The plain page with the tests' tasks and model beside it, isolated or not. */
let isolated: Server;
let open: Server;
/** What Node's native build makes of the same seed. */
let nodeLosses: number[];
let nodeTexts: string[];

async function start(folders: Record<string, string>, options?: { isolated: boolean }): Promise<Server> {
  const server = await serve(folders, options);
  servers.push(server);
  return server;
}

beforeAll(async () => {
  const program = findChromium();
  if (program !== undefined) browser = await startChromium(program);
  const source = readFileSync(new URL("tasks.ts", import.meta.url), "utf8");
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  writeFileSync(join(scratch, "tasks.js"), ts.transpileModule(source, { compilerOptions }).outputText);
  isolated = await start({ "/test/": scratch, ...plainPage });
  open = await start({ "/test/": scratch, ...plainPage }, { isolated: false });
  const folder = diskFolder(join(scratch, "model"));
  nodeLosses = await tasks.losses(UPDATES, { threads: 2 }, folder);
  nodeTexts = (await tasks.greedyTexts(folder, { threads: 2 })).texts;
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(servers.map((server) => server.close()));
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs one of the tasks in the plain page, which must have nothing to complain about. */
async function inPage<Name extends keyof typeof tasks>(
  server: Server,
  name: Name,
  ...args: Parameters<(typeof tasks)[Name]>
): Promise<Awaited<ReturnType<(typeof tasks)[Name]>>> {
  return inPageOf(browser!, server, name, ...args);
}

async function inPageOf<Name extends keyof typeof tasks>(
  opened: Browser,
  server: Server,
  name: Name,
  ...args: Parameters<(typeof tasks)[Name]>
): Promise<Awaited<ReturnType<(typeof tasks)[Name]>>> {
  const { page, problems } = await opened.open(`${server.address}plain.html`);
  try {
    const call = `import("/test/tasks.js").then((tasks) => tasks.${name}(...${JSON.stringify(args)}))`;
    const result = await page.evaluate<Awaited<ReturnType<(typeof tasks)[Name]>>>(call);
    expect(problems).toEqual([]);
    return result;
  } finally {
    await page.close();
  }
}

/** The largest relative difference. */
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.abs(b[i]!)));

describe("the same checkpoint and the same seed", () => {
  it("give text that training has shaped, so that equal texts mean something", () => {
    expect(nodeLosses.at(-1)).toBeLessThan(nodeLosses[0]! / 2);
    expect(new Set(nodeTexts).size).toBeGreaterThan(6);
  });

  it("give in Node's WebAssembly what they give natively", async () => {
    const wasm = { threads: 1, engine: "wasm" as const };
    const { engine, texts } = await tasks.greedyTexts(diskFolder(join(scratch, "model")), wasm);
    expect(engine).toContain("WebAssembly");
    expect(texts).toEqual(nodeTexts);
    expect(distance(await tasks.losses(4, wasm), nodeLosses)).toBeLessThan(1e-5);
  });
});

describe("in Chromium", () => {
  beforeEach((context) => {
    if (browser === undefined) context.skip(NO_CHROMIUM);
  });

  it.each([
    ["isolated, in a worker", () => isolated, { threads: 2 }, "2 threads"],
    ["not isolated, in the page's own thread", () => open, { worker: false, threads: 2 }, "1 thread"],
  ])("a plain page, %s: text and losses are Node's", async (_, server, options, threads) => {
    const model = `${server().address}test/model`;
    const { engine, texts, losses } = await inPage(server(), "textsAndLosses", model, 4, options);
    expect(engine).toMatch(new RegExp(`\\(WebAssembly\\), ${threads}$`));
    expect(texts).toEqual(nodeTexts);
    expect(distance(losses, nodeLosses)).toBeLessThan(1e-5);
  });

  it("without WebGPU says so, and what to use instead", async () => {
    const message = await inPage(isolated, "errorOf", { engine: "webgpu" });
    expect(message).toMatch(/^EngineError: .*WebGPU.*Use the WebAssembly build/);
  });

  it("a model is kept in the browser's private storage", async () => {
    expect(await inPage(isolated, "keepInStorage", `${isolated.address}test/model`)).toEqual(nodeTexts);
  });

  it("a run is resumed from the browser's private storage, and training lowers the loss", async () => {
    const found = await inPage(isolated, "resumeInStorage", UPDATES / 2);
    expect(found.length).toBe(UPDATES / 2);
    expect(distance(found.slice(0, 10), nodeLosses)).toBeLessThan(1e-5);
    expect(distance(found, nodeLosses)).toBeLessThan(1e-3);
    expect(found.at(-1)).toBeLessThan(found[0]! * 0.7);
  });

  it("the private storage is a folder like one in memory", async () => {
    const found = await inPage(isolated, "useStorage");
    expect(found).toEqual(await tasks.useFolder(memoryFolder().at("all")));
    expect(found["missing"]).toBe("InputError");
    expect(found["locked"]).toBe("TrainingError");
  });

  it.each([
    ["without a bundler", () => isolated.address + "plain.html"],
    ["built by Vite", () => viteAddress()],
  ])("the example %s trains a translator and shows its attention", async (_, address) => {
    const { page, problems } = await browser!.open(`${await address()}?quick`);
    await page.waitForSelector("body[data-state]");
    expect(await page.evaluate("document.body.dataset.state")).toBe("done");
    expect(Number(await page.evaluate("document.body.dataset.right"))).toBeGreaterThanOrEqual(7);
    expect(await page.locator("#loss svg").count()).toBe(1);
    expect(await page.locator("#attention svg").count()).toBe(2);
    expect(problems).toEqual([]);
    await page.close();
  });
});

describe("on WebGPU", () => {
  let graphics: Browser | undefined;
  let adapter = false;
  beforeAll(async () => {
    const program = findChromium();
    if (program === undefined) return;
    graphics = await startChromium(program, { graphics: true });
    const { page } = await graphics.open(`${isolated.address}plain.html`);
    adapter = await page.evaluate<boolean>("navigator.gpu?.requestAdapter().then(Boolean) ?? false");
    await page.close();
  });
  afterAll(() => graphics?.close());

  // In software each kernel takes long to be made: few sentences, one update.
  it("a model translates and learns as it does in Node", async () => {
    const model = `${isolated.address}test/model`;
    const options = { engine: "webgpu" as const };
    const found = await inPageOf(graphics!, isolated, "textsAndLosses", model, 1, options, 3);
    expect(found.engine).toMatch(/\(WebGPU\)$/);
    expect(found.texts).toEqual(nodeTexts.slice(0, 3));
    expect(distance(found.losses, nodeLosses)).toBeLessThan(1e-5);
  });

  beforeEach((context) => {
    if (graphics === undefined) context.skip(NO_CHROMIUM);
    if (!adapter) context.skip("this Chromium offers no graphics processor for WebGPU, not even one in software");
  });
});

async function viteAddress(): Promise<string> {
  const outDir = join(scratch, "built");
  await build({ root: example, logLevel: "warn", build: { outDir, emptyOutDir: true } });
  return (await start({ "/": outDir })).address;
}
