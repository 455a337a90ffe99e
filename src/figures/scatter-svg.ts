import { InputError } from "../errors/index.ts";
import { visibleToken } from "./display-width.ts";
import { missingNote } from "./heat-grid.ts";
import { formatNumber } from "./number-text.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, fitText, hairline, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";
import { drawable, extent, niceTicks, smallestSpan } from "./ticks.ts";

/** Named points in a plane, such as word embeddings after a projection. */
export interface Scatter {
  readonly title: string;
  /** Points of one `group` share a color and a shape. */
  readonly points: readonly {
    readonly name: string;
    readonly x: number;
    readonly y: number;
    readonly group?: string;
  }[];
  readonly xTitle?: string;
  readonly yTitle?: string;
}

const [size, margin, labelSize] = [560, 20, 11];
const shapes = ["circle", "square", "triangle", "diamond"] as const;

interface Placed {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly group: number;
  readonly detail: string;
}

/**
 * Points with their names as an SVG file. One unit is as long across as down, so that distances are true. A name that
 * would cover another is left out, counted below and still there to hover over; so is a point that is not finite.
 * @throws InputError where there is no point.
 */
export function scatterSvg(plot: Scatter): string {
  if (plot.points.length === 0) throw new InputError("A scatter plot needs at least one point; it has none.");
  const groups = [...new Set(plot.points.map(({ group }) => group ?? ""))];
  const finite = plot.points.filter(({ x, y }) => drawable(x) && drawable(y));
  const view = chooseView(finite);
  const [left, top] = [margin + 44, margin + (groups.length > 1 ? 46 : 28)];
  const placed = finite.map(({ name, x, y, group }) => ({
    name: visibleToken(name),
    x: left + (x - view.x) * view.scale,
    y: top + size - (y - view.y) * view.scale,
    group: groups.indexOf(group ?? ""),
    detail: `${visibleToken(name)}: ${formatNumber(x)}, ${formatNumber(y)}`,
  }));
  const palette = new Palette();
  const { labels, hidden } = placeLabels(placed, [left, top]);
  const body = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, plot.title),
    ...(groups.length > 1 ? [drawLegend(groups, left, margin + 30, palette)] : []),
    ...axes(plot, view, [left, top]),
    element(
      "g",
      { class: "points" },
      placed.map((point) => mark(point, palette)),
    ),
    element("g", { "pointer-events": "none", ...type("ink", labelSize) }, labels),
  ];
  const notes = [hiddenNote(hidden), missingNote(plot.points.length - finite.length)].filter(
    (note) => note !== undefined,
  );
  const bottom = top + size + 46;
  if (notes.length > 0)
    body.push(textElement("text", { x: left, y: bottom + 6, ...type("quiet", 11) }, notes.join("; ")));
  const description = `Scatter plot of ${plot.points.length} named points${groups.length > 1 ? ` in groups ${groups.join(", ")}` : ""}.`;
  const height = bottom + (notes.length === 0 ? 0 : 20);
  return figure({ width: left + size + margin, height, title: plot.title, description, palette, body });
}

function hiddenNote(hidden: number): string | undefined {
  if (hidden === 0) return undefined;
  return hidden === 1 ? "1 name is not drawn for lack of room" : `${hidden} names are not drawn for lack of room`;
}

interface View {
  readonly x: number;
  readonly y: number;
  readonly span: number;
  readonly scale: number;
}

/** A square that holds all points, with a margin for marks and names. */
function chooseView(points: readonly { readonly x: number; readonly y: number }[]): View {
  const [left, right] = extent(points.map(({ x }) => x)) ?? [0, 1];
  const [low, high] = extent(points.map(({ y }) => y)) ?? [0, 1];
  const reach = Math.max(right - left, high - low);
  const span = (reach > smallestSpan ? reach : 1) * 1.16;
  return { x: (left + right - span) / 2, y: (low + high - span) / 2, span, scale: size / span };
}

