/** What Node offers: ONNX Runtime's native build, its WebAssembly build where that is missing, and worker threads. */
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { OnnxRuntime } from "./onnxruntime.ts";
import type { EngineOptions } from "./engine.ts";
import type { Channel } from "./worker-engine.ts";

export const machineThreads = (): number => availableParallelism();

/** ONNX Runtime for Node; the WebAssembly build where the native one is absent or cannot be loaded. */
export async function loadOnnxRuntime(options: EngineOptions): Promise<OnnxRuntime> {
  const threads = options.threads ?? machineThreads();
  if (options.backend !== "wasm") {
    try {
      const ort = await import("onnxruntime-node");
      return { ...pick(ort), version: ort.env.versions.node ?? ort.env.versions.common, build: "node", threads };
    } catch {
      // The binary is absent (an Intel Mac, an install without it): WebAssembly serves.
    }
  }
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = threads;
  return { ...pick(ort), version: ort.env.versions.web ?? ort.env.versions.common, build: "wasm", threads };
}

function pick(ort: Pick<OnnxRuntime, "InferenceSession" | "Tensor">): Pick<OnnxRuntime, "InferenceSession" | "Tensor"> {
  return { InferenceSession: ort.InferenceSession, Tensor: ort.Tensor };
}

/** A worker thread that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(createRequire(import.meta.url).resolve("#worker"));
  // Nothing waits for an idle engine: the process may end when its own work is done.
  worker.unref();
  return {
    post: (message, transfer) => {
      worker.postMessage(message, [...transfer] as ArrayBuffer[]);
    },
    receive: (handler) => {
      worker.on("message", handler as (message: unknown) => void);
    },
    fail: (handler) => {
      worker.on("error", handler);
    },
    hold: (busy) => {
      if (busy) worker.ref();
      else worker.unref();
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
