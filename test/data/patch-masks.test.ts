import { describe, expect, it } from "vitest";
import { maskPatches } from "../../src/data/index.ts";
import { random } from "../../src/random/index.ts";

describe("masks of patches", () => {
  it("hide the share, rounded up, and others for another generator", () => {
    const masks = [1, 2, 3].map((seed) => maskPatches(8, {}, random(seed)));
    for (const mask of masks) expect(mask.reduce((sum, bit) => sum + bit, 0)).toBe(39); // ⌈0.6 · 64⌉
    expect(new Set(masks.map(String)).size).toBe(3);
    expect(maskPatches(8, {}, random(2))).toEqual(masks[1]);
  });

  it("hide whole squares", () => {
    const mask = maskPatches(6, { share: 0.5, side: 2 }, random(5));
    expect(mask.reduce((sum, bit) => sum + bit, 0)).toBe(20); // 5 of 9 squares
    for (let row = 0; row < 6; row += 2) {
      for (let column = 0; column < 6; column += 2) {
        const square = [0, 1, 6, 7].map((step) => mask[row * 6 + column + step]);
        expect(new Set(square).size).toBe(1);
      }
    }
  });

  it("always leave something to be seen, and refuse squares that do not fit", () => {
    expect(maskPatches(2, { share: 0.99 }, random(1)).reduce((sum, bit) => sum + bit, 0)).toBe(3);
    expect(() => maskPatches(6, { side: 4 }, random(1))).toThrow("squares of 4");
    expect(() => maskPatches(6, { share: 1 }, random(1))).toThrow("between 0 and 1");
  });
});
