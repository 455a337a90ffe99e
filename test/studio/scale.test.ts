/** Long texts: coarse maps first, sharper parts where they are looked at, and no question for each frame. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { architectureOf, createModel, diskFolder, saveModel } from "heed";
import type { Page, Response } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, type OpenStudio } from "./open-studio.ts";

const scratch = mkdtempSync(join(tmpdir(), "heed-scale-"));
let opened: OpenStudio | undefined;
beforeAll(async () => {
  const sizes = { n_layer: 2, n_head: 6, n_embd: 24, n_inner: 24, n_positions: 1400, vocab_size: 50 };
  const architecture = architectureOf({ model_type: "gpt2", ...sizes }, "config.json", {
    className: "GPT2LMHeadModel",
  });
  const model = await createModel(architecture, { threads: 1 });
  await saveModel(model, diskFolder(join(scratch, "long")));
  await model.dispose();
  opened = await openStudio([scratch]);
});
afterAll(async () => {
  await opened?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const ids = (count: number): string => Array.from({ length: count }, (_, i) => (i * 7) % 50).join(",");
/** Bytes. The whole of one head of 1,400 tokens has 7.8 MB. */
const LARGEST = 4.3e6;

/** What the page asks for from now on: sizes of answers by address. */
function listen(page: Page): { path: string; size: Promise<number> }[] {
  const asked: { path: string; size: Promise<number> }[] = [];
  page.on("response", (response: Response) => {
    const size = response.body().then(({ length }) => length);
    asked.push({ path: new URL(response.url()).pathname, size: size.catch(() => 0) });
  });
  return asked;
}

/** Drags what is on screen about; gives the picture before and after. */
async function drag(page: Page, moves: number): Promise<[string, string]> {
  const map = page.getByRole("application");
  const picture = (): Promise<string> => page.evaluate(`document.querySelector("figure canvas").toDataURL()`);
  const box = (await map.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  const before = await picture();
  await page.mouse.down();
  for (let i = 1; i <= moves; i++) await page.mouse.move(x - 3 * i, y - 3 * i);
  const after = await picture();
  await page.mouse.up();
  return [before, after];
}

describe("a long text", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it("in one head comes coarse, then sharp where it is looked at; panning asks once, when it ends", async () => {
    const { page, problems } = await opened!.open("#/attention?look=map&model=long");
    // What was asked for the first, short text must not be counted.
    await page.waitForSelector("figure[aria-busy=false] canvas");
    const asked = listen(page);
    await page.goto(`${page.url().split("#")[0]!}#/attention?look=map&model=long&ids=${ids(1400)}`);
    await expect.poll(() => asked.filter(({ path }) => path.endsWith("/attention")).length).toBeGreaterThan(0);
    await page.waitForSelector("figure[aria-busy=false] canvas");
    const map = page.getByRole("application");
    for (let i = 0; i < 8; i++) await map.press("+");
    await expect.poll(() => asked.filter(({ path }) => path.endsWith("/attention")).length).toBeGreaterThan(1);
    const count = asked.length;
    const [before, after] = await drag(page, 40);
    expect(after).not.toBe(before);
    await expect.poll(() => asked.length).toBe(count + 1);
    for (const { path, size } of asked) expect(await size, path).toBeLessThan(LARGEST);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("in all heads asks once for each layer, for no more than is drawn, and not while panning", async () => {
    const { page, problems } = await opened!.open("#/attention?look=map&model=long", { width: 700, height: 500 });
    // What was asked for the first, short text must not be counted.
    await page.waitForSelector("figure[aria-busy=false] canvas");
    const asked = listen(page);
    await page.goto(`${page.url().split("#")[0]!}#/attention?look=all&model=long&ids=${ids(600)}`);
    const maps = (): typeof asked => asked.filter(({ path }) => path.endsWith("/attention"));
    await expect.poll(() => maps().length).toBe(2);
    for (const { path, size } of maps()) expect(await size, path).toBeLessThan(6 * 64 * 64 * 4 + 2000);
    await drag(page, 40);
    expect(maps()).toHaveLength(2);
    expect(problems).toEqual([]);
    await page.close();
  });
});
