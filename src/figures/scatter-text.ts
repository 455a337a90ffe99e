import { InputError } from "../errors/index.ts";
import { paint, type ColorDepth } from "./color.ts";
import { displayWidth, printable, truncate, visibleToken } from "./display-width.ts";
import type { Scatter } from "./scatter-svg.ts";
import { drawable, extent, smallestSpan } from "./ticks.ts";

/** How much room there is. */
interface Room {
  /** 80 unless told. */
  readonly width?: number;
  /** A third of the width unless told: about as long across as down. */
  readonly height?: number;
  readonly colorDepth?: ColorDepth;
}

/** The longest name, in columns. */
const LONGEST = 14;

/**
 * Points with their names for a terminal: a dot for each point, and its name beside it where there is room; what has
 * none is counted below.
 * @throws InputError where there is no point.
 */
export function scatterText(plot: Scatter & Room): string {
  if (plot.points.length === 0) throw new InputError("A scatter plot needs at least one point; it has none.");
  const { width = 80, colorDepth = "none" } = plot;
  const height = plot.height ?? Math.max(8, Math.min(40, Math.round(width / 3)));
  const finite = plot.points.filter(({ x, y }) => drawable(x) && drawable(y));
  const across = axis(
    finite.map(({ x }) => x),
    width,
  );
  const down = axis(
    finite.map(({ y }) => -y),
    height,
  );
  const grid = Array.from({ length: height }, () => new Array<string>(width).fill(" "));
  const placed = finite.map(({ name, x, y }) => ({ name, column: across(x), row: down(-y) }));
  for (const { row, column } of placed) grid[row]![column] = "•";
  let hidden = 0;
  for (const { name, row, column } of placed) if (!write(grid[row]!, column, visibleToken(name))) hidden++;
  const notes = [
    plot.xTitle === undefined ? undefined : `across: ${plot.xTitle}`,
    plot.yTitle === undefined ? undefined : `up: ${plot.yTitle}`,
    hidden === 0 ? undefined : `${hidden} of ${finite.length} names have no room`,
  ].filter((note) => note !== undefined);
  const lines = grid.map((cells) => cells.join("").trimEnd());
  return [paint(printable(plot.title), colorDepth, { bold: true }), ...lines, ...notes].join("\n");
}

/** From values to places 0 to `size` − 1. */
function axis(values: readonly number[], size: number): (value: number) => number {
  const [low, high] = extent(values) ?? [0, 1];
  const span = high - low > smallestSpan ? high - low : 1;
  return (value) => Math.round(((value - low) / span) * (size - 1));
}

/** A name behind its dot, or in front of it, with a blank around it; says whether there was room. */
function write(cells: string[], column: number, name: string): boolean {
  const text = truncate(name, LONGEST);
  const length = displayWidth(text);
  const isFree = (from: number, to: number): boolean =>
    from >= 0 && to <= cells.length && cells.slice(from, to).every((cell) => cell === " ");
  const starts = [column + 1, column - length];
  const start = starts.find((from) => isFree(from - (from > column ? 0 : 1), from + length + (from > column ? 1 : 0)));
  if (start === undefined) return false;
  // A letter of two columns stands in its first; the second one holds nothing.
  let at = start;
  for (const letter of text) {
    const wide = displayWidth(letter);
    if (wide === 0) {
      const before = Math.max(start, at - 1);
      cells[before] = `${cells[before] ?? ""}${letter}`;
    } else {
      cells[at] = letter;
      for (let more = 1; more < wide; more++) cells[at + more] = "";
      at += wide;
    }
  }
  return true;
}
