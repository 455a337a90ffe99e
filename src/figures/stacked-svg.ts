import { element, type Svg } from "./svg.ts";

/** Finished SVG figures, one below the other, as one file. Each keeps its title and its colors. */
export function stackedSvg(title: string, figures: readonly string[]): string {
  let height = 0;
  let width = 0;
  const placed = figures.map((figure) => {
    const [, w, h] = /^<svg [^>]*? width="(\d+)" height="(\d+)"/.exec(figure) ?? [];
    const below = figure.replace("<svg ", `<svg y="${height}" `) as Svg;
    height += Number(h);
    width = Math.max(width, Number(w));
    return below;
  });
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size, role: "group", "aria-label": title }, placed);
}
