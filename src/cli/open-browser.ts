/** Opens an address in the user's browser, where there is one. */
import { spawn } from "node:child_process";
import type { Io } from "./io.ts";

/** Whether somebody sits before this terminal, with a browser: not in scripts, in CI, nor at the far end of SSH. */
export function hasBrowser({ stdout, environment }: Io, system: NodeJS.Platform = process.platform): boolean {
  const { CI, SSH_CONNECTION, SSH_TTY, DISPLAY, WAYLAND_DISPLAY } = environment;
  if (stdout.isTTY !== true || [CI, SSH_CONNECTION, SSH_TTY].some(Boolean)) return false;
  return system === "darwin" || system === "win32" || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY);
}

/** The program that opens addresses, and what it is called with. */
export function openerOf(address: string, system: NodeJS.Platform = process.platform): [string, ...string[]] {
  if (system === "darwin") return ["open", address];
  // `start` takes its first word in quotes for a title, and & for the end of the command.
  if (system === "win32") return ["cmd", "/c", "start", '""', address.replaceAll("&", "^&")];
  return ["xdg-open", address];
}

/** Opens; where that fails, the address that was printed is still there. */
export function openBrowser(address: string): void {
  const [program, ...args] = openerOf(address);
  const child = spawn(program, args, { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
