import { InputError } from "../errors/index.ts";
import { visibleToken } from "./display-width.ts";
import { drawable, extent, smallestSpan } from "./ticks.ts";
import type { ScaleName } from "./scales.ts";

/** Numbers of a grid: an array per row, or all of them row after row. */
export type GridValues = ArrayLike<number> | readonly ArrayLike<number>[];

/** A grid of numbers with a token (or any name) for each row and each column. */
export interface HeatGrid {
  readonly title: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [rows, columns]. What is not finite is shown as missing, and counted. */
  readonly values: GridValues;
  /** What the rows are, such as "English, written" or "query". */
  readonly rowTitle?: string;
  /** What the columns are, such as "French, read" or "key". */
  readonly columnTitle?: string;
  /** "sequential" (the default) for weights; "diverging" for signed numbers, with zero in the middle. */
  readonly scale?: ScaleName;
  /**
   * The values at the two ends of the scale; beyond them the color stays that of the end. Unless given: from 0 (or the
   * smallest value, if negative) to the largest; for a diverging scale the same distance to both sides of zero.
   */
  readonly range?: readonly [low: number, high: number];
}

/** A grid that was checked. */
export interface ReadGrid {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly scale: ScaleName;
  readonly low: number;
  readonly high: number;
  /** How many values are not finite. */
  readonly missing: number;
  /** The value, which may not be finite. */
  at(row: number, column: number): number;
  /** Where the value is on the scale, 0 to 1; undefined where it is missing. */
  place(row: number, column: number): number | undefined;
}

/**
 * Checks a grid and settles its range.
 * @throws InputError where the numbers do not fit the names, or the range is empty.
 */
export function readGrid(grid: Omit<HeatGrid, "title">): ReadGrid {
  const [rows, columns] = [grid.rows.map(visibleToken), grid.columns.map(visibleToken)];
  const values = flatten(grid.values, rows.length, columns.length);
  const scale = grid.scale ?? "sequential";
  const [low, high] = grid.range ?? naturalRange(values, scale);
  if (!(drawable(low) && drawable(high) && low < high)) {
    throw new InputError(`The range of a figure is [${low}, ${high}]; give two finite numbers, the smaller one first.`);
  }
  const at = (row: number, column: number) => values[row * columns.length + column]!;
  return {
    rows,
    columns,
    scale,
    low,
    high,
    missing: values.reduce((count, value) => count + (drawable(value) ? 0 : 1), 0),
    at,
    place: (row, column) => {
      const value = at(row, column);
      return drawable(value) ? Math.min(1, Math.max(0, (value - low) / (high - low))) : undefined;
    },
  };
}

function flatten(values: GridValues, rows: number, columns: number): Float64Array {
  if (rows === 0 || columns === 0) throw new InputError("A grid needs at least one row and one column; it has none.");
  const lines = isNested(values) ? values : undefined;
  const flat = new Float64Array(rows * columns);
  if (lines === undefined) {
    if (values.length !== flat.length) throw misfit(`${values.length} values`, rows, columns);
    flat.set(values as ArrayLike<number>);
    return flat;
  }
  if (lines.length !== rows) throw misfit(`${lines.length} rows of values`, rows, columns);
  lines.forEach((line, row) => {
    if (line.length !== columns) throw misfit(`${line.length} values in row ${row + 1}`, rows, columns);
    flat.set(line, row * columns);
  });
  return flat;
}

function isNested(values: GridValues): values is readonly ArrayLike<number>[] {
  return typeof values[0] === "object";
}

function misfit(got: string, rows: number, columns: number): InputError {
  return new InputError(
    `A grid with ${rows} row names and ${columns} column names got ${got}; give one value for each of its cells.`,
  );
}

function naturalRange(values: Float64Array, scale: ScaleName): [number, number] {
  const [low, high] = extent(values) ?? [0, 1];
  if (scale === "diverging") {
    const reach = Math.max(-low, high);
    return reach > smallestSpan ? [-reach, reach] : [-1, 1];
  }
  const start = Math.min(0, low);
  if (high - start > smallestSpan) return [start, high];
  return start < -smallestSpan ? [start, 0] : [0, 1];
}

/** "1 cell is not a number", for the line below a figure; undefined where none is missing. */
export function missingNote(missing: number): string | undefined {
  if (missing === 0) return undefined;
  return missing === 1 ? "1 value is not a finite number" : `${missing} values are not finite numbers`;
}
