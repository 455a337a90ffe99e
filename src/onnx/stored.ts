/** Weights as ONNX stores them: inside the model, or in a file beside it. */
import { constantMessage } from "./constants.ts";
import { bytesOf, type HostTensor } from "./data.ts";
import type { LowerOptions, Program } from "./lower.ts";
import type { Message } from "./messages.ts";

/** Offsets in a file of weights, so that it can be mapped into memory. */
const ALIGNMENT = 4096;
/** Smaller tensors stay inside: shapes and the like, which engines read while they open a model. */
const SMALL = 1024;

/** The messages of weights, and the file that lies beside them, if one must. */
export function storedTensors(
  weights: ReadonlyMap<string, HostTensor>,
  external: LowerOptions["external"],
): { readonly stored: Message<"Tensor">[]; readonly beside?: NonNullable<Program["beside"]> } {
  const messages = (file: string, offsets: ReadonlyMap<string, number>): Message<"Tensor">[] =>
    [...weights].map(([name, weight]) => {
      const offset = offsets.get(name);
      return constantMessage({
        name,
        ...weight,
        ...(offset !== undefined && { place: { file, offset: BigInt(offset) } }),
      });
    });
  if (external === undefined) return { stored: messages("", new Map()) };
  const { file } = external;
  if ("offsets" in external) return { stored: messages(file, external.offsets) };
  const size = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  if (size <= external.above) return { stored: messages(file, new Map()) };
  const { pieces, offsets } = laidOut(weights);
  return { stored: messages(file, offsets), beside: { file, pieces } };
}

/** Tensors one behind the other, with gaps. */
function laidOut(weights: ReadonlyMap<string, HostTensor>): { pieces: Uint8Array[]; offsets: Map<string, number> } {
  const pieces: Uint8Array[] = [];
  const offsets = new Map<string, number>();
  let at = 0;
  for (const [name, { data }] of weights) {
    if (data.byteLength < SMALL) continue;
    offsets.set(name, at);
    const gap = (ALIGNMENT - (data.byteLength % ALIGNMENT)) % ALIGNMENT;
    pieces.push(bytesOf(data), new Uint8Array(gap));
    at += data.byteLength + gap;
  }
  return { pieces, offsets };
}
