import { drawCells, drawLegend, legendHeight, legendWidth } from "./heat-cells.ts";
import { readGrid, type HeatGrid, type ReadGrid } from "./heat-grid.ts";
import { formatNumber } from "./number-text.ts";
import { element, figure, fitText, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";

const margin = 20;
const labelSize = 12;
const longestLabel = 160;

/** How column names are turned: flat where they fit, slanted, or upright where columns are narrow. */
type Turn = "flat" | "slanted" | "upright";

/**
 * A grid of numbers as an SVG file, tokens on both axes: a color-blind-safe scale with its legend, each value to hover
 * over (up to 4,096 cells), hatching where a value is missing; for light and dark screens and for print.
 * @param grid `cell` is the side of a cell in pixels, chosen to suit the number of columns unless told; `showValues`
 * writes the numbers into cells of at least 24 pixels.
 * @throws InputError where the numbers do not fit the names.
 */
export function heatGridSvg(grid: HeatGrid & { readonly cell?: number; readonly showValues?: boolean }): string {
  const read = readGrid(grid);
  const cell =
    grid.cell ?? Math.min(36, Math.max(14, Math.floor(640 / Math.max(read.columns.length, read.rows.length))));
  const size = Math.min(labelSize, cell - 2);
  const turn = chooseTurn(read.columns, size, cell);
  const names = Math.max(...read.rows.map((name) => Math.min(longestLabel, textWidth(name, size))));
  const left = margin + names + 10 + (grid.rowTitle === undefined ? 0 : 20);
  const head = columnSpace(read.columns, size, turn);
  const top = margin + 24 + (grid.columnTitle === undefined ? 0 : 20) + head.height + 8;
  const [across, down] = [cell * read.columns.length, cell * read.rows.length];
  const palette = new Palette();
  const showValues = grid.showValues === true && cell >= 24;
  const body = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, grid.title),
    ...axisTitles(grid, { left, top, across, down, headHeight: head.height }),
    drawRowNames(read.rows, { x: left - 8, y: top, cell, size }),
    drawColumnNames(read.columns, { x: left, y: top - 8, cell, size, turn }),
    drawCells(read, { x: left, y: top, cellWidth: cell, cellHeight: cell, palette, showValues }),
    drawLegend(read, left, top + down + 16, palette),
  ];
  const width = Math.max(left + across + head.overhang, left + legendWidth(read), textWidth(grid.title, 16) + margin);
  const height = top + down + 16 + legendHeight + margin / 2;
  return figure({ width: width + margin, height, title: grid.title, description: describe(grid, read), palette, body });
}

function chooseTurn(names: readonly string[], size: number, cell: number): Turn {
  if (names.every((name) => textWidth(name, size) <= cell - 4)) return "flat";
  return cell >= 17 ? "slanted" : "upright";
}

/** Room that column names take above the grid and to the right of it. */
function columnSpace(names: readonly string[], size: number, turn: Turn): { height: number; overhang: number } {
  const widest = Math.max(...names.map((name) => Math.min(longestLabel, textWidth(name, size))));
  if (turn === "flat") return { height: size, overhang: 0 };
  if (turn === "upright") return { height: widest, overhang: 0 };
  const last = Math.min(longestLabel, textWidth(names.at(-1)!, size));
  return { height: (widest + size) * Math.SQRT1_2, overhang: last * Math.SQRT1_2 };
}

/** Names of rows, right-aligned at `x`, the first row starting at `y`. */
export function drawRowNames(
  names: readonly string[],
  { x, y, cell, size }: { x: number; y: number; cell: number; size: number },
): Svg {
  const labels = names.map((name, i) =>
    textElement("text", { x, y: y + (i + 0.5) * cell + size * 0.35 }, fitText(name, size, longestLabel)),
  );
  return element("g", { ...type("ink", size, "end"), "xml:space": "preserve" }, labels);
}

/** Names of columns, their feet at `y`, the first column starting at `x`. */
export function drawColumnNames(
  names: readonly string[],
  { x, y, cell, size, turn }: { x: number; y: number; cell: number; size: number; turn: Turn },
): Svg {
  const angle = turn === "slanted" ? -45 : -90;
  const labels = names.map((name, i) => {
    const text = fitText(name, size, longestLabel);
    const middle = x + (i + 0.5) * cell;
    if (turn === "flat") return textElement("text", { x: middle, y }, text);
    const foot = `translate(${middle + size * (turn === "slanted" ? 0.2 : 0.36)} ${y}) rotate(${angle})`;
    return textElement("text", { transform: foot }, text);
  });
  return element("g", { ...type("ink", size, turn === "flat" ? "middle" : "start"), "xml:space": "preserve" }, labels);
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
  readonly headHeight: number;
}

function axisTitles(grid: HeatGrid, { left, top, across, down, headHeight }: Place): Svg[] {
  const titles: Svg[] = [];
  if (grid.columnTitle !== undefined) {
    const position = { x: left + across / 2, y: top - headHeight - 18 };
    titles.push(textElement("text", { ...position, ...type("quiet", 12, "middle") }, grid.columnTitle));
  }
  if (grid.rowTitle !== undefined) {
    const turned = `translate(${margin + 8} ${top + down / 2}) rotate(-90)`;
    titles.push(textElement("text", { transform: turned, ...type("quiet", 12, "middle") }, grid.rowTitle));
  }
  return titles;
}

function describe(grid: HeatGrid, read: ReadGrid): string {
  const axes = `${grid.rowTitle ?? "rows"} (${read.rows.length}) by ${grid.columnTitle ?? "columns"} (${read.columns.length})`;
  const top = largest(read);
  return `Heat map, ${axes}, from ${formatNumber(read.low)} to ${formatNumber(read.high)}.${top}`;
}

function largest(read: ReadGrid): string {
  let best: [number, number] | undefined;
  read.rows.forEach((_, i) => {
    read.columns.forEach((__, j) => {
      if (read.place(i, j) === undefined) return;
      if (best === undefined || read.at(i, j) > read.at(...best)) best = [i, j];
    });
  });
  if (best === undefined) return " No value is a finite number.";
  return ` Largest: ${formatNumber(read.at(...best))} at ${read.rows[best[0]]!}, ${read.columns[best[1]]!}.`;
}
