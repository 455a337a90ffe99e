/** The package has no declarations for the file of its WebAssembly module. */
declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  import type { WasmBuild } from "./wasm-runtime.ts";
  const build: WasmBuild["default"];
  export default build;
}
