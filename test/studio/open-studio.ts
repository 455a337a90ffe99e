/** The studio in a real browser: a server over some models, and pages that must have nothing to complain about. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startStudio, type Studio } from "heed/server";
import type { Page } from "playwright-core";
import { findChromium, startChromium, type Browser } from "../browser/chromium.ts";

export { NO_CHROMIUM } from "../browser/chromium.ts";

/** Tiny checkpoints of the repository, one of each kind. */
export const places = [
  "bert-masked-lm",
  "gpt2-causal-lm",
  "bart-conditional-generation",
  "vit-image-classification",
].map((name) => fileURLToPath(new URL(`../families/${name}`, import.meta.url)));

/** A browser and a server. */
export interface OpenStudio {
  readonly studio: Studio;
  /** Opens an address behind the `#`; `problems` must stay empty. */
  open(
    hash: string,
    size?: { readonly width: number; readonly height: number },
  ): Promise<{ page: Page; problems: string[] }>;
  close(): Promise<void>;
}

/** Starts both; undefined where no Chromium is there. The studio must have been built. */
export async function openStudio(folders: readonly string[] = places): Promise<OpenStudio | undefined> {
  const program = findChromium();
  const built = fileURLToPath(new URL("../../dist/studio/index.html", import.meta.url));
  if (program === undefined || !existsSync(built)) return undefined;
  const studio = await startStudio({ places: folders, engine: { threads: 1 } });
  const browser: Browser = await startChromium(program);
  return {
    studio,
    open: async (hash, size = { width: 1280, height: 900 }) => {
      const { page, problems } = await browser.open(`${studio.address}${hash}`);
      await page.setViewportSize(size);
      // The token leaves the address, and what is behind the # with it.
      if (hash !== "") await page.goto(`http://127.0.0.1:${studio.port}/${hash}`);
      return { page, problems };
    },
    close: async () => {
      await browser.close();
      await studio.close();
    },
  };
}
