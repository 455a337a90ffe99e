import { InputError } from "../errors/index.ts";
import { drawable, extent, smallestSpan } from "./ticks.ts";

/** One line of a chart. What is not finite leaves a gap. */
export interface Series {
  readonly name: string;
  /** Ascending, such as the number of updates. */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Several lines over one pair of axes, such as training and validation loss. */
export interface LineChart {
  readonly title?: string;
  readonly series: readonly Series[];
  readonly xTitle?: string;
  readonly yTitle?: string;
  /** Whether the vertical axis has powers of ten at equal distances; what is not above zero is a gap then. */
  readonly logarithmic?: boolean;
}

/** What both axes span, and how many values are not finite. */
export interface Domain {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
  readonly missing: number;
}

/**
 * The span of all finite points; [0, 1] where there is none yet. A span of one value is widened.
 * @throws InputError where a series has more places than values.
 */
export function readDomain(series: readonly Series[]): Domain {
  let missing = 0;
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const { name, x, y } of series) {
    if (x.length !== y.length) {
      throw new InputError(`The series "${name}" has ${x.length} places and ${y.length} values; give one value each.`);
    }
    for (let i = 0; i < y.length; i++) {
      if (!drawable(x[i]!) || !drawable(y[i]!)) missing++;
      else {
        xs.push(x[i]!);
        ys.push(y[i]!);
      }
    }
  }
  return { x: widen(extent(xs) ?? [0, 1]), y: widen(extent(ys) ?? [0, 1]), missing };
}

function widen([low, high]: readonly [number, number]): readonly [number, number] {
  // A span that is all rounding is none.
  if (high - low > Math.max(Math.abs(low), Math.abs(high)) * 1e-9 && high - low > smallestSpan) return [low, high];
  const share = Math.abs(low) * 0.05;
  const reach = share > smallestSpan ? share : 1;
  return [low - reach, high + reach];
}

/** A series of the logarithms of its values. */
export function logarithms(series: Series): Series {
  return { ...series, y: Float64Array.from(series.y, (value) => (value > 0 ? Math.log10(value) : NaN)) };
}

/** A point in dots or pixels, y downward. */
export type Point = readonly [x: number, y: number];

/**
 * A series as strokes of points in a box of `width` by `height`, in the box's units. Where several points share one
 * column only the first, the lowest, the highest and the last are kept, which draws the same picture. A stroke ends
 * where a value is not finite.
 */
export function strokes(series: Series, domain: Domain, width: number, height: number): Point[][] {
  const all: Point[][] = [];
  let stroke: Column[] = [];
  const close = () => {
    if (stroke.length > 0) all.push(stroke.flatMap(thin));
    stroke = [];
  };
  for (let i = 0; i < series.x.length; i++) {
    const [px, py] = [series.x[i]!, series.y[i]!];
    if (!drawable(px) || !drawable(py)) {
      close();
      continue;
    }
    const x = ((px - domain.x[0]) / (domain.x[1] - domain.x[0])) * width;
    const y = (1 - (py - domain.y[0]) / (domain.y[1] - domain.y[0])) * height;
    const last = stroke.at(-1);
    if (last !== undefined && Math.floor(last.first[0]) === Math.floor(x)) extend(last, [x, y]);
    else stroke.push({ first: [x, y], top: [x, y], bottom: [x, y], last: [x, y] });
  }
  close();
  return all;
}

interface Column {
  first: Point;
  top: Point;
  bottom: Point;
  last: Point;
}

function extend(column: Column, point: Point): void {
  if (point[1] < column.top[1]) column.top = point;
  if (point[1] > column.bottom[1]) column.bottom = point;
  column.last = point;
}

/** The points of a column that make a difference, in the order of the line. */
function thin({ first, top, bottom, last }: Column): Point[] {
  return [...new Set([first, ...(top[0] <= bottom[0] ? [top, bottom] : [bottom, top]), last])];
}
