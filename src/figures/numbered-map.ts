import { paint } from "./color.ts";
import { pad, printable } from "./display-width.ts";
import { drawCells, drawLegend, legendHeight } from "./heat-cells.ts";
import { readGrid, type GridValues, type ReadGrid } from "./heat-grid.ts";
import { drawScale, type TextOptions } from "./heat-grid-text.ts";
import { levelColor, levelOf, type ScaleName } from "./scales.ts";
import { element, figure, hairline, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";
import { niceTicks } from "./ticks.ts";

/** A map of numbers whose two axes are numbered from 0, such as positional encodings [positions, width]. */
export interface NumberedMap {
  readonly title: string;
  /** [rows, columns] */
  readonly values: GridValues;
  readonly rows: number;
  readonly columns: number;
  /** "position" unless told. */
  readonly rowTitle?: string;
  /** "dimension" unless told. */
  readonly columnTitle?: string;
  /** "diverging" unless told: zero in the middle. */
  readonly scale?: ScaleName;
  readonly range?: readonly [low: number, high: number];
}

const margin = 20;

function read(map: NumberedMap): ReadGrid {
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i));
  return readGrid({
    ...map,
    scale: map.scale ?? "diverging",
    rows: numbered(map.rows),
    columns: numbered(map.columns),
  });
}

/**
 * Positional encodings, or any other map with numbered axes, as an SVG file: a signed scale with zero as its middle.
 * @throws InputError where `values` is not rows × columns numbers.
 */
export function numberedMapSvg(map: NumberedMap): string {
  const grid = read(map);
  const cellWidth = Math.min(16, Math.max(1, Math.floor(720 / map.columns)));
  const cellHeight = Math.min(16, Math.max(1, Math.floor(420 / map.rows)));
  const [across, down] = [cellWidth * map.columns, cellHeight * map.rows];
  const [left, top] = [margin + 54, margin + 30];
  const palette = new Palette();
  const [rowTitle, columnTitle] = [map.rowTitle ?? "position", map.columnTitle ?? "dimension"];
  const turned = `translate(${margin + 8} ${top + down / 2}) rotate(-90)`;
  const body: Svg[] = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, map.title),
    drawCells(grid, { x: left, y: top, cellWidth, cellHeight, palette }),
    ...axis(map.rows, cellHeight, (at) => [left - 6, top + at], "left"),
    ...axis(map.columns, cellWidth, (at) => [left + at, top + down + 6], "bottom"),
    textElement("text", { transform: turned, ...type("quiet", 12, "middle") }, rowTitle),
    textElement("text", { x: left + across / 2, y: top + down + 38, ...type("quiet", 12, "middle") }, columnTitle),
    drawLegend(grid, left, top + down + 54, palette),
  ];
  const width = left + Math.max(across, 210, textWidth(map.title, 16) - left + margin) + margin;
  const description = `Heat map of ${map.rows} ${rowTitle}s by ${map.columns} ${columnTitle}s.`;
  const height = top + down + 54 + legendHeight + margin / 2;
  return figure({ width, height, title: map.title, description, palette, body });
}

/** Round numbers at the middle of their cells. */
function axis(count: number, cell: number, place: (at: number) => [number, number], side: "left" | "bottom"): Svg[] {
  return niceTicks(0, count - 1, Math.min(count, Math.max(2, Math.floor((count * cell) / 60))))
    .values.filter(Number.isInteger)
    .flatMap((value) => {
      const [x, y] = place((value + 0.5) * cell);
      const tick = side === "left" ? `M${x} ${y}h4` : `M${x} ${y - 4}v4`;
      const label =
        side === "left"
          ? { x: x - 4, y: y + 4, ...type("quiet", 11, "end") }
          : { x, y: y + 12, ...type("quiet", 11, "middle") };
      return [element("path", { ...hairline, d: tick }), textElement("text", label, String(value))];
    });
}

const blocks = ["█", "▓", "▒", "░", "·", "-", "=", "≡", "#"];

/**
 * The same map for a terminal. With color two rows share a line (half blocks); without it █▓▒░ are positive, · is
 * about zero, and - = ≡ # are negative. What does not fit is thinned: every n-th row and column, which is said.
 * @throws InputError where `values` is not rows × columns numbers.
 */
export function numberedMapText(map: NumberedMap & TextOptions & { readonly height?: number }): string {
  const { width = 80, height = 24, colorDepth = "none" } = map;
  const grid = read(map);
  const label = String(map.rows - 1).length;
  const perLine = colorDepth === "none" ? 1 : 2;
  const least = Math.ceil(map.columns / Math.max(1, width - label - 1));
  // Sine and cosine take turns in many encodings: an even step would show one of them only.
  const stepAcross = least > 1 && least % 2 === 0 ? least + 1 : least;
  const stepDown = Math.ceil(map.rows / (Math.max(1, height) * perLine));
  const lines = [paint(printable(map.title), colorDepth, { bold: true })];
  for (let row = 0; row < map.rows; row += stepDown * perLine) {
    let line = `${pad(String(row), label, "right")} `;
    for (let column = 0; column < map.columns; column += stepAcross) {
      if (colorDepth === "none") line += shade(grid, row, column);
      else line += halfBlock(grid, [row, row + stepDown], column, colorDepth);
    }
    lines.push(line);
  }
  const thinned = [stepDown > 1 && `row in ${stepDown}`, stepAcross > 1 && `column in ${stepAcross}`].filter(Boolean);
  const axes = `rows: ${map.rowTitle ?? "position"}; columns: ${map.columnTitle ?? "dimension"}`;
  lines.push(axes + (thinned.length === 0 ? "" : ` (one ${thinned.join(", one ")})`));
  const bar = grid.scale === "diverging" ? [...blocks].reverse().join("") : "·░▒▓█";
  lines.push(drawScale(grid, colorDepth, bar));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function shade(grid: ReadGrid, row: number, column: number): string {
  const place = grid.place(row, column);
  if (place === undefined) return "?";
  if (grid.scale === "diverging") return blocks[Math.round((1 - place) * (blocks.length - 1))]!;
  return "·░▒▓█"[Math.min(4, Math.floor(place * 5))]!;
}

function halfBlock(grid: ReadGrid, rows: [number, number], column: number, depth: "256" | "truecolor"): string {
  const [upper, lower] = rows.map((row) => {
    const place = row < grid.rows.length ? grid.place(row, column) : undefined;
    return place === undefined ? undefined : levelColor(grid.scale, "dark", levelOf(place));
  });
  if (upper === undefined) return lower === undefined ? "?" : paint("▄", depth, { ink: lower });
  return paint("▀", depth, { ink: upper, ...(lower === undefined ? {} : { background: lower }) });
}
