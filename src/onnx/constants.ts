/** Constants of a program whose values are known only where it is loaded. */
import { onnxDtype } from "../graph/index.ts";
import { bytesOf, type HostTensor } from "./data.ts";
import { encodeMessage, type Message } from "./messages.ts";

/** A constant of a model: its values, or where they lie. */
export interface Constant extends HostTensor {
  readonly name: string;
  /** The file that the model says the values are in, and the first byte; without it they become part of the model. */
  readonly place?: { readonly file: string; readonly offset: bigint };
}

/**
 * A model with constants that it names and does not have. The format allows to write a part of a message twice: what
 * comes later is joined with what was there, so the model is not read for it.
 */
export function withConstants(model: Uint8Array, constants: readonly Constant[]): Uint8Array {
  const more = encodeMessage("Model", { graph: { initializers: constants.map(constantMessage) } });
  const whole = new Uint8Array(model.length + more.length);
  whole.set(model);
  whole.set(more, model.length);
  return whole;
}

/** The message of a constant. */
export function constantMessage({ name, dtype, shape, data, place }: Constant): Message<"Tensor"> {
  const head = { name, dims: shape, dataType: onnxDtype(dtype) };
  return place === undefined ? { ...head, raw: bytesOf(data) } : { ...head, ...elsewhere(place, data.byteLength) };
}

/** The part of a tensor's message that says where its values lie. */
function elsewhere(
  { file, offset }: NonNullable<Constant["place"]>,
  length: number,
): Pick<Message<"Tensor">, "externalData" | "dataLocation"> {
  const entries = { location: file, offset: String(offset), length: String(length) };
  return { externalData: Object.entries(entries).map(([key, value]) => ({ key, value })), dataLocation: 1 };
}
