/** Typed arrays for each dtype, and their bytes as ONNX and safetensors store them: little-endian. */
import type { Dtype } from "../graph/index.ts";

/** Values on the caller's side. float16 and bfloat16 are kept as their 16-bit patterns, bool as 0 and 1. */
export type HostData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint8Array;

/** A tensor on the caller's side. */
export interface HostTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: HostData;
}

const constructors = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element. */
export function bytesPerElement(dtype: Dtype): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

/** A new array of `length` zeros for a dtype. */
export function allocate(dtype: Dtype, length: number): HostData {
  return new constructors[dtype](length);
}

/** The array over part of a buffer. */
export function viewOf(dtype: Dtype, buffer: ArrayBuffer, byteOffset: number, length: number): HostData {
  return new constructors[dtype](buffer, byteOffset, length);
}

/** Numbers as the array of a dtype. float16 and bfloat16 are not converted here. */
export function toHostData(dtype: Dtype, values: ArrayLike<number>): HostData {
  if (dtype === "int64") return BigInt64Array.from(Array.from(values, (value) => BigInt(value)));
  if (dtype === "float16") return Uint16Array.from(Array.from(values, toFloat16));
  if (dtype === "bfloat16") return Uint16Array.from(Array.from(values, toBfloat16));
  return constructors[dtype].from(values);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The bit pattern of the nearest bfloat16 (ties to even). */
export function toBfloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The bit pattern of the nearest IEEE half (ties to even). */
export function toFloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(value));
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 steps are 2^-24 apart; above, 2^-10 of the exponent. Division by the step is exact.
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 1)), -14);
  const step = 2 ** (exponent - 10);
  const steps = roundToEven(magnitude / step);
  return sign | (magnitude < 2 ** -14 ? steps : ((exponent + 15) << 10) + (steps - 1024));
}

function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

/** The raw bytes of an array, without a copy. */
export function bytesOf(data: HostData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
