import { InputError } from "../errors/index.ts";
import { drawable, smallestSpan } from "./ticks.ts";

/** Amounts of named things, such as parameter counts by part. */
export interface BarChart {
  readonly title: string;
  /** `note` is written behind the amount, such as the formula of a count. */
  readonly bars: readonly { readonly name: string; readonly value: number; readonly note?: string }[];
  /** How an amount is written, `formatNumber` unless told. */
  readonly format?: (value: number) => string;
}

/**
 * The span of the bars, zero always inside; [0, 1] where no value is finite.
 * @throws InputError where there is no bar.
 */
export function barSpan({ bars }: BarChart): readonly [low: number, high: number] {
  if (bars.length === 0) throw new InputError("A bar chart needs at least one bar; it has none.");
  const finite = bars.map(({ value }) => value).filter(drawable);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  return high - low > smallestSpan ? [low, high] : [0, 1];
}
