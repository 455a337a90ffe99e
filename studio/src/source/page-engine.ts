/** The one place where the page opens an engine of its own: ONNX Runtime's WebAssembly build, in a worker. */
import { createEngine, type Engine, type EngineOptions } from "heed/runtime";

/**
 * For models that open their engine themselves. One thread: the models that a page trains are small, and threads would
 * wait for each other more than they compute.
 */
export const pageOptions: EngineOptions = { engine: "wasm", threads: 1 };

/** An engine in the page. Dispose of it when done: it holds a worker and its memory. */
export function pageEngine(): Promise<Engine> {
  return createEngine(pageOptions);
}
