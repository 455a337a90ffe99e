import { figure, Palette, type Svg } from "./svg.ts";

/** Finished SVG figures, one below the other, as one file. Each keeps its title and its colors. */
export function stackedSvg(title: string, figures: readonly string[]): string {
  let height = 0;
  let width = 0;
  const body = figures.map((one) => {
    const [, w, h] = /^<svg [^>]*? width="(\d+)" height="(\d+)"/.exec(one) ?? [];
    const placed = one.replace("<svg ", `<svg y="${height}" `) as Svg;
    height += Number(h);
    width = Math.max(width, Number(w));
    return placed;
  });
  const description = `${figures.length} figures, one below the other.`;
  return figure({ width, height, title, description, palette: new Palette(), body });
}
