/** The entry of the web worker in a page. */
import { openEngine } from "./platform-web.ts";
import { serveEngine, type Request } from "./worker-engine.ts";

/** The page's first message. */
interface Greeting {
  readonly onnxRuntime: string | undefined;
}

declare const self: {
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  addEventListener(type: "message", handler: (event: { data: Greeting | Request }) => void): void;
};

let address: string | undefined;
const handle = serveEngine(
  (options) => openEngine(options, address),
  (message, transfer) => {
    self.postMessage(message, transfer);
  },
);
self.addEventListener("message", ({ data }) => {
  if ("onnxRuntime" in data) address = data.onnxRuntime;
  else void handle(data);
});
