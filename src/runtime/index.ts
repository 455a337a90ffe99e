/** The only door to what executes. */
import { loadOnnxRuntime, startWorker } from "#platform";
import type { Engine, EngineOptions } from "./engine.ts";
import { OnnxRuntimeEngine } from "./onnxruntime.ts";
import { openWorkerEngine } from "./worker-engine.ts";

export { machineThreads } from "#platform";
export type { Call, Engine, EngineOptions, Values, View } from "./engine.ts";

/** An engine for this machine: ONNX Runtime, in a worker unless asked otherwise. Dispose of it when done. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  if (options.worker ?? true) return openWorkerEngine(startWorker(), options);
  return new OnnxRuntimeEngine(await loadOnnxRuntime(options));
}
