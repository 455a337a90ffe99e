/** A headless Chromium for the tests, and what a page says and asks for while it is open. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";

export const NO_CHROMIUM = "no Chromium was found: install the package chromium, or name one in HEED_CHROMIUM";

/** The program: the one that HEED_CHROMIUM names, or the first of the usual names on the path. */
export function findChromium(): string | undefined {
  const named = process.env["HEED_CHROMIUM"];
  if (named) return named;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

export interface Browser {
  /** A new page at this address, and what went wrong in it: messages of the console, errors, requests to other hosts. */
  open(address: string): Promise<{ page: Page; problems: string[] }>;
  close(): Promise<void>;
}

/**
 * Starts Chromium with a profile of its own. Names of other hosts are not even looked up. With `graphics` it may use
 * WebGPU, on a graphics processor or on one in software.
 */
export async function startChromium(executablePath: string, { graphics = false } = {}): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "heed-chromium-"));
  const flags =
    "no-sandbox disable-quic no-first-run disable-background-networking disable-component-update disable-sync";
  const offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1";
  const processor = graphics ? "enable-unsafe-webgpu" : "disable-gpu";
  const args = [...[...flags.split(" "), processor].map((flag) => `--${flag}`), offline];
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args });
  return {
    open: (address) => openPage(context, address),
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openPage(context: BrowserContext, address: string): Promise<{ page: Page; problems: string[] }> {
  const page = await context.newPage();
  const problems: string[] = [];
  const { origin } = new URL(address);
  page.on("console", (message) => problems.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", ({ message }) => problems.push(`error: ${message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url()))
      problems.push(`request: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  await page.goto(address);
  return { page, problems };
}
