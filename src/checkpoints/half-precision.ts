// The conversions work on bits, so that every value, NaN payloads too, comes out as the formats say.

/** IEEE 754 binary16 values, given as their bits, as Float32 values. Exact: every one of the 65,536 has its own. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const table = (float16Table ??= Uint32Array.from({ length: 65_536 }, (_, half) => float16Bits(half)));
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = table[halves[i]!]!;
  return new Float32Array(bits.buffer);
}

/** Float32 values as the bits of the nearest binary16 values; ties to even, 65,520 and above to infinity. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) halves[i] = nearestFloat16(bits[i]!);
  return halves;
}

/** bfloat16 values (the upper half of a Float32), given as their bits, as Float32 values. Exact. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Float32 values as the bits of the nearest bfloat16 values; ties to even. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i]!;
    const upper = x >>> 16;
    // A NaN whose payload is in the lower half alone must not become an infinity.
    if ((x & 0x7fffffff) > 0x7f800000) halves[i] = (upper & 0x7f) === 0 ? upper | 1 : upper;
    else halves[i] = (x + 0x7fff + (upper & 1)) >>> 16;
  }
  return halves;
}

let float16Table: Uint32Array | undefined;

/** The Float32 bits of a binary16 value. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal is fraction · 2^-24; its leading one becomes the implicit one.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

/** The binary16 bits that are nearest to Float32 bits. */
function nearestFloat16(x: number): number {
  const sign = (x >>> 16) & 0x8000;
  const size = x & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7c00 | ((size >>> 13) & 0x3ff || 1);
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  const exponent = size >>> 23;
  if (exponent < 102) return sign;
  // Below 2^-14 the result counts units of 2^-24.
  const fraction = (size & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const units = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (units + (rest > half || (rest === half && units % 2 === 1) ? 1 : 0));
}
