/** The studio as commands open it: address, browser, and the wait until Ctrl-C. */
import { startStudio, type Studio, type StudioOptions } from "../server/index.ts";
import type { Io } from "./io.ts";
import { hasBrowser, openBrowser } from "./open-browser.ts";
import { version } from "./version.ts";

/** How a command opens the studio. */
export interface SessionOptions extends Pick<StudioOptions, "places" | "port" | "engine" | "memory"> {
  /** Whether a browser is opened, where there is one. Default: true. */
  readonly open?: boolean | undefined;
  /** The page and what is chosen on it: `#/attention?model=…`. */
  readonly page?: ((studio: Studio) => Promise<string>) | undefined;
  readonly say: (text: string) => unknown;
}

/** Starts the studio, says its address and opens it in the browser. Whoever calls closes it. */
export async function openStudio(io: Io, { open = true, page, say, ...options }: SessionOptions): Promise<Studio> {
  const warn = (message: string): void => void io.stderr.write(`${message}\n`);
  const studio = await startStudio({ ...options, version, warn });
  void studio.warm();
  const address = `${studio.address}${(await page?.(studio)) ?? ""}`;
  await say(`The studio is at ${address}\nCtrl-C ends it.\n`);
  if (open && hasBrowser(io)) openBrowser(address);
  return studio;
}
