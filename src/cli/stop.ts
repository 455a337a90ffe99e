/** Turns Ctrl-C into a clean stop: the first one asks, the second one ends the process. */
import type { StopSignal } from "../training/index.ts";

/** A signal that is set when the user interrupts. `done` stops listening. */
export function stopOnInterrupt(): StopSignal & { done(): void } {
  const state = { aborted: false };
  const handle = (): void => {
    if (state.aborted) process.exit(130);
    state.aborted = true;
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    get aborted() {
      return state.aborted;
    },
    done() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
