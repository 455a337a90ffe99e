/** The package has no declarations for the file of its WebAssembly module: `WasmBuild` says what is in it. */
declare module "onnxruntime-web/ort-wasm-simd-threaded.mjs";
