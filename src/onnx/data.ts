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
  return halfOf(scratch.getUint32(0));
}

/** Numbers as the bit patterns of halves. */
export function float16Array(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, halfOf);
}

/** From the bits of a float32: 8 of exponent (bias 127) and 23 of fraction become 5 (bias 15) and 10. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // A carry out of the fraction goes on into the exponent, up to infinity.
  if (exponent > 0) return sign | roundedShift((exponent << 23) | fraction, 13);
  return sign | roundedShift(fraction | 0x800000, 14 - exponent);
}

/** A whole number without its last bits, rounded to the nearest (ties to even). */
function roundedShift(value: number, bits: number): number {
  const half = 1 << (bits - 1);
  const low = value & ((1 << bits) - 1);
  const high = value >>> bits;
  return low > half || (low === half && (high & 1) === 1) ? high + 1 : high;
}

/** The raw bytes of an array, without a copy. */
export function bytesOf(data: HostData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
