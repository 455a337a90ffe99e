/** The entry of the web worker in a page. */
import { openEngine, type Addresses } from "./platform-web.ts";
import { serveEngine, type Request } from "./worker-engine.ts";

/** The page's first message. */
interface Greeting {
  readonly addresses: Addresses;
}

declare const self: {
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
  addEventListener(type: "message", handler: (event: { data: Greeting | Request }) => void): void;
};

let addresses: Addresses | undefined;
const handle = serveEngine(
  (options) => openEngine(options, addresses),
  (message, transfer) => {
    self.postMessage(message, transfer);
  },
);
self.addEventListener("message", ({ data }) => {
  if ("addresses" in data) addresses = data.addresses;
  else void handle(data);
});
