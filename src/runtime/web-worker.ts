/** The entry of the web worker in a page. */
import { OnnxRuntimeEngine } from "./onnxruntime.ts";
import { loadOnnxRuntime } from "./platform-web.ts";
import { serveEngine, type Request } from "./worker-engine.ts";

declare const self: {
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  addEventListener(type: "message", handler: (event: { data: Request }) => void): void;
};

const handle = serveEngine(
  async (options) => new OnnxRuntimeEngine(await loadOnnxRuntime(options)),
  (message, transfer) => {
    self.postMessage(message, transfer);
  },
);
self.addEventListener("message", ({ data }) => void handle(data));
