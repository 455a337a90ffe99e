/** What Node offers: OpenVINO, ONNX Runtime's native and WebAssembly builds, and worker threads. */
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { Worker } from "node:worker_threads";
import { EngineError } from "../errors/index.ts";
import { temporaryFolder } from "../files/disk.ts";
import { readText } from "../files/index.ts";
import { allocate, type HostData } from "../onnx/index.ts";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { alone, type Group, type GroupOptions } from "./group.ts";
import { OnnxRuntimeEngine, requireFp32, type OnnxRuntime } from "./onnxruntime.ts";
import { openLibrary } from "./openvino-library.ts";
import { findOpenVino, OPENVINO_VARIABLE, TESTED_OPENVINO, type OpenVinoPlaces } from "./openvino-places.ts";
import { OpenVinoEngine, type OpenVinoSettings } from "./openvino.ts";
import { NO_TRACES, type TraceFiles } from "./ort-trace.ts";
import { rankIn } from "./rank.ts";
import { messageOf } from "./residents.ts";
import { startWasm, type WasmBuild } from "./wasm-runtime.ts";
import type { Channel } from "./worker-engine.ts";

/** The processors that this process may use; ranks that mpirun did not bind to their own share the machine's. */
export function machineThreads(): number {
  const allowed = availableParallelism();
  const local = Number(process.env["OMPI_COMM_WORLD_LOCAL_SIZE"] ?? 1);
  return allowed < cpus().length ? allowed : Math.max(1, Math.floor(allowed / local));
}

/**
 * The ranks that mpirun started together with this process, joined; a process on its own is `alone`, and nothing is
 * loaded. Throws EngineError where Open MPI is not found, or is not what started the process.
 */
export async function openGroup(options: GroupOptions = {}): Promise<Group> {
  if (rankIn(process.env) === undefined) return alone;
  const [{ findMpi }, { openMpi }, { joinGroup }] = await Promise.all([
    import("./mpi-places.ts"),
    import("./mpi-library.ts"),
    import("./mpi-group.ts"),
  ]);
  const { files, named } = await findMpi();
  return joinGroup(await openMpi(files, named), options);
}

/** The engine that was asked for, in this thread. Throws EngineError that says why where it cannot be had. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { engine = "auto", precision = "fp32", threads = machineThreads(), profile = false } = options;
  if (engine === "openvino") return openOpenVino({ threads, precision, profile });
  if (engine === "webgpu") throw new EngineError("WebGPU is there in pages only; in Node, use another engine.");
  if (engine === "auto" && (options.purpose !== "generation" || precision === "bf16")) {
    const found = await findOpenVino();
    try {
      if (found.file !== undefined || precision === "bf16")
        return await openOpenVino({ threads, precision, profile }, found);
    } catch (error) {
      if (precision === "bf16") throw error;
      warn(`OpenVINO was found, but it does not work here, so ONNX Runtime serves. ${messageOf(error)}`);
    }
  }
  requireFp32(precision);
  return new OnnxRuntimeEngine(await loadOnnxRuntime(engine, threads, profile));
}

/** ONNX Runtime for Node: the native build, and for `auto` the WebAssembly build where that is missing. */
export async function loadOnnxRuntime(
  engine: Exclude<EngineName, "openvino" | "webgpu">,
  threads: number,
  profile: boolean,
): Promise<OnnxRuntime> {
  if (engine !== "wasm") {
    try {
      const { InferenceSession, Tensor, env } = await import("onnxruntime-node");
      const version = env.versions.node ?? env.versions.common;
      const traces = profile ? await traceFiles() : undefined;
      const build = engine === "cuda" ? "cuda" : "node";
      return { InferenceSession, Tensor, version, build, threads, inPlace: plainArrays, addressOf, traces };
    } catch (error) {
      if (engine !== "auto") throw new EngineError(whyNotNative(error), { cause: error });
      // The binary is absent (an Intel Mac, an install without it): WebAssembly serves.
    }
  }
  if (profile) throw new EngineError(NO_TRACES);
  const { default: factory } = (await import("onnxruntime-web/ort-wasm-simd-threaded.mjs")) as WasmBuild;
  return startWasm(factory, threads);
}

/** The native build writes into any array. */
const plainArrays = { allocate, free: () => undefined };

/** Where an array lies, which koffi tells where it is installed. */
async function addressOf(data: HostData): Promise<bigint | undefined> {
  const { default: koffi } = await import("koffi").catch(() => ({ default: undefined }));
  return koffi?.address(data);
}

/** ONNX Runtime writes traces to files only, and adds the time to their names. */
async function traceFiles(): Promise<TraceFiles> {
  const folder = await temporaryFolder();
  return {
    prefix: (session) => folder.describe(`${session}`),
    read: async (session) => {
      const file = (await folder.list()).find(({ name }) => name.startsWith(`${session}_`));
      if (file === undefined) throw new EngineError("ONNX Runtime wrote no trace of the program.");
      return readText(folder, file.name);
    },
    remove: () => folder.remove(""),
  };
}

function whyNotNative(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  const missing = code === "ERR_MODULE_NOT_FOUND";
  const reason = missing ? "onnxruntime-node is not installed" : `onnxruntime-node could not be loaded: ${message}`;
  return `The native build of ONNX Runtime is not there (${reason}).`;
}

/** OpenVINO from where it lies. Throws EngineError that says where it was looked for, and how to install it. */
async function openOpenVino(settings: OpenVinoSettings, places?: OpenVinoPlaces): Promise<Engine> {
  const { file, named, looked } = places ?? (await findOpenVino());
  if (file === undefined) {
    const where =
      named === undefined
        ? `${looked.length} folders of Python's packages, of openvino-node, of the system and in .cache/openvino`
        : `${named}, which ${OPENVINO_VARIABLE} names`;
    throw new EngineError(
      `OpenVINO's C library (libopenvino_c) was not found; looked in ${where}. ` +
        `Install it: pip install --no-deps openvino==${TESTED_OPENVINO}.* in an active Python environment, ` +
        `or set ${OPENVINO_VARIABLE} to the folder that it lies in.`,
    );
  }
  const library = await openLibrary(file);
  if (!library.version.startsWith(`${TESTED_OPENVINO}.`)) {
    warn(`OpenVINO ${library.version} (${file}) is used; Heed was tested with ${TESTED_OPENVINO}.`);
  }
  return new OpenVinoEngine(library, settings);
}

/** Said once a process and thread; not an error, so nothing stops. */
function warn(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  process.emitWarning(message, "HeedWarning");
}
const warned = new Set<string>();

/** A worker thread that serves an engine. */
export function startWorker(): Channel {
  const worker = new Worker(createRequire(import.meta.url).resolve("#worker"), { execArgv: [] });
  // Nothing waits for an idle engine: the process may end when its own work is done.
  worker.unref();
  return {
    post: (message, transfer) => {
      worker.postMessage(message, [...transfer] as ArrayBuffer[]);
    },
    receive: (handler) => {
      worker.on("message", handler as (message: unknown) => void);
    },
    fail: (handler) => {
      worker.on("error", handler);
    },
    hold: (busy) => {
      if (busy) worker.ref();
      else worker.unref();
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
