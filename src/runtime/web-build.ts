/** ONNX Runtime's WebAssembly build, as a page, a worker and Node without the native build use it. */
import type { OnnxRuntime } from "./onnxruntime.ts";

/** The part of onnxruntime-web that is used here. */
export interface WebBuild extends Pick<OnnxRuntime, "InferenceSession" | "Tensor"> {
  readonly env: { readonly wasm: { numThreads?: number }; readonly versions: { web?: string; common: string } };
}

/** Said where times of nodes are asked for. */
export const NO_TRACES =
  "ONNX Runtime's WebAssembly build cannot measure single nodes; its native build can, in Node (backend: native).";

/** The build with its threads. They start with the first program and stay, so that a later wish finds those. */
export function fromWebBuild({ InferenceSession, Tensor, env }: WebBuild, wanted: number): OnnxRuntime {
  const threads = (env.wasm.numThreads ??= wanted);
  return { InferenceSession, Tensor, version: env.versions.web ?? env.versions.common, build: "wasm", threads };
}
