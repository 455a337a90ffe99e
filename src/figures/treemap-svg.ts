import { visibleToken } from "./display-width.ts";
import { formatCount } from "./number-text.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, fitText, Palette, textElement, textWidth, theme, type, type Svg } from "./svg.ts";

/** Rectangles whose areas are amounts, as a treemap lays them out. */
export interface Treemap {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly cells: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly name: string;
    readonly value: number;
    /** Which of `groups` it belongs to: its color. */
    readonly group: number;
  }[];
  readonly groups: readonly string[];
}

const margin = 20;

/** A treemap as an SVG file: each rectangle with its name and amount where they fit, and to hover over; a legend above. */
export function treemapSvg({ title, width, height, cells, groups }: Treemap): string {
  const palette = new Palette();
  const top = margin + 46;
  const color = (group: number) => palette.fill(`g${group}`, seriesColor("light", group), seriesColor("dark", group));
  let x = margin;
  const legend = groups.flatMap((name, group) => {
    const key = element("rect", { x, y: margin + 22, width: 12, height: 12, rx: 2, ...color(group) });
    const label = textElement("text", { x: x + 18, y: margin + 32, ...type("ink", 12) }, name);
    x += 18 + textWidth(name, 12) + 18;
    return [key, label];
  });
  const drawn = cells.map((cell): Svg => {
    const [left, down] = [margin + cell.x, top + cell.y];
    const amount = formatCount(cell.value);
    const box = { x: left, y: down, width: cell.width, height: cell.height, ...color(cell.group) };
    const edge = { stroke: theme.paper.light, "stroke-width": 1 };
    const hover = textElement("title", {}, `${visibleToken(cell.name)}: ${amount}`);
    const ink = { "font-size": 11, fill: "#ffffff" };
    const lines = cell.width > 40 && cell.height > 18 ? [cell.name, ...(cell.height > 34 ? [amount] : [])] : [];
    const texts = lines.map((line, i) =>
      textElement("text", { x: left + 5, y: down + 14 + 14 * i, ...ink }, fitText(line, 11, cell.width - 8)),
    );
    return element("g", { class: "cell" }, [element("rect", { ...box, ...edge }, [hover]), ...texts]);
  });
  const description = `Treemap. ${cells.map(({ name, value }) => `${visibleToken(name)}: ${formatCount(value)}`).join("; ")}.`;
  const body = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, title),
    ...legend,
    ...drawn,
  ];
  const wide = Math.max(width + 2 * margin, x);
  return figure({ width: wide, height: top + height + margin, title, description, palette, body });
}
