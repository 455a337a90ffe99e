/** Pictures that several lessons draw. */
import { barChartSvg, lineChartSvg } from "heed/figures";
import type { Picture } from "../lesson.ts";

/** Losses by update, each with its name. */
export function lossChart(losses: Readonly<Record<string, readonly number[]>>, title = "Loss by update"): Picture {
  const names = Object.keys(losses);
  const series = names.map((name) => ({ name, x: losses[name]!.map((_, i) => i + 1), y: losses[name]! }));
  const longest = Math.max(...series.map(({ x }) => x.length));
  const rows = Array.from({ length: longest }, (_, i) => [i + 1, ...names.map((name) => losses[name]![i] ?? "")]);
  const svg = lineChartSvg({ title, series, xTitle: "update", yTitle: "loss" });
  return { kind: "drawing", title, svg, table: { columns: ["update", ...names], rows } };
}

/** Named numbers as bars. */
export function bars(
  title: string,
  values: readonly { readonly name: string; readonly value: number }[],
  format: (value: number) => string = (value) => value.toPrecision(3),
): Picture {
  const rows = values.map(({ name, value }) => [name, value]);
  return {
    kind: "drawing",
    title,
    svg: barChartSvg({ title, bars: values, format }),
    table: { columns: ["", "value"], rows },
  };
}
