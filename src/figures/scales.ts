import { oklabToRgb, oklch, type Oklab, type Rgb } from "./color.ts";

/** The paper a color is meant for. Dark is also what terminals get. */
export type Mode = "light" | "dark";

/** From small to large, or from negative over zero to positive. */
export type ScaleName = "sequential" | "diverging";

/** A continuous scale is cut into this many colors: more than an eye can tell, few enough for a style sheet. */
export const levels = 64;

/**
 * Stops in OKLCH, evenly spaced and blended in OKLab. Lightness alone orders every scale, so that it survives gray
 * print and every kind of color blindness; diverging runs from blue to orange, which all of them tell apart.
 */
const stops: Record<ScaleName, Record<Mode, readonly Oklab[]>> = {
  sequential: {
    light: [
      oklch(0.97, 0.012, 215),
      oklch(0.84, 0.07, 205),
      oklch(0.66, 0.115, 235),
      oklch(0.46, 0.14, 262),
      oklch(0.27, 0.1, 282),
    ],
    dark: [
      oklch(0.25, 0.03, 272),
      oklch(0.4, 0.12, 270),
      oklch(0.58, 0.13, 240),
      oklch(0.78, 0.12, 190),
      oklch(0.96, 0.09, 112),
    ],
  },
  diverging: {
    light: [
      oklch(0.36, 0.13, 262),
      oklch(0.67, 0.12, 245),
      oklch(0.97, 0.004, 90),
      oklch(0.72, 0.13, 60),
      oklch(0.42, 0.12, 42),
    ],
    dark: [
      oklch(0.86, 0.09, 220),
      oklch(0.55, 0.13, 250),
      oklch(0.25, 0.008, 272),
      oklch(0.57, 0.12, 50),
      oklch(0.89, 0.1, 80),
    ],
  },
};

/** The color at `t` in [0, 1] of a scale; values outside are clamped. */
export function scaleColor(scale: ScaleName, mode: Mode, t: number): Rgb {
  const list = stops[scale][mode];
  const place = Math.min(1, Math.max(0, t)) * (list.length - 1);
  const index = Math.min(list.length - 2, Math.floor(place));
  const [from, to] = [list[index]!, list[index + 1]!];
  const mix = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * (place - index);
  return oklabToRgb([mix(0), mix(1), mix(2)]);
}

/** Which of the `levels` colors a position `t` in [0, 1] gets. */
export function levelOf(t: number): number {
  return Math.min(levels - 1, Math.max(0, Math.floor(t * levels)));
}

/** The color of a level, at the middle of its share of the scale; the two ends get the ends themselves. */
export function levelColor(scale: ScaleName, mode: Mode, level: number): Rgb {
  return scaleColor(scale, mode, level / (levels - 1));
}

const series: Record<Mode, readonly Rgb[]> = {
  light: [
    [0, 107, 168],
    [201, 84, 0],
    [0, 140, 105],
    [176, 82, 140],
    [120, 100, 0],
    [70, 78, 90],
  ],
  dark: [
    [97, 181, 240],
    [245, 149, 72],
    [62, 201, 158],
    [232, 150, 200],
    [222, 200, 84],
    [178, 187, 198],
  ],
};

/** The color of the series with number `index`, after Okabe and Ito 2008, darker or lighter to suit the paper. */
export function seriesColor(mode: Mode, index: number): Rgb {
  const list = series[mode];
  return list[index % list.length]!;
}
