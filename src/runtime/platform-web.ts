/** What a page offers: ONNX Runtime's WebAssembly build, and web workers. */
import { EngineError } from "../errors/index.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { OnnxRuntimeEngine, requireFp32 } from "./onnxruntime.ts";
import { fromWebBuild, type WebBuild } from "./web-build.ts";
import type { Channel } from "./worker-engine.ts";

/** The part of a web worker that is used here; the DOM library is not needed. */
interface WebWorker {
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  addEventListener(type: "message", handler: (event: { data: never }) => void): void;
  addEventListener(type: "error", handler: (event: { message?: string }) => void): void;
  terminate(): void;
}
declare const Worker: new (url: URL, options: { type: "module" }) => WebWorker;
declare const navigator: { hardwareConcurrency?: number } | undefined;
declare const crossOriginIsolated: boolean | undefined;

/** Threads need shared memory, which a page has only where it is cross-origin isolated. */
export const machineThreads = (): number =>
  typeof crossOriginIsolated !== "undefined" && crossOriginIsolated ? (navigator?.hardwareConcurrency ?? 1) : 1;

/** ONNX Runtime in this page or worker, from `address` where one is given. Throws EngineError for other engines. */
export async function openEngine(options: EngineOptions, address?: string): Promise<Engine> {
  const { engine = "auto", precision = "fp32", threads = machineThreads() } = options;
  if (engine !== "auto" && engine !== "wasm") {
    throw new EngineError(`A page has no engine "${engine}", only WebAssembly: use "wasm" or "auto".`);
  }
  requireFp32(precision);
  const ort: WebBuild =
    address === undefined
      ? await import("onnxruntime-web/wasm")
      : ((await import(/* @vite-ignore */ /* webpackIgnore: true */ address)) as WebBuild);
  return new OnnxRuntimeEngine(fromWebBuild(ort, Math.min(threads, machineThreads())));
}

/** A web worker that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(new URL("./web-worker.js", import.meta.url), { type: "module" });
  worker.postMessage({ onnxRuntime: addressOfOnnxRuntime() }, []);
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
        handler(
          new Error(message ?? "its script could not be loaded. Check that the server offers all files of dist."),
        );
      });
    },
    hold: () => undefined,
    close: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}

/** Import maps do not reach into workers: where the page has one, the worker is told what it says. */
function addressOfOnnxRuntime(): string | undefined {
  try {
    return import.meta.resolve("onnxruntime-web/wasm");
  } catch {
    return undefined; // no import map: a bundler has put the build where the worker finds it
  }
}
