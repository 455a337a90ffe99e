import { inkOn } from "./color.ts";
import { drawCells, drawLegend, legendHeight, legendWidth } from "./heat-cells.ts";
import { drawColumnNames, drawRowNames } from "./heat-grid-svg.ts";
import { readGrid, type HeatGrid } from "./heat-grid.ts";
import { formatNumber } from "./number-text.ts";
import { levelColor, levelOf } from "./scales.ts";
import { element, figure, fitText, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";

/** A grid of numbers with a text in each cell, such as what each layer would answer and how sure it is. */
export interface TextGrid extends HeatGrid {
  /** One for each cell, row after row. */
  readonly texts: readonly string[];
}

const margin = 20;
const size = 12;
const cellHeight = 26;

/**
 * A grid whose cells hold texts over the color of their numbers, as an SVG file, for light and dark screens.
 * @throws InputError where the numbers do not fit the names.
 */
export function textGridSvg(grid: TextGrid): string {
  const read = readGrid(grid);
  const longest = Math.max(...grid.texts.map((text) => textWidth(text, size)));
  const cellWidth = Math.max(44, Math.min(96, Math.ceil(longest) + 12));
  const names = Math.max(...read.rows.map((name) => Math.min(160, textWidth(name, size))));
  const slanted = read.columns.some((name) => textWidth(name, size) > cellWidth - 4);
  const widest = Math.max(...read.columns.map((name) => Math.min(160, textWidth(name, size))));
  const [left, top] = [margin + names + 10, margin + 44 + (slanted ? (widest + size) * Math.SQRT1_2 : size)];
  const [across, down] = [cellWidth * read.columns.length, cellHeight * read.rows.length];
  const palette = new Palette();
  const axes = [grid.rowTitle && `${grid.rowTitle} ↓`, grid.columnTitle && `${grid.columnTitle} →`].filter(Boolean);
  const body: Svg[] = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, grid.title),
    textElement("text", { x: margin, y: margin + 27, ...type("quiet", 11) }, axes.join("   ")),
    drawRowNames(read.rows, { x: left - 8, y: top, cell: cellHeight, size }),
    ...read.columns.map((name, i) => {
      return drawColumnNames([name], {
        ...{ x: left + i * cellWidth, y: top - 8, cell: cellWidth, size, turn: slanted ? "slanted" : "flat" },
      });
    }),
    drawCells(read, { x: left, y: top, cellWidth, cellHeight, palette }),
    element("g", { "pointer-events": "none", "font-size": size, "text-anchor": "middle" }, textsOf()),
    drawLegend(read, left, top + down + 16, palette),
  ];
  function textsOf(): Svg[] {
    return grid.texts.flatMap((text, i) => {
      const [row, column] = [Math.floor(i / read.columns.length), i % read.columns.length];
      const place = read.place(row, column);
      if (place === undefined) return [];
      const [light, dark] = (["light", "dark"] as const).map((mode) =>
        inkOn(levelColor(read.scale, mode, levelOf(place))),
      );
      const ink = palette.fill(`t${light![0] === 0 ? 0 : 1}${dark![0] === 0 ? 0 : 1}`, light!, dark!);
      const at = { x: left + (column + 0.5) * cellWidth, y: top + (row + 0.5) * cellHeight + size * 0.35 };
      return [textElement("text", { ...at, ...ink }, fitText(text, size, cellWidth - 6))];
    });
  }
  const width = Math.max(
    left + across + (slanted ? widest : 0),
    left + legendWidth(read),
    textWidth(grid.title, 16) + margin,
  );
  const description =
    `A table of ${read.rows.length} rows and ${read.columns.length} columns with a text in each cell, ` +
    `colored from ${formatNumber(read.low)} to ${formatNumber(read.high)}.`;
  const height = top + down + 16 + legendHeight + margin / 2;
  return figure({ width: width + margin, height, title: grid.title, description, palette, body });
}
