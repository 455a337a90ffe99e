/** What a page offers: ONNX Runtime's WebAssembly build, and web workers. */
import type { OnnxRuntime } from "./onnxruntime.ts";
import type { EngineOptions } from "./engine.ts";
import type { Channel } from "./worker-engine.ts";

/** The part of a web worker that is used here; the DOM library is not needed. */
interface WebWorker {
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  addEventListener(type: "message", handler: (event: { data: never }) => void): void;
  addEventListener(type: "error", handler: (event: { message: string }) => void): void;
  terminate(): void;
}
declare const Worker: new (url: URL, options: { type: "module" }) => WebWorker;
declare const navigator: { hardwareConcurrency?: number } | undefined;
declare const crossOriginIsolated: boolean | undefined;

/** Threads need shared memory, which a page has only where it is cross-origin isolated. */
export const machineThreads = (): number =>
  typeof crossOriginIsolated !== "undefined" && crossOriginIsolated ? (navigator?.hardwareConcurrency ?? 1) : 1;

export async function loadOnnxRuntime(options: EngineOptions): Promise<OnnxRuntime> {
  const ort = await import("onnxruntime-web/wasm");
  const threads = Math.min(options.threads ?? machineThreads(), machineThreads());
  ort.env.wasm.numThreads = threads;
  const { InferenceSession, Tensor } = ort;
  return { InferenceSession, Tensor, version: ort.env.versions.web ?? ort.env.versions.common, build: "wasm", threads };
}

/** A web worker that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(new URL("./web-worker.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer) => {
      worker.postMessage(message, transfer);
    },
    receive: (handler) => {
      worker.addEventListener("message", ({ data }) => {
        handler(data);
      });
    },
    fail: (handler) => {
      worker.addEventListener("error", ({ message }) => {
        handler(new Error(message));
      });
    },
    hold: () => undefined,
    close: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
