/** Where the files of ONNX Runtime's builds for pages are, for servers that give them out. Node only. */
import { createRequire } from "node:module";
import { dirname } from "node:path";

/** The folder that a server gives out as `ort/`, beside the page. */
export function webBuildFolder(): string {
  return dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
}

/** The files that a page needs to compute in WebAssembly; WebGPU needs others, of twice the size. */
export const WEB_BUILD_FILES = ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"] as const;
