import { describe, expect, test } from "vitest";
import { inkOn, luminance, oklabToRgb, oklch, paint, type Rgb } from "../../src/figures/color.ts";
import { levelColor, levels, scaleColor, seriesColor, type Mode } from "../../src/figures/scales.ts";

const modes: readonly Mode[] = ["light", "dark"];

/** How a color looks without one kind of cone (Viénot, Brettel and Mollon 1999), in linear RGB. */
const blindness: Record<string, readonly (readonly number[])[]> = {
  protanopia: [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
  deuteranopia: [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
};

function seenBy(kind: string, color: Rgb): number[] {
  const linear = color.map((channel) => (channel / 255) ** 2.2);
  return blindness[kind]!.map((row) => row.reduce((sum, weight, i) => sum + weight * linear[i]!, 0));
}

function apart(a: number[], b: number[]): number {
  return Math.hypot(...a.map((value, i) => Math.max(0, value) ** (1 / 2.2) - Math.max(0, b[i]!) ** (1 / 2.2)));
}

test("OKLab's corners", () => {
  expect(oklabToRgb([1, 0, 0])).toEqual([255, 255, 255]);
  expect(oklabToRgb([0, 0, 0])).toEqual([0, 0, 0]);
  // Red as Ottosson's own page gives it: L 0.628, C 0.258, h 29.2.
  expect(oklabToRgb(oklch(0.62796, 0.25768, 29.234))).toEqual([255, 0, 0]);
});

describe.each(modes)("scales on %s paper", (mode) => {
  test("sequential: lightness alone orders it", () => {
    const shades = Array.from({ length: levels }, (_, level) => luminance(levelColor("sequential", mode, level)));
    const steps = shades.slice(1).map((shade, i) => (mode === "dark" ? shade - shades[i]! : shades[i]! - shade));
    expect(Math.min(...steps)).toBeGreaterThan(0);
  });

  test("diverging: both halves run away from the middle, and no eye takes one end for the other", () => {
    for (const side of [-1, 1]) {
      const shades = Array.from({ length: 20 }, (_, i) =>
        luminance(scaleColor("diverging", mode, 0.5 + (side * i) / 38)),
      );
      const steps = shades.slice(1).map((shade, i) => (mode === "dark" ? shade - shades[i]! : shades[i]! - shade));
      expect(Math.min(...steps)).toBeGreaterThan(0);
    }
    for (const kind of Object.keys(blindness)) {
      for (const t of [0, 0.2]) {
        const [minus, plus] = [scaleColor("diverging", mode, t), scaleColor("diverging", mode, 1 - t)];
        expect(apart(seenBy(kind, minus), seenBy(kind, plus))).toBeGreaterThan(0.25);
      }
    }
  });

  test("series stand out from the paper, the first four from each other for every eye", () => {
    const paper = mode === "light" ? 1 : luminance([0x14, 0x18, 0x1f]);
    const contrast = (color: Rgb) => {
      const [a, b] = [luminance(color) + 0.05, paper + 0.05];
      return Math.max(a, b) / Math.min(a, b);
    };
    for (let i = 0; i < 6; i++) expect(contrast(seriesColor(mode, i))).toBeGreaterThan(3);
    for (const kind of Object.keys(blindness)) {
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < i; j++) {
          const [a, b] = [seenBy(kind, seriesColor(mode, i)), seenBy(kind, seriesColor(mode, j))];
          expect(apart(a, b), `${kind} ${i} ${j}`).toBeGreaterThan(0.08);
        }
      }
    }
  });
});

test("numbers can be read on every level of every scale", () => {
  for (const scale of ["sequential", "diverging"] as const) {
    for (const mode of modes) {
      for (let level = 0; level < levels; level++) {
        const background = levelColor(scale, mode, level);
        const [a, b] = [luminance(background) + 0.05, luminance(inkOn(background)) + 0.05];
        expect(Math.max(a, b) / Math.min(a, b)).toBeGreaterThan(4.5);
      }
    }
  }
});

test("codes for terminals", () => {
  const red = { ink: [255, 0, 0] as const, background: [8, 8, 8] as const, bold: true };
  expect(paint("x", "none", red)).toBe("x");
  expect(paint("x", "truecolor", red)).toBe("\u001b[1;38;2;255;0;0;48;2;8;8;8mx\u001b[0m");
  expect(paint("x", "256", red)).toBe("\u001b[1;38;5;196;48;5;232mx\u001b[0m");
  expect(paint("x", "256", {})).toBe("x");
});
