import { braille } from "./braille.ts";
import { paint, type ColorDepth } from "./color.ts";
import { displayWidth, pad, printable, truncate } from "./display-width.ts";
import { readDomain, strokes, type Domain, type LineChart } from "./line-chart.ts";
import type { TextOptions } from "./heat-grid-text.ts";
import { missingNote } from "./heat-grid.ts";
import { seriesColor } from "./scales.ts";
import { niceTicks, type Ticks } from "./ticks.ts";

/** Without color each further series has a mark of its own instead of a fine line. */
const marks = ["⣿", "o", "x", "+", "*", "#"];

/**
 * A line chart for a terminal: fine lines of braille dots, round numbers on both axes, a legend where there are several
 * series. Without color the second series and those after it are drawn with o, x, + instead. Lines are joined with
 * "\n"; there are exactly `height` of them.
 * @param chart `height` counts all lines, with title, axis and legend (12 unless told, at least 8).
 * @throws InputError where a series has more places than values.
 */
export function lineChartText(chart: LineChart & TextOptions & { readonly height?: number }): string {
  const { width = 80, height = 12, colorDepth = "none", series } = chart;
  const domain = readDomain(series);
  const above =
    chart.title === undefined ? [] : [paint(truncate(printable(chart.title), width), colorDepth, { bold: true })];
  const below = legend(chart, domain, colorDepth);
  const rows = Math.max(3, height - above.length - below.length - 2);
  const yTicks = niceTicks(...domain.y, Math.max(Math.min(4, rows), Math.floor(rows / 2)));
  const margin = Math.max(...yTicks.labels.map(displayWidth), 1);
  const columns = Math.max(8, width - margin - 2);
  const plot = drawSeries(chart, domain, columns, rows, colorDepth);
  const labels = tickRows(yTicks, domain, rows);
  const lines = plot.map((line, row) => {
    const label = labels.get(row);
    return `${pad(label ?? "", margin, "right")} ${label === undefined ? "│" : "┤"}${line}`;
  });
  const axis = xAxis(domain, columns, margin + 1);
  return [...above, ...lines, ...axis, ...below].map((line) => line.trimEnd()).join("\n");
}

/** A character of the plot and the series it belongs to, which decides its color. */
interface Glyph {
  readonly text: string;
  readonly owner: number;
}

function drawSeries(chart: LineChart, domain: Domain, columns: number, rows: number, depth: ColorDepth): string[] {
  const canvases = chart.series.map((series) => {
    const canvas = braille(columns, rows);
    for (const stroke of strokes(series, domain, columns * 2 - 1, rows * 4 - 1)) {
      stroke.forEach((point, i) => {
        canvas.line(stroke[Math.max(0, i - 1)]!, point);
      });
    }
    return canvas;
  });
  return Array.from({ length: rows }, (_, row) => {
    const glyphs = Array.from({ length: columns }, (__, column) =>
      glyphOf(
        canvases.map((canvas) => canvas.dots(column, row)),
        depth,
      ),
    );
    return paintRuns(glyphs, depth);
  });
}

/** The last series is on top; with color the dots of those below it stay. */
function glyphOf(dots: readonly number[], depth: ColorDepth): Glyph {
  const owner = dots.findLastIndex((mask) => mask !== 0);
  if (owner < 0) return { text: " ", owner };
  if (depth === "none" && owner > 0) return { text: marks[owner % marks.length]!, owner };
  return { text: String.fromCodePoint(0x2800 + dots.reduce((all, mask) => all | mask, 0)), owner };
}

/** One color code for neighbors of one color: a chart that is redrawn often should be short. */
function paintRuns(glyphs: readonly Glyph[], depth: ColorDepth): string {
  let line = "";
  for (let i = 0; i < glyphs.length;) {
    const { owner } = glyphs[i]!;
    let run = "";
    for (; i < glyphs.length && glyphs[i]!.owner === owner; i++) run += glyphs[i]!.text;
    line += owner < 0 ? run : paint(run, depth, { ink: seriesColor("dark", owner) });
  }
  return line;
}

/** Which row gets which label; a row that two ticks would share keeps the first. */
function tickRows({ values, labels }: Ticks, { y: [low, high] }: Domain, rows: number): Map<number, string> {
  const places = new Map<number, string>();
  values.forEach((value, i) => {
    const dot = (1 - (value - low) / (high - low)) * (rows * 4 - 1);
    const row = Math.min(rows - 1, Math.floor(dot / 4));
    if (!places.has(row)) places.set(row, labels[i]!);
  });
  return places;
}

/** The axis with its ticks, and the line of numbers below it. */
function xAxis({ x: [low, high] }: Domain, columns: number, margin: number): [string, string] {
  const { values, labels } = niceTicks(low, high, Math.max(2, Math.floor(columns / 14)));
  const axis = Array.from({ length: columns }, () => "─");
  let numbers = "";
  values.forEach((value, i) => {
    const column = Math.floor((((value - low) / (high - low)) * (columns * 2 - 1)) / 2);
    const label = labels[i]!;
    const start = Math.min(margin + 1 + columns - label.length, margin + 1 + column - Math.floor(label.length / 2));
    if (start < numbers.length + (numbers === "" ? 0 : 2)) return;
    axis[column] = "┬";
    numbers = pad(numbers, start) + label;
  });
  return [`${" ".repeat(margin)}└${axis.join("")}`, numbers];
}

function legend({ series, xTitle, yTitle }: LineChart, { missing }: Domain, depth: ColorDepth): string[] {
  const parts = series.length < 2 ? [] : series.map(({ name }, index) => keyOf(name, index, depth));
  const axes = [yTitle, xTitle].filter((title) => title !== undefined).join(" by ");
  if (axes !== "") parts.push(axes);
  const note = missingNote(missing);
  if (note !== undefined) parts.push(note);
  if (series.every(({ x }) => x.length === 0)) parts.push("no values yet");
  return parts.length === 0 ? [] : [parts.join("   ")];
}

function keyOf(name: string, index: number, depth: ColorDepth): string {
  const mark = depth === "none" ? marks[index % marks.length]! : "━━";
  return `${paint(mark, depth, { ink: seriesColor("dark", index) })} ${printable(name)}`;
}
