/** The studio as files: from any web server, in a folder below its root, on one thread, with models in the page. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskFolder } from "heed";
import { ask, openSubject, queries } from "heed/inspect";
import { writeStaticStudio } from "heed/server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { serve, type Server } from "../../examples/05-training-in-a-page/serve.mjs";
import { findChromium, NO_CHROMIUM, startChromium, type Browser } from "../browser/chromium.ts";
import { places } from "./open-studio.ts";

const scratch = mkdtempSync(join(tmpdir(), "heed-static-"));
const out = join(scratch, "site/studio");
let browser: Browser | undefined;
let server: Server;

beforeAll(async () => {
  await writeStaticStudio({ places: places.slice(0, 2), out });
  server = await serve({ "/": join(scratch, "site") }, { isolated: false });
  const program = findChromium();
  if (program !== undefined) browser = await startChromium(program);
});
afterAll(async () => {
  await browser?.close();
  await server.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe("the static studio", () => {
  it("has the page, the engine and the models, and refuses a folder of something else", async () => {
    const { models } = JSON.parse(readFileSync(join(out, "models.json"), "utf8")) as { models: { files: string[] }[] };
    expect(models.map(({ files }) => files.includes("model.safetensors"))).toEqual([true, true]);
    expect(readdirSync(join(out, "ort")).sort()).toEqual(["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]);
    expect(readFileSync(join(out, "models.json"), "utf8")).not.toContain(tmpdir());
    // Again over itself, and not over what is none of it.
    await writeStaticStudio({ places: places.slice(0, 2), out });
    await expect(writeStaticStudio({ places, out: join(scratch, "site") })).rejects.toThrow("something else");
    await expect(writeStaticStudio({ places: [scratch], out: join(scratch, "none") })).rejects.toThrow("no model");
  });

  it("keeps the engine out of the page itself", () => {
    const assets = fileURLToPath(new URL("../../dist/studio/assets", import.meta.url));
    const sizes = readdirSync(assets).map((name) => [name, statSync(join(assets, name)).size] as const);
    expect(sizes.filter(([name, size]) => name.endsWith(".wasm") || size > 1_200_000)).toEqual([]);
  });
});

describe("in Chromium", () => {
  beforeEach((context) => {
    if (browser === undefined) context.skip(NO_CHROMIUM);
  });

  it("shows the attention that the library computes, from a folder below the root", async () => {
    const { page, problems } = await browser!.open(
      `${server.address}studio/#/attention?ids=4,9,5,7&layer=1&head=1&look=map`,
    );
    await page.getByRole("button", { name: "Table" }).click();
    await page.waitForSelector("table tbody tr");
    const cells = await page.locator("table tbody td:not(:first-child)").allTextContents();
    const subject = await openSubject(diskFolder(places[0]));
    const { tensors } = await ask(queries.attention, subject, { ids: [4, 9, 5, 7], layer: 1, head: 1 });
    await subject.dispose();
    const data = Array.from(tensors.weights.data as Float32Array);
    expect(cells.length).toBe(16);
    for (const [i, cell] of cells.entries()) expect(Number(cell)).toBeCloseTo(data[i]!, 3);
    expect(await page.locator("header").textContent()).toMatch(/WebAssembly\), 1 thread/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("opens a folder of the visitor, and says what is wrong with another", async () => {
    const { page, problems } = await browser!.open(`${server.address}studio/#/attention`);
    await page.waitForSelector("figure");
    await page.locator("input[type=file]").setInputFiles(places[2]!);
    await expect.poll(() => page.locator("header select option").count()).toBe(3);
    await expect.poll(() => page.url()).toContain("model=bart-conditional-generation");
    await page.waitForSelector("figure[aria-busy=false] canvas, figure[aria-busy=false] svg");
    await page.locator("input[type=file]").setInputFiles(join(out, "ort"));
    await expect.poll(() => page.locator("header [role=alert]").textContent()).toContain("no config.json");
    expect(problems).toEqual([]);
    await page.close();
  });
});
