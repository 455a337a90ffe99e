// ONNX Runtime Web stays outside of the bundle: its .wasm files have 14 and 27 MB, and a page that asks a server never
// needs them. A page or worker that opens an engine imports it from the folder `ort` beside the page, where the server
// and the static build put it.
const builds = {
  "onnxruntime-web/ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.mjs",
  "onnxruntime-web/webgpu": "ort.webgpu.bundle.min.mjs",
};

/** The plugin; scripts are in `assets`, so `ort` is one folder up. In development, Vite serves the package itself. */
export const engineOutside = () => ({
  name: "engine-outside",
  apply: "build",
  enforce: "pre",
  resolveId: (id) => (id in builds ? `\0${id}` : undefined),
  load: (id) => {
    const file = builds[id.slice(1)];
    if (!id.startsWith("\0") || file === undefined) return undefined;
    // Not within one expression: `new URL("…", import.meta.url)` would be bundled as a file.
    return `const here = import.meta.url;
const build = await import(/* @vite-ignore */ new URL("../ort/${file}", here).href);
export default build.default;
export const { env, InferenceSession, Tensor } = build;`;
  },
});
