/** The entry of the worker thread in Node. */
import { parentPort } from "node:worker_threads";
import { openEngine } from "./platform-node.ts";
import { serveEngine, type Request } from "./worker-engine.ts";

const port = parentPort!;
const handle = serveEngine(openEngine, (message, transfer) => {
  port.postMessage(message, [...transfer] as ArrayBuffer[]);
});
port.on("message", (request: Request) => void handle(request));
