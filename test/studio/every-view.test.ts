/** Every view on a translator, an encoder, a decoder and a ViT: it opens, says nothing bad, and everyone can use it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFolder, Translator } from "heed";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_CHROMIUM, openStudio, places, type OpenStudio } from "./open-studio.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pairs = [
  { source: "le roi et la reine", target: "the king and the queen" },
  { source: "un homme voit une femme", target: "a man sees a woman" },
];
let root = "";
let opened: OpenStudio | undefined;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "heed-views-"));
  const translator = await Translator.create(pairs, { width: 16, heads: 2, layers: 2, vocabulary: 300, threads: 1 });
  await translator.save(diskFolder(join(root, "translator")));
  await translator.dispose();
  opened = await openStudio([join(root, "translator"), ...places]);
});
afterAll(async () => {
  await opened?.close();
  rmSync(root, { recursive: true, force: true });
});

/** The views in the order of the navigation, as the page lists them. */
async function viewsOf(page: Page): Promise<string[]> {
  await page.locator("nav a").first().waitFor();
  const addresses = await page.locator("nav a").evaluateAll((links) => links.map(String));
  return addresses.map((address) => /#\/([\w-]+)/.exec(address)![1]!);
}

/** Waits until a view shows its picture, or says in a sentence why it has none. */
async function settled(page: Page, view: string): Promise<void> {
  await page.locator(`nav a[aria-current=page][href*="#/${view}"]`).waitFor();
  await page.locator("main [data-figure], main [data-missing], main article, main [role=status]").first().waitFor();
  await expect.poll(() => page.locator('main [aria-busy="true"]').count()).toBe(0);
}

/** What axe-core calls serious or worse. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    "axe.run().then(({ violations }) => violations)",
  );
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join("; ")}`);
}

describe("every view", () => {
  beforeEach((context) => {
    if (opened === undefined) context.skip(NO_CHROMIUM);
  });

  it.each(["translator", "bert-masked-lm", "gpt2-causal-lm", "vit-image-classification"])(
    "opens on %s without a complaint, and is without serious faults for assistive technology",
    async (model) => {
      const text = model === "translator" ? "&text=le roi voit une femme&target=the king sees a woman" : "";
      const { page, problems } = await opened!.open(`#/attention?model=${model}${text}`);
      const views = await viewsOf(page);
      expect(views).toHaveLength(13);
      const faults: Record<string, string[]> = {};
      for (const view of views) {
        await page.locator(`nav a[href*="#/${view}"]`).click();
        await settled(page, view);
        const found = [...(await page.locator("main [role=alert]").allTextContents()), ...(await faultsOf(page))];
        if (found.length > 0) faults[view] = found;
      }
      expect(faults).toEqual({});
      expect(problems).toEqual([]);
      await page.close();
    },
  );
});
