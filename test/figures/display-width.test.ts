import fc from "fast-check";
import { expect, test } from "vitest";
import { displayWidth, pad, printable, truncate, visibleToken } from "../../src/figures/index.ts";

test.each([
  ["Jane", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["日本", 4],
  ["한글", 4],
  ["ｆｕｌｌ", 8],
  ["🍎", 2],
  ["👩‍🔬", 2],
  ["🇫🇷", 2],
  ["❤️", 2],
  ["❤", 1],
  ["\u0301", 0],
  ["\u200b", 0],
  ["नमस्ते", 3],
  ["Ġthe▁", 5],
  ["…░█⣿", 4],
  ["", 0],
])("%s is %d columns wide", (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test("cutting and padding go by width, and cut no character apart", () => {
  expect(truncate("septembre", 5)).toBe("sept…");
  expect(truncate("日本語", 4)).toBe("日…");
  expect(truncate("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…");
  expect(pad("日", 4, "right")).toBe("  日");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, width) => {
      const cut = truncate(text, width);
      expect(displayWidth(cut)).toBeLessThanOrEqual(width);
      expect(displayWidth(pad(cut, width, "center"))).toBe(width);
    }),
  );
});

test("a token can neither move the cursor nor vanish", () => {
  expect(printable("a\nb\u001b[2J\u007f\u009b\u202e")).toBe("a␊b␛[2J␡\ufffd\ufffd");
  expect(printable("\ud800x")).toBe("\ufffdx");
  expect(["", " ", "  ", " a"].map(visibleToken)).toEqual(["∅", "␣", "␣␣", " a"]);
});
