/** The colors of data on the paper that is shown: those of heed/figures, which color-blind eyes tell apart. */
import { inkOn, scaleColor, seriesColor, type Mode, type ScaleName } from "heed/figures";

let mode = $state<Mode>("light");

/** Follows the page's theme. */
export function watchTheme(): void {
  const look = (): void => {
    mode = document.documentElement.dataset["theme"] === "dark" ? "dark" : "light";
  };
  look();
  new MutationObserver(look).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** The paper that is shown; components that read it follow changes. */
export const paper = (): Mode => mode;

const tables = new Map<string, Uint32Array>();

/** 256 colors of a scale as pixels of an ImageData. */
export function pixelTable(scale: ScaleName, paperMode: Mode): Uint32Array {
  const key = `${scale} ${paperMode}`;
  const before = tables.get(key);
  if (before !== undefined) return before;
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const [red, green, blue] = scaleColor(scale, paperMode, i / 255);
    table[i] = (255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red);
  }
  tables.set(key, table);
  return table;
}

/** The color at `t` in [0, 1] as CSS. */
export const cssColor = (scale: ScaleName, t: number): string => {
  const [red, green, blue] = scaleColor(scale, mode, t);
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
};

/** Black or white ink, whichever is read better on a color of the scale. */
export const inkOver = (scale: ScaleName, t: number): string => `rgb(${inkOn(scaleColor(scale, mode, t)).join(" ")})`;

/** The color of one of several things. */
export const colorOf = (index: number): string => {
  const [red, green, blue] = seriesColor(mode, index);
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
};

/** Numbers as a small picture of pixels, [rows, columns] scaled to `range`. */
export function bitmapOf(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  {
    scale = "sequential",
    range = [0, 1],
  }: { readonly scale?: ScaleName; readonly range?: readonly [number, number] } = {},
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, columns), Math.max(1, rows)];
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const table = pixelTable(scale, mode);
  const [low, high] = range;
  const factor = 255 / (high - low || 1);
  for (let i = 0; i < rows * columns; i++) {
    pixels[i] = table[Math.max(0, Math.min(255, Math.round((values[i]! - low) * factor)))]!;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
