/** An encoder-decoder as two ONNX files that any ONNX Runtime runs: the encoder, and a decoder with a cache. */
import { dimension, input, type Tensor } from "../graph/index.ts";
import type { Folder } from "../files/index.ts";
import { requireMatch, Trace, type Scope } from "../nn/index.ts";
import { lower, type HostTensor, type LowerOptions, type Program, type Weights } from "../onnx/index.ts";
import { writeTensors } from "./model-folder.ts";
import { openSafetensors } from "./safetensors.ts";
import { WEIGHTS } from "./weights.ts";

/** The file of the encoder. */
export const ENCODER = "encoder.onnx";
/** The file of the decoder. */
export const DECODER = "decoder.onnx";

/** Weights beyond this many bytes lie beside the ONNX files: protobuf cannot hold 2 GB. */
const INSIDE_LIMIT = 1.8e9;

/** Logits [batch, target, vocabulary] from token ids [batch, source] and [batch, target], both int32. */
export type EncoderDecoder = (scope: Scope, ids: { readonly source: Tensor; readonly target: Tensor }) => Tensor;

/** Where weights go. */
export interface ExportOptions {
  /** The most bytes of weights in one ONNX file; more go to `model.safetensors` beside them. Default: 1.8 GB. */
  readonly insideLimit?: number | undefined;
}

/** What a file computes. */
export interface ExportedProgram extends Pick<Program, "inputs" | "outputs"> {
  readonly file: string;
  readonly bytes: number;
}

/**
 * Writes `encoder.onnx` and `decoder.onnx`.
 * - The encoder: `source` int64[batch, source] to every `once.…`, what the decoder reads of the source (keys and values
 *   of cross-attention, and the padding mask).
 * - The decoder: `target` int64[batch, target], every `once.…` and the cache `past.…` to `logits`
 *   [batch, target, vocabulary] and the grown cache `present.…`. A past of length 0 serves the first step.
 *
 * Token ids are int64, as Python and Transformers.js give them. Throws CheckpointError where weights do not fit.
 */
export async function exportEncoderDecoder(
  folder: Folder,
  model: EncoderDecoder,
  weights: Weights,
  options: ExportOptions = {},
): Promise<ExportedProgram[]> {
  const encoder = new Trace("prefill");
  encoder.run((scope) => model(scope, boundary()));
  requireMatch([...encoder.parameters.values()], weights);
  const once = [...encoder.cache.values()].filter(({ kind }) => kind === "once");
  const decoder = new Trace("step");
  const logits = decoder.run((scope) => model(scope, boundary()));
  const grown = [...decoder.cache.values()].filter(({ kind }) => kind === "append");
  const files = [
    { file: ENCODER, outputs: once.map(({ name, tensor }) => [`once.${name}`, tensor] as const) },
    {
      file: DECODER,
      outputs: [["logits", logits] as const, ...grown.map(({ name, tensor }) => [`present.${name}`, tensor] as const)],
    },
  ];
  const lowering = await placeWeights(folder, weights, options.insideLimit ?? INSIDE_LIMIT);
  const exported: ExportedProgram[] = [];
  for (const { file, outputs } of files) {
    const program = lower(file.replace(".onnx", ""), Object.fromEntries(outputs), lowering);
    await folder.write(file, program.bytes);
    exported.push({ file, bytes: program.bytes.length, inputs: program.inputs, outputs: program.outputs });
  }
  return exported;
}

function boundary(): { source: Tensor; target: Tensor } {
  const ids = (name: string): Tensor => input(name, "int64", [dimension("batch"), dimension(name)]).cast("int32");
  return { source: ids("source"), target: ids("target") };
}

/** Inside the ONNX files; or in one safetensors file beside them, of which each tensor's bytes are read in place. */
async function placeWeights(folder: Folder, weights: Weights, insideLimit: number): Promise<LowerOptions> {
  const bytes = [...weights.values()].reduce((sum: number, { data }: HostTensor) => sum + data.byteLength, 0);
  if (bytes <= insideLimit) return { weights };
  await writeTensors(folder, WEIGHTS, weights);
  const stored = await openSafetensors(folder, WEIGHTS);
  const offsets = new Map(stored.names.map((name) => [name, stored.place(name).offset]));
  return { weights, external: { file: WEIGHTS, offsets } };
}
