/** What Node offers: ONNX Runtime's native build, its WebAssembly build where that is missing, and worker threads. */
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { EngineError } from "../errors/index.ts";
import { temporaryFolder } from "../files/disk.ts";
import { readText } from "../files/index.ts";
import { allocate } from "../onnx/index.ts";
import type { EngineOptions } from "./engine.ts";
import type { OnnxRuntime } from "./onnxruntime.ts";
import { NO_TRACES, type TraceFiles } from "./ort-trace.ts";
import { startWasm, type WasmBuild } from "./wasm-runtime.ts";
import type { Channel } from "./worker-engine.ts";

/** The processors that this process may use. */
export const machineThreads = (): number => availableParallelism();

/** ONNX Runtime for Node. Throws EngineError that says why where the native build is asked for and cannot be had. */
export async function loadOnnxRuntime(options: EngineOptions): Promise<OnnxRuntime> {
  const { threads = machineThreads(), backend = "auto", profile = false } = options;
  if (backend === "webgpu") throw new EngineError("WebGPU is there in pages only; in Node, use the native build.");
  if (backend !== "wasm") {
    try {
      const { InferenceSession, Tensor, env } = await import("onnxruntime-node");
      const version = env.versions.node ?? env.versions.common;
      const traces = profile ? await traceFiles() : undefined;
      return { InferenceSession, Tensor, version, build: "node", threads, inPlace: plainArrays, traces };
    } catch (error) {
      if (backend === "native") throw new EngineError(whyNotNative(error), { cause: error });
      // The binary is absent (an Intel Mac, an install without it): WebAssembly serves.
    }
  }
  if (profile) throw new EngineError(NO_TRACES);
  const { default: factory } = (await import("onnxruntime-web/ort-wasm-simd-threaded.mjs")) as WasmBuild;
  return startWasm(factory, threads);
}

/** The native build writes into any array. */
const plainArrays = { allocate, free: () => undefined };

/** ONNX Runtime writes traces to files only, and adds the time to their names. */
async function traceFiles(): Promise<TraceFiles> {
  const folder = await temporaryFolder();
  return {
    prefix: (session) => folder.describe(`${session}`),
    read: async (session) => {
      const file = (await folder.list()).find(({ name }) => name.startsWith(`${session}_`));
      if (file === undefined) throw new EngineError("ONNX Runtime wrote no trace of the program.");
      return readText(folder, file.name);
    },
    remove: () => folder.remove(""),
  };
}

function whyNotNative(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  const missing = code === "ERR_MODULE_NOT_FOUND";
  const reason = missing ? "onnxruntime-node is not installed" : `onnxruntime-node could not be loaded: ${message}`;
  return `The native build of ONNX Runtime is not there (${reason}).`;
}

/** A worker thread that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(createRequire(import.meta.url).resolve("#worker"), { execArgv: [] });
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
