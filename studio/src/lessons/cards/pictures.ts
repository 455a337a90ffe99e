/** Pictures that several lessons draw. */
import { barChartSvg, lineChartSvg, scaleColor } from "heed/figures";
import type { Picture } from "../lesson.ts";
import { SIDE, type Boundary, type Point } from "../models/perceptron.ts";

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

/** A plane of chances with the points of two classes on it; what the model gets wrong is crossed out. */
export function planePicture({ name, plane, hits, right, of }: Boundary, points: readonly Point[]): Picture {
  const size = 360;
  const cell = size / SIDE;
  const place = ({ x, y }: Point): readonly [number, number] => [((x + 1) / 2) * size, ((1 - y) / 2) * size];
  const ink = "#15181c";
  const cells = plane.map((chance, i) => {
    const [red, green, blue] = scaleColor("diverging", "light", chance).map(Math.round);
    const [x, y] = [(i % SIDE) * cell, Math.floor(i / SIDE) * cell];
    return `<rect x="${x}" y="${y}" width="${cell + 0.5}" height="${cell + 0.5}" fill="rgb(${red} ${green} ${blue})"/>`;
  });
  const marks = points.map((point, i) => {
    const [x, y] = place(point);
    const mark =
      point.label === 1
        ? `<rect x="${x - 5}" y="${y - 5}" width="10" height="10" fill="#fff" stroke="${ink}" stroke-width="1.5"/>`
        : `<circle cx="${x}" cy="${y}" r="5.5" fill="${ink}" stroke="#fff"/>`;
    const cross = `<path d="M${x - 8} ${y - 8}L${x + 8} ${y + 8}M${x - 8} ${y + 8}L${x + 8} ${y - 8}" stroke="#a3271c" stroke-width="2.5"/>`;
    return mark + (hits[i]! ? "" : cross);
  });
  const frame = `xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${size} ${size}"`;
  const rows = points.map(({ x, y, label }, i) => [x, y, label === 1 ? "square" : "dot", hits[i]! ? "right" : "wrong"]);
  return {
    kind: "drawing",
    title: `${name}: ${right} of ${of} right`,
    svg: `<svg ${frame} role="img"><title>${name}</title>${cells.join("")}${marks.join("")}</svg>`,
    table: { columns: ["x", "y", "class", "the model is"], rows },
  };
}

/** A map with the same words on both axes, or two sets of words. */
export function map(
  title: string,
  [rowTitle, rows]: readonly [string, readonly string[]],
  [columnTitle, columns]: readonly [string, readonly string[]],
  values: readonly (readonly number[])[],
  more: Pick<Extract<Picture, { kind: "heat" }>, "scale" | "range"> = {},
): Picture {
  return { kind: "heat", title, rows, columns, rowTitle, columnTitle, values: values.flat(), ...more };
}

/** A share as people read it. */
export const percent = (share: number): string => `${Math.round(100 * share)} %`;
