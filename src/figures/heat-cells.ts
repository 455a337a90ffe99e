import { inkOn } from "./color.ts";
import { missingNote, type ReadGrid } from "./heat-grid.ts";
import { formatCell, formatNumber } from "./number-text.ts";
import { levelColor, levelOf, levels, type ScaleName } from "./scales.ts";
import { element, hairline, textElement, textWidth, type, type Palette, type Svg } from "./svg.ts";
import { niceTicks } from "./ticks.ts";

/** Above this number a cell is no longer an element of its own with a value to hover: the file would be too large. */
const mostNamedCells = 4_096;

/** Where cells are drawn, and how. */
export interface CellsOptions {
  readonly x: number;
  readonly y: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly palette: Palette;
  readonly showValues?: boolean;
}

/** The cells of a grid as one group, each with its value as a title to hover. Missing ones are hatched. */
export function drawCells(grid: ReadGrid, options: CellsOptions): Svg {
  const count = grid.rows.length * grid.columns.length;
  const children = count <= mostNamedCells ? namedCells(grid, options) : mergedCells(grid, options);
  const sharp = cellGap(options) === 0 ? "crispEdges" : undefined;
  const place = `translate(${options.x} ${options.y})`;
  return element("g", { class: "cells", transform: place, "shape-rendering": sharp }, children);
}

function namedCells(grid: ReadGrid, options: CellsOptions): Svg[] {
  const { cellWidth: w, cellHeight: h, palette } = options;
  const gap = cellGap(options);
  const shapes: Svg[] = [];
  const numbers: Svg[] = [];
  grid.rows.forEach((row, i) => {
    grid.columns.forEach((column, j) => {
      const [value, place] = [grid.at(i, j), grid.place(i, j)];
      const title = textElement("title", {}, `${row}, ${column}: ${formatNumber(value, 4)}`);
      const box = { x: j * w, y: i * h, width: w - gap, height: h - gap };
      if (place === undefined) {
        shapes.push(hatched(box, title));
        return;
      }
      const level = levelOf(place);
      shapes.push(element("rect", { ...box, ...levelFill(palette, grid.scale, level) }, [title]));
      if (options.showValues) numbers.push(cellNumber(value, level, grid.scale, box, palette));
    });
  });
  return numbers.length === 0
    ? shapes
    : [...shapes, element("g", { class: "numbers", "pointer-events": "none" }, numbers)];
}

/** A thin grid of paper between cells that are large enough for it. */
function cellGap({ cellWidth, cellHeight }: CellsOptions): 0 | 1 {
  return Math.min(cellWidth, cellHeight) >= 10 ? 1 : 0;
}

function levelFill(palette: Palette, scale: ScaleName, level: number) {
  const name = `${scale === "sequential" ? "s" : "d"}${level}`;
  return palette.fill(name, levelColor(scale, "light", level), levelColor(scale, "dark", level));
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function cellNumber(value: number, level: number, scale: ScaleName, box: Box, palette: Palette): Svg {
  const text = formatCell(value);
  const size = Math.min(11, box.height * 0.5, (box.width - 3) / (text.length * 0.58));
  const [light, dark] = [inkOn(levelColor(scale, "light", level)), inkOn(levelColor(scale, "dark", level))];
  const position = { x: box.x + box.width / 2, y: box.y + box.height / 2 + size * 0.36 };
  const fill = palette.fill(`n${light[0] > 99 ? "w" : "b"}${dark[0] > 99 ? "w" : "b"}`, light, dark);
  return textElement("text", { ...position, ...fill, "font-size": size, "text-anchor": "middle" }, text);
}

/** Diagonal lines instead of a pattern: a pattern needs an id, which two figures on a page could share. */
function hatched({ x, y, width, height }: Box, title: Svg): Svg {
  const lines = [0.25, 0.5, 0.75, 1].map((t) => `M${x} ${y + height * t}L${x + width * t} ${y}`);
  const rest = [0.25, 0.5, 0.75].map((t) => `M${x + width * t} ${y + height}L${x + width} ${y + height * t}`);
  return element("g", { class: "missing" }, [
    title,
    element("rect", { x, y, width, height, ...hairline, "fill-opacity": 0 }),
    element("path", { ...hairline, d: [...lines, ...rest].join("") }),
  ]);
}

/** One path per color, neighbors in a row joined. */
function mergedCells(grid: ReadGrid, { cellWidth: w, cellHeight: h, palette }: CellsOptions): Svg[] {
  const paths = new Map<number, string[]>();
  grid.rows.forEach((_, i) => {
    for (let j = 0; j < grid.columns.length;) {
      const place = grid.place(i, j);
      const level = place === undefined ? -1 : levelOf(place);
      const start = j;
      const same = (p: number | undefined) => (p === undefined ? -1 : levelOf(p)) === level;
      while (j < grid.columns.length && same(grid.place(i, j))) j++;
      const parts = paths.get(level) ?? [];
      parts.push(`M${round(start * w)} ${round(i * h)}h${round((j - start) * w)}v${round(h)}H${round(start * w)}z`);
      paths.set(level, parts);
    }
  });
  return [...paths].map(([level, parts]) => {
    const fill = level < 0 ? { class: "missing", fill: "none" } : levelFill(palette, grid.scale, level);
    return element("path", { ...fill, d: parts.join("") });
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How high a legend is, in pixels. */
export const legendHeight = 34;

/** The scale with its numbers, and what hatching means where something is missing. */
export function drawLegend(grid: ReadGrid, x: number, y: number, palette: Palette): Svg {
  const width = 192;
  const bar = Array.from({ length: levels }, (_, level) =>
    element("rect", {
      x: (level * width) / levels,
      // Neighbors overlap by half a pixel, or thin lines of paper show between them.
      width: width / levels + (level < levels - 1 ? 0.5 : 0),
      height: 10,
      ...levelFill(palette, grid.scale, level),
    }),
  );
  const marks = legendTicks(grid, width).flatMap(({ at, label }) => [
    element("path", { ...hairline, d: `M${round(at)} 10v4` }),
    textElement("text", { x: at, y: 25, ...type("quiet", 10, "middle") }, label),
  ]);
  const note = missingNote(grid.missing);
  const missing =
    note === undefined
      ? []
      : [
          hatched({ x: width + 24, y: 0, width: 12, height: 12 }, textElement("title", {}, note)),
          textElement("text", { x: width + 42, y: 10, ...type("quiet", 11) }, note),
        ];
  return element("g", { class: "legend", transform: `translate(${round(x)} ${round(y)})` }, [
    ...bar,
    ...marks,
    ...missing,
  ]);
}

/** The two ends, and round numbers between them where there is room. */
function legendTicks({ low, high }: ReadGrid, width: number): { at: number; label: string }[] {
  const ends = [low, high].map((value) => ({ at: value === low ? 0 : width, label: formatNumber(value) }));
  const { values, labels } = niceTicks(low, high, 4);
  const inner = values.map((value, i) => ({ at: (width * (value - low)) / (high - low), label: labels[i]! }));
  const room = (label: string) => 10 + textWidth(label, 10);
  const free = inner.filter(({ at, label }) => at > room(label) && at < width - room(label));
  return [ends[0]!, ...free, ends[1]!];
}

/** How wide a legend is, in pixels. */
export function legendWidth(grid: ReadGrid): number {
  const note = missingNote(grid.missing);
  return note === undefined ? 208 : 252 + textWidth(note, 11);
}
