/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** What a terminal can show. */
export type ColorDepth = "none" | "256" | "truecolor";

/** A color in OKLab (Ottosson 2020): lightness 0 to 1, green-red, blue-yellow. Equal steps look equal. */
export type Oklab = readonly [lightness: number, a: number, b: number];

/** From lightness, chroma and hue (degrees) to OKLab. */
export function oklch(lightness: number, chroma: number, hue: number): Oklab {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

/** From OKLab to sRGB; what a screen cannot show is clipped per channel. Matrices: Ottosson 2020. */
export function oklabToRgb([lightness, a, b]: Oklab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encodeChannel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encodeChannel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encodeChannel(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function encodeChannel(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

/** Black or white, whichever stands out more on `background`. */
export function inkOn(background: Rgb): Rgb {
  return luminance(background) > 0.179 ? [0, 0, 0] : [255, 255, 255];
}

/** "#rrggbb". */
export function hex(color: Rgb): string {
  return `#${color.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Wraps `text` in the terminal's codes for a foreground and background; as it is where color is not allowed. */
export function paint(
  text: string,
  depth: ColorDepth,
  colors: { ink?: Rgb; background?: Rgb; bold?: boolean },
): string {
  if (depth === "none") return text;
  const codes: string[] = [];
  if (colors.bold) codes.push("1");
  if (colors.ink) codes.push(terminalCode(38, depth, colors.ink));
  if (colors.background) codes.push(terminalCode(48, depth, colors.background));
  return codes.length === 0 ? text : `\u001b[${codes.join(";")}m${text}\u001b[0m`;
}

function terminalCode(layer: 38 | 48, depth: "256" | "truecolor", color: Rgb): string {
  return depth === "truecolor" ? `${layer};2;${color.join(";")}` : `${layer};5;${nearest256(color)}`;
}

/** The nearest of xterm's 6 × 6 × 6 cube (16 to 231) and 24 grays (232 to 255). */
function nearest256(color: Rgb): number {
  const steps = [0, 95, 135, 175, 215, 255];
  const near = (channel: number) =>
    steps.reduce((best, step, i) => (Math.abs(step - channel) < Math.abs(steps[best]! - channel) ? i : best), 0);
  const [r, g, b] = [near(color[0]), near(color[1]), near(color[2])];
  const gray = Math.min(23, Math.max(0, Math.round(((color[0] + color[1] + color[2]) / 3 - 8) / 10)));
  const shade = 8 + 10 * gray;
  const toCube = distance(color, [steps[r]!, steps[g]!, steps[b]!]);
  return distance(color, [shade, shade, shade]) < toCube ? 232 + gray : 16 + 36 * r + 6 * g + b;
}

function distance(a: Rgb, b: Rgb): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
