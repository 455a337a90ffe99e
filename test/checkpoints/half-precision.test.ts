import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/checkpoints/half-precision.ts";

const everyHalf = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const { "half precision": golden } = JSON.parse(
  readFileSync(new URL("golden/reference.json", import.meta.url), "utf8"),
) as { "half precision": [number, number, number][] };

describe("half precision", () => {
  it("gives the value of every binary16, as IEEE 754 defines it", () => {
    const values = float16ToFloat32(everyHalf);
    for (const bits of everyHalf) {
      const sign = bits >= 0x8000 ? -1 : 1;
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 1023;
      const size =
        exponent === 31
          ? fraction === 0
            ? Infinity
            : NaN
          : exponent === 0
            ? fraction * 2 ** -24
            : (1024 + fraction) * 2 ** (exponent - 25);
      if (!Object.is(values[bits], sign * size)) expect.fail(`${bits} is ${sign * size}, not ${values[bits]}`);
    }
  });

  it("goes there and back to the same bits, NaN payloads too", () => {
    expect(Buffer.compare(bytes(float32ToFloat16(float16ToFloat32(everyHalf))), bytes(everyHalf))).toBe(0);
    expect(Buffer.compare(bytes(float32ToBfloat16(bfloat16ToFloat32(everyHalf))), bytes(everyHalf))).toBe(0);
  });

  it("rounds as the references round", () => {
    const values = new Float32Array(Uint32Array.from(golden, ([bits]) => bits).buffer);
    expect([...float32ToFloat16(values)]).toEqual(golden.map(([, half]) => half));
    expect([...float32ToBfloat16(values)]).toEqual(golden.map(([, , brain]) => brain));
  });

  it("rounds to the nearest, ties to even", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: 0, max: 65_504 }), (x) => {
        const half = float32ToFloat16(Float32Array.of(x))[0]!;
        const [below, at, above] = float16ToFloat32(Uint16Array.of(half === 0 ? 0 : half - 1, half, half + 1));
        const distance = Math.abs(at! - x);
        for (const next of [below!, above!]) {
          expect(distance).toBeLessThanOrEqual(Math.abs(next - x));
          if (distance > 0 && distance === Math.abs(next - x)) expect(half % 2).toBe(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps a NaN a NaN, whatever its payload", () => {
    const bits = Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000, 0x7f802000, 0x7fffffff);
    const values = new Float32Array(bits.buffer);
    expect([...float16ToFloat32(float32ToFloat16(values))].every(Number.isNaN)).toBe(true);
    expect([...bfloat16ToFloat32(float32ToBfloat16(values))].every(Number.isNaN)).toBe(true);
  });
});

function bytes(array: Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
