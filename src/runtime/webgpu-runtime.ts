/** ONNX Runtime's WebGPU build: programs run on the graphics processor; tensors go in and come out as arrays. */
import { EngineError } from "../errors/index.ts";
import type { OnnxRuntime } from "./onnxruntime.ts";

/** The part of onnxruntime-web that is used here. */
export interface WebGpuBuild extends Pick<OnnxRuntime, "InferenceSession" | "Tensor"> {
  readonly env: {
    readonly wasm: { numThreads?: number };
    readonly versions: { readonly web?: string; readonly common: string };
  };
}

/** The part of the browser's WebGPU that is used here. */
declare const navigator: { readonly gpu?: { requestAdapter(): Promise<object | null> } } | undefined;

/** The build, where the browser offers a graphics processor. Throws EngineError where it does not. */
export async function startWebGpu({ InferenceSession, Tensor, env }: WebGpuBuild): Promise<OnnxRuntime> {
  const gpu = typeof navigator === "undefined" ? undefined : navigator.gpu;
  const adapter = await gpu?.requestAdapter();
  if (adapter === undefined || adapter === null) {
    const missing = gpu === undefined ? "has no WebGPU" : "has WebGPU, but no graphics processor that it may use";
    throw new EngineError(`This browser ${missing}. Use the WebAssembly build: engine "wasm".`);
  }
  // What the graphics processor has no kernel for runs on one thread beside it.
  env.wasm.numThreads = 1;
  const version = env.versions.web ?? env.versions.common;
  return { InferenceSession, Tensor, version, build: "webgpu", threads: 1, inPlace: undefined };
}
