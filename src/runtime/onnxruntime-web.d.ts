/** The package has no declarations for the file of its WebAssembly module. */
declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs" {
  const build: import("./wasm-runtime.ts").WasmBuild;
  export default build.default;
}