function axes({ xTitle, yTitle }: Scatter, view: View, [left, top]: readonly [number, number]): Svg[] {
  const frame = element("rect", { x: left, y: top, width: size, height: size, ...hairline });
  const across = niceTicks(view.x, view.x + view.span, 5);
  const down = niceTicks(view.y, view.y + view.span, 5);
  const bottom = top + size;
  const labels = [
    ...across.values.map((value, i) => {
      const x = left + (value - view.x) * view.scale;
      return textElement("text", { x, y: bottom + 16, ...type("quiet", 10, "middle") }, across.labels[i]!);
    }),
    ...down.values.map((value, i) => {
      const y = bottom - (value - view.y) * view.scale + 4;
      return textElement("text", { x: left - 6, y, ...type("quiet", 10, "end") }, down.labels[i]!);
    }),
  ];
  if (xTitle !== undefined) {
    const place = { x: left + size / 2, y: bottom + 34, ...type("quiet", 12, "middle") };
    labels.push(textElement("text", place, xTitle));
  }
  if (yTitle !== undefined) {
    const turned = `translate(${margin + 8} ${top + size / 2}) rotate(-90)`;
    labels.push(textElement("text", { transform: turned, ...type("quiet", 12, "middle") }, yTitle));
  }
  return [frame, ...labels];
}

function mark({ x, y, group, detail }: Placed, palette: Palette): Svg {
  const color = palette.fill(`g${group}`, seriesColor("light", group), seriesColor("dark", group));
  return element("path", { class: color.class, fill: color.fill, d: shapePath(group, x, y) }, [
    textElement("title", {}, detail),
  ]);
}

function shapePath(group: number, x: number, y: number): string {
  const [a, b] = [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
  switch (shapes[group % shapes.length]!) {
    case "circle":
      return `M${a - 4} ${b}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`;
    case "square":
      return `M${a - 3.5} ${b - 3.5}h7v7h-7z`;
    case "triangle":
      return `M${a} ${b - 4.5}l4.5 8h-9z`;
    case "diamond":
      return `M${a} ${b - 5}l5 5l-5 5l-5 -5z`;
  }
}

function drawLegend(groups: readonly string[], left: number, y: number, palette: Palette): Svg {
  let x = left;
  const keys = groups.flatMap((group, index) => {
    const name = group === "" ? "no group" : visibleToken(group);
    const key = mark({ name, x: x + 5, y, group: index, detail: name }, palette);
    const label = textElement("text", { x: x + 15, y: y + 4, ...type("ink", 12) }, name);
    x += 33 + textWidth(name, 12);
    return [key, label];
  });
  return element("g", { class: "legend" }, keys);
}

type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Each name beside its point, on the first of eight sides where it covers no point and no other name. */
function placeLabels(points: readonly Placed[], [left, top]: readonly [number, number]) {
  const taken: Box[] = points.map(({ x, y }) => [x - 4, y - 4, x + 4, y + 4]);
  const labels: Svg[] = [];
  let hidden = 0;
  for (const { name, x, y } of points) {
    const text = fitText(name, labelSize, 120);
    const [w, h] = [textWidth(text, labelSize), labelSize];
    const sides = [
      [x + 6, y - h / 2],
      [x - 6 - w, y - h / 2],
      [x - w / 2, y - 6 - h],
      [x - w / 2, y + 6],
      [x + 5, y - 4 - h],
      [x + 5, y + 4],
      [x - 5 - w, y - 4 - h],
      [x - 5 - w, y + 4],
    ] as const;
    const boxes = sides.map(([a, b]): Box => [a, b, a + w, b + h]);
    const inside = ([a, b, c, d]: Box) => a > left && b > top && c < left + size && d < top + size;
    const free = boxes.find((box) => inside(box) && !taken.some((other) => overlap(box, other)));
    if (free === undefined) {
      hidden++;
      continue;
    }
    taken.push(free);
    labels.push(textElement("text", { x: free[0], y: free[1] + h * 0.82 }, text));
  }
  return { labels, hidden };
}

function overlap(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
