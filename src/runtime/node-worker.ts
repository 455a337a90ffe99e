/** The entry of the worker thread in Node. */
import { parentPort } from "node:worker_threads";
import { OnnxRuntimeEngine } from "./onnxruntime.ts";
import { loadOnnxRuntime } from "./platform-node.ts";
import { serveEngine, type Request } from "./worker-engine.ts";

const port = parentPort!;
const handle = serveEngine(
  async (options) => new OnnxRuntimeEngine(await loadOnnxRuntime(options)),
  (message, transfer) => {
    port.postMessage(message, [...transfer] as ArrayBuffer[]);
  },
);
port.on("message", (request: Request) => void handle(request));
