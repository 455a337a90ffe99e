/** Turns Ctrl-C into a clean stop: the first one asks, the second one ends the process. */
import type { StopSignal } from "../training/index.ts";

/** A signal that is set when the user interrupts; then `interrupted` is fulfilled. `done` stops listening. */
export function stopOnInterrupt(): StopSignal & { readonly interrupted: Promise<void>; done(): void } {
  const state = { aborted: false };
  let tell = (): void => undefined;
  const interrupted = new Promise<void>((resolve) => (tell = resolve));
  const handle = (): void => {
    if (state.aborted) process.exit(130);
    state.aborted = true;
    tell();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    get aborted() {
      return state.aborted;
    },
    interrupted,
    done() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
