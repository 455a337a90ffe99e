import { formatCount, formatNumber } from "./number-text.ts";

/** Places on an axis and how to write them. */
export interface Ticks {
  readonly values: readonly number[];
  readonly labels: readonly string[];
}

/**
 * Round numbers (1, 2 or 5 times a power of ten) inside [low, high], about `count` of them and never more than
 * `count` + 1. Labels have as many decimals as the step needs.
 */
export function niceTicks(low: number, high: number, count = 5): Ticks {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!Number.isFinite(largest) || low > high) return { values: [], labels: [] };
  // Below this the steps would drown in rounding, above it the span is no number.
  if (high - low <= largest * 1e-9 || largest > largestDrawn) return { values: [low], labels: [formatNumber(low, 12)] };
  const step = niceStep((high - low) / Math.max(1, count));
  const values: number[] = [];
  const slack = step * 1e-6;
  for (let i = Math.ceil((low - slack) / step); i * step <= high + slack; i++)
    values.push(Number((i * step).toPrecision(12)));
  return { values, labels: values.map((value) => tickLabel(value, step, largest)) };
}

/** Round numbers for an axis of powers of ten; `low` and `high` are the logarithms of its ends, as are the places. */
export function powerTicks(low: number, high: number, count = 6): Ticks {
  if (!(high - low > 1e-9) || high - low > 600) return { values: [low], labels: [formatNumber(10 ** low)] };
  const factors = high - low < count / 3 ? [1, 2, 5] : [1];
  const step = Math.max(1, Math.ceil((high - low) / count));
  const values: number[] = [];
  for (let power = Math.floor(low / step) * step; power <= high; power += step) {
    for (const factor of factors) {
      const place = power + Math.log10(factor);
      if (place >= low - 1e-9 && place <= high + 1e-9) values.push(place);
    }
  }
  if (values.length < 2) return { values: [low, high], labels: [low, high].map((end) => formatNumber(10 ** end)) };
  return { values, labels: values.map((place) => formatNumber(Number((10 ** place).toPrecision(6)))) };
}

const largestDrawn = 1e300;

/** Below this a span counts as none: pixels per unit would be infinite. */
export const smallestSpan = 1e-290;

/** Whether a number can be given a place: it is finite, and so is its distance to any other such number. */
export function drawable(value: number): boolean {
  return Math.abs(value) <= largestDrawn;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(12));
}

function tickLabel(value: number, step: number, largest: number): string {
  if (value === 0) return "0";
  if (largest < 1e-3 || largest >= 1e15) {
    return formatNumber(value, Math.max(3, Math.ceil(Math.log10(Math.abs(value) / step) + 1)));
  }
  if (step >= 1) return formatCount(value);
  const text = Math.abs(value).toFixed(Math.ceil(-Math.log10(step) - 1e-9));
  return value < 0 ? `-${text}` : text;
}

/** The smallest and largest number that can be drawn; undefined where there is none. */
export function extent(values: Iterable<number>): [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!drawable(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}
