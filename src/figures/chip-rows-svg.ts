import { visibleToken } from "./display-width.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, hairline, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";

/** A piece of a text; a mark is written behind it, and its frame is dashed. */
export interface Chip {
  readonly text: string;
  readonly mark?: string | undefined;
}

/** Rows of pieces, each with a name: a text on its way through the stages of a tokenizer. */
export interface ChipRows {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly chips: readonly Chip[] }[];
}

const [margin, chipHeight, gap, widest] = [20, 24, 6, 900];

/** Rows of framed pieces as an SVG file; long rows go on in the next line. */
export function chipRowsSvg({ title, rows }: ChipRows): string {
  const palette = new Palette();
  const color = palette.stroke("marked", seriesColor("light", 1), seriesColor("dark", 1));
  const left = margin + Math.max(0, ...rows.map(({ name }) => textWidth(name, 12))) + 14;
  const body: Svg[] = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, title),
  ];
  let [y, width] = [margin + 26, margin + textWidth(title, 16)];
  for (const { name, chips } of rows) {
    body.push(textElement("text", { x: margin, y: y + 16, ...type("quiet", 12) }, name));
    let x = left;
    for (const { text, mark } of chips) {
      const shown = mark === undefined ? visibleToken(text) : `${visibleToken(text)} ${mark}`;
      const size = Math.max(18, textWidth(shown, 12) + 12);
      if (x > left && x + size > left + widest) [x, y] = [left, y + chipHeight + gap];
      const look = mark === undefined ? hairline : { ...hairline, ...color, "stroke-dasharray": "4 2" };
      body.push(
        element("rect", { ...look, x, y, width: size, height: chipHeight, rx: 4 }),
        textElement("text", { x: x + size / 2, y: y + 16, ...type("ink", 12, "middle") }, shown),
      );
      x += size + gap;
      width = Math.max(width, x);
    }
    y += chipHeight + 14;
  }
  const description = rows.map(
    ({ name, chips }) => `${name}: ${chips.map(({ text }) => visibleToken(text)).join(" | ")}`,
  );
  return figure({
    width: width + margin,
    height: y + margin,
    title,
    description: description.join(". "),
    palette,
    body,
  });
}
