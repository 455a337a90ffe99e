/** The only door to what executes. */
import { loadOnnxRuntime, startWorker } from "#platform";
import type { Engine, EngineOptions } from "./engine.ts";
import { OnnxRuntimeEngine } from "./onnxruntime.ts";
import { openWorkerEngine } from "./worker-engine.ts";

export { machineThreads } from "#platform";
export type { Call, Engine, EngineOptions, NodeTimes, ProgramTimes, Values, View } from "./engine.ts";

/** An engine for this machine: ONNX Runtime, in a worker unless asked otherwise. Dispose of it when done. */
export async function createEngine({ threads, worker = true, backend, profile }: EngineOptions = {}): Promise<Engine> {
  // Only these cross to a worker: callers may pass a larger object, with functions that cannot.
  const options = { threads, backend, profile };
  if (worker) return openWorkerEngine(startWorker(), options);
  return new OnnxRuntimeEngine(await loadOnnxRuntime(options));
}
