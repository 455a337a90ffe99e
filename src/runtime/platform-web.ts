/** What a page offers: ONNX Runtime's WebAssembly build, and web workers. */
import { EngineError } from "../errors/index.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { OnnxRuntimeEngine, requireFp32 } from "./onnxruntime.ts";
import { alone, type Group } from "./group.ts";
import { NO_TRACES } from "./ort-trace.ts";
import { startWasm, type WasmBuild } from "./wasm-runtime.ts";
import { startWebGpu } from "./webgpu-runtime.ts";
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

/** A page is a process on its own. */
export const openGroup = (): Promise<Group> => Promise.resolve(alone);

/** Where this page's import map has the builds of ONNX Runtime. */
export type Addresses = Readonly<Partial<Record<keyof typeof names, string>>>;

const names = { wasm: "onnxruntime-web/ort-wasm-simd-threaded.mjs", webgpu: "onnxruntime-web/webgpu" } as const;

/**
 * The engine that was asked for, in this page or worker, from `addresses` where they are given. Throws EngineError for
 * engines that a page has not, and for WebGPU where the browser offers none.
 */
export async function openEngine(options: EngineOptions, addresses: Addresses = {}): Promise<Engine> {
  const { engine = "auto", precision = "fp32", threads = machineThreads(), profile = false } = options;
  if (profile) throw new EngineError(NO_TRACES);
  requireFp32(precision);
  if (engine === "webgpu") {
    return new OnnxRuntimeEngine(
      await startWebGpu((await fromMap(addresses.webgpu)) ?? (await import("onnxruntime-web/webgpu"))),
    );
  }
  if (engine !== "auto" && engine !== "wasm") {
    throw new EngineError(`A page has no engine "${engine}", only "wasm" and "webgpu".`);
  }
  const { default: factory } =
    (await fromMap<WasmBuild>(addresses.wasm)) ??
    ((await import("onnxruntime-web/ort-wasm-simd-threaded.mjs")) as WasmBuild);
  return new OnnxRuntimeEngine(await startWasm(factory, Math.min(threads, machineThreads())));
}

const fromMap = async <T>(address: string | undefined): Promise<T | undefined> =>
  address === undefined ? undefined : ((await import(/* @vite-ignore */ /* webpackIgnore: true */ address)) as T);

/** A web worker that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(new URL("./web-worker.js", import.meta.url), { type: "module" });
  worker.postMessage({ addresses: addressesInMap() }, []);
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
function addressesInMap(): Addresses {
  const found = Object.entries(names).map(([build, name]) => {
    try {
      return [build, import.meta.resolve(name)];
    } catch {
      return [build, undefined]; // no import map: a bundler has put the build where the worker finds it
    }
  });
  return Object.fromEntries(found) as Addresses;
}
