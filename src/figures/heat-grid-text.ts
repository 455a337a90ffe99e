import { inkOn, paint, type ColorDepth } from "./color.ts";
import { displayWidth, graphemes, pad, printable, truncate } from "./display-width.ts";
import { missingNote, readGrid, type HeatGrid, type ReadGrid } from "./heat-grid.ts";
import { formatCell, formatNumber } from "./number-text.ts";
import { levelColor, levelOf, scaleColor } from "./scales.ts";

/** How a figure is written to a terminal. */
export interface TextOptions {
  /** Columns of the terminal, 80 unless told. */
  readonly width?: number;
  /** "none" unless told: shades of blocks only. */
  readonly colorDepth?: ColorDepth;
}

const shades = ["·", "░", "▒", "▓", "█"];
const longestUpright = 14;
const longestFlat = 12;

/**
 * A shaded grid for a terminal, tokens on both axes: blocks ·░▒▓█ where color is not allowed, else colored cells.
 * Column names stand upright where they do not fit flat; columns that do not fit the width go into a further band
 * below, so none is lost. Lines are joined with "\n", without one at the end.
 * @throws InputError where the numbers do not fit the names.
 */
export function heatGridText(grid: HeatGrid & TextOptions & { readonly showValues?: boolean }): string {
  const { width = 80, colorDepth = "none", showValues = false } = grid;
  const read = readGrid(grid);
  const nameWidth = Math.min(Math.max(...read.rows.map(displayWidth)), Math.max(6, Math.floor(width * 0.3)));
  const room = Math.max(6, width - nameWidth - 1);
  const layout = chooseCells(read.columns, room, showValues);
  const lines = [paint(printable(grid.title), colorDepth, { bold: true }), ...axisLine(grid), ""];
  for (const columns of bands(layout.widths, room)) {
    const band = { ...layout, read, columns, nameWidth, colorDepth, showValues };
    lines.push(...header(band), ...bandRows(band), "");
  }
  lines.push(drawScale(read, colorDepth, shades.join("")));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function axisLine({ rowTitle, columnTitle }: HeatGrid): string[] {
  const parts = [rowTitle && `rows: ${rowTitle}`, columnTitle && `columns: ${columnTitle}`].filter(Boolean);
  return parts.length === 0 ? [] : [printable(parts.join("; "))];
}

interface Layout {
  readonly flat: boolean;
  /** Of each column, in characters. */
  readonly widths: readonly number[];
}

/** Flat names where they are short enough to fit, each column as wide as its name; else upright ones, all alike. */
function chooseCells(columns: readonly string[], room: number, showValues: boolean): Layout {
  const least = showValues ? 6 : 3;
  const flat = columns.map((name) => Math.max(least, displayWidth(name) + 1));
  const fits = flat.every((width) => width <= longestFlat + 1) && flat.reduce((sum, width) => sum + width) <= room;
  if (fits) return { flat: true, widths: flat };
  const cell = showValues || least * columns.length <= room ? least : 2;
  return { flat: false, widths: columns.map(() => cell) };
}

/** Column numbers, as many to a band as fit. */
function bands(widths: readonly number[], room: number): number[][] {
  const all: number[][] = [[]];
  let used = 0;
  widths.forEach((width, column) => {
    if (used + width > room && used > 0) {
      all.push([]);
      used = 0;
    }
    all.at(-1)!.push(column);
    used += width;
  });
  return all;
}

interface Band extends Layout {
  readonly read: ReadGrid;
  readonly columns: readonly number[];
  readonly nameWidth: number;
  readonly colorDepth: ColorDepth;
  readonly showValues: boolean;
}

function header({ read, columns, nameWidth, widths, flat }: Band): string[] {
  const margin = " ".repeat(nameWidth + 1);
  if (flat) return [margin + columns.map((column) => pad(read.columns[column]!, widths[column]!)).join("")];
  const upright = columns.map((column) => {
    const letters = graphemes(read.columns[column]!);
    return letters.length > longestUpright ? [...letters.slice(0, longestUpright - 1), "…"] : letters;
  });
  const height = Math.max(...upright.map((letters) => letters.length));
  const cell = widths[0]!;
  const offset = " ".repeat(Math.floor((cell - 1) / 2));
  return Array.from({ length: height }, (_, line) => {
    const letters = upright.map((name) => pad(offset + (name[line - height + name.length] ?? ""), cell));
    return margin + letters.join("");
  });
}

function bandRows(band: Band): string[] {
  return band.read.rows.map((name, row) => {
    const start = `${pad(truncate(name, band.nameWidth), band.nameWidth, "right")} `;
    return start + band.columns.map((column) => cellText(band, row, column)).join("");
  });
}

function cellText({ read, widths, colorDepth, showValues }: Band, row: number, column: number): string {
  const width = widths[column]!;
  const place = read.place(row, column);
  if (place === undefined) return pad("?", width, colorDepth === "none" ? "left" : "center");
  const value = showValues ? formatCell(read.at(row, column)) : "";
  if (colorDepth === "none") {
    const shade = shades[Math.min(shades.length - 1, Math.floor(place * shades.length))]!;
    const room = width - 1 - (value === "" ? 0 : value.length + 1);
    return pad(shade.repeat(Math.max(1, room)) + (value && ` ${value}`), width);
  }
  const background = levelColor(read.scale, "dark", levelOf(place));
  const ink = value === "" ? {} : { ink: inkOn(background) };
  return paint(pad(value, width, "center"), colorDepth, { background, ...ink });
}

/** The scale with its two ends, and how many values are missing; `bar` is what stands for it without color. */
export function drawScale({ scale, low, high, missing }: ReadGrid, colorDepth: ColorDepth, bar: string): string {
  const steps = 16;
  const colored = Array.from({ length: steps }, (_, i) =>
    paint(" ", colorDepth, { background: scaleColor(scale, "dark", i / (steps - 1)) }),
  );
  const note = missingNote(missing);
  const shown = colorDepth === "none" ? bar : colored.join("");
  return `${formatNumber(low)} ${shown} ${formatNumber(high)}${note === undefined ? "" : `   ? ${note}`}`;
}
