import { logarithms, readDomain, strokes, type Domain, type LineChart, type Point, type Series } from "./line-chart.ts";
import { missingNote } from "./heat-grid.ts";
import { formatNumber } from "./number-text.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, hairline, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";
import { drawable, niceTicks, powerTicks, type Ticks } from "./ticks.ts";

const [width, plotHeight, margin] = [720, 300, 20];
/** Series with at most this many points show each of them, with its value to hover over. */
const mostMarkers = 60;
/** Series differ by more than color. */
const dashes = [undefined, "7 4", "2 3", "10 3 2 3"];

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A line chart as an SVG file: round numbers on both axes, a legend above, the last value of each series at its name,
 * points to hover over where a series has few. Series differ by color and by dash. A value that is not finite leaves
 * a gap and is counted below.
 * @throws InputError where a series has more places than values.
 */
export function lineChartSvg(chart: LineChart & { readonly title: string }): string {
  const { logarithmic = false } = chart;
  const drawn = logarithmic ? chart.series.map(logarithms) : chart.series;
  const read = readDomain(drawn);
  const yTicks = logarithmic ? powerTicks(...read.y) : niceTicks(...read.y, 6);
  const domain = { ...read, y: reach(read.y, yTicks) };
  const xTicks = niceTicks(...domain.x, 7);
  const labels = Math.max(...yTicks.labels.map((label) => textWidth(label, 11)));
  const left = margin + labels + 8 + (chart.yTitle === undefined ? 0 : 20);
  const top = margin + 46;
  const box = { left, top, width: width - left - margin - 8, height: plotHeight };
  const palette = new Palette();
  const body = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, chart.title),
    drawLegend(chart.series, left, margin + 30, palette),
    ...grid(box, domain, xTicks, yTicks),
    ...titles(chart, box),
    ...drawn.map((series, index) =>
      drawSeries(series, index, { domain, box, palette, values: chart.series[index]!.y }),
    ),
  ];
  const note = missingNote(read.missing);
  const bottom = top + plotHeight + (chart.xTitle === undefined ? 24 : 44);
  if (note !== undefined) body.push(textElement("text", { x: left, y: bottom + 10, ...type("quiet", 11) }, note));
  const height = bottom + (note === undefined ? 4 : 22);
  return figure({
    width,
    height,
    title: chart.title,
    description: describe(chart, logarithmic ? readDomain(chart.series) : read),
    palette,
    body,
  });
}

/** The axis runs a little beyond the outermost ticks only where values do. */
function reach([low, high]: readonly [number, number], { values }: Ticks): readonly [number, number] {
  const step = values.length > 1 ? values[1]! - values[0]! : 0;
  const [first, last] = [values[0] ?? low, values.at(-1) ?? high];
  return [low < first ? Math.min(low, first) - step * 0.1 : low, high > last ? high + step * 0.1 : high];
}

function toBox(domain: Domain, box: Box): (x: number, y: number) => Point {
  return (x, y) => [
    box.left + ((x - domain.x[0]) / (domain.x[1] - domain.x[0])) * box.width,
    box.top + (1 - (y - domain.y[0]) / (domain.y[1] - domain.y[0])) * box.height,
  ];
}

function grid(box: Box, domain: Domain, xTicks: Ticks, yTicks: Ticks): Svg[] {
  const place = toBox(domain, box);
  const bottom = box.top + box.height;
  const across = yTicks.values.flatMap((value, i) => {
    const [, y] = place(domain.x[0], value);
    const line = element("path", { ...hairline, d: `M${round(box.left)} ${round(y)}h${round(box.width)}` });
    const label = { x: box.left - 8, y: y + 4, ...type("quiet", 11, "end") };
    return [line, textElement("text", label, yTicks.labels[i]!)];
  });
  const down = xTicks.values.flatMap((value, i) => {
    const [x] = place(value, domain.y[0]);
    const tick = element("path", { ...hairline, d: `M${round(x)} ${round(bottom)}v5` });
    return [tick, textElement("text", { x, y: bottom + 18, ...type("quiet", 11, "middle") }, xTicks.labels[i]!)];
  });
  const axis = element("path", { ...hairline, d: `M${round(box.left)} ${round(bottom)}h${round(box.width)}` });
  return [element("g", { class: "axes" }, [...across, axis, ...down])];
}

function titles({ xTitle, yTitle }: LineChart, box: Box): Svg[] {
  const drawn: Svg[] = [];
  if (xTitle !== undefined) {
    const place = { x: box.left + box.width / 2, y: box.top + box.height + 38 };
    drawn.push(textElement("text", { ...place, ...type("quiet", 12, "middle") }, xTitle));
  }
  if (yTitle !== undefined) {
    const turned = `translate(${margin + 8} ${box.top + box.height / 2}) rotate(-90)`;
    drawn.push(textElement("text", { transform: turned, ...type("quiet", 12, "middle") }, yTitle));
  }
  return drawn;
}

function lineColor(palette: Palette, index: number) {
  return palette.stroke(`l${index}`, seriesColor("light", index), seriesColor("dark", index));
}

function drawLegend(series: readonly Series[], left: number, y: number, palette: Palette): Svg {
  let x = left;
  const keys = series.flatMap(({ name, y: values }, index) => {
    const last = values.length === 0 ? undefined : values[values.length - 1]!;
    const text = last === undefined ? name : `${name} (last ${formatNumber(last)})`;
    const key = element("path", {
      d: `M${round(x)} ${y}h22`,
      fill: "none",
      "stroke-width": 2,
      "stroke-dasharray": dashes[index % dashes.length],
      ...lineColor(palette, index),
    });
    const label = textElement("text", { x: x + 28, y: y + 4, ...type("ink", 12) }, text);
    x += 28 + textWidth(text, 12) + 18;
    return [key, label];
  });
  return element("g", { class: "legend" }, keys);
}

interface Frame {
  readonly domain: Domain;
  readonly box: Box;
  readonly palette: Palette;
  /** The series' values, of which logarithms may be drawn. */
  readonly values: Series["y"];
}

function drawSeries(series: Series, index: number, { domain, box, palette, values }: Frame): Svg {
  const path = strokes(series, domain, box.width, box.height)
    .map((points) => {
      const [first, ...rest] = points.map(([x, y]) => `${round(box.left + x)} ${round(box.top + y)}`);
      return `M${first!}${rest.length === 0 ? "h0" : `L${rest.join(" ")}`}`;
    })
    .join("");
  const line = element("path", {
    d: path,
    fill: "none",
    "stroke-width": 1.75,
    "stroke-linejoin": "round",
    "stroke-linecap": "round",
    "stroke-dasharray": dashes[index % dashes.length],
    ...lineColor(palette, index),
  });
  const points = series.x.length <= mostMarkers ? markers(series, index, values, toBox(domain, box), palette) : [];
  return element("g", { class: "series" }, path === "" ? points : [line, ...points]);
}

function markers(
  series: Series,
  index: number,
  values: Series["y"],
  place: (x: number, y: number) => Point,
  palette: Palette,
): Svg[] {
  const color = palette.fill(`m${index}`, seriesColor("light", index), seriesColor("dark", index));
  return Array.from(series.x, (x, i) => [x, series.y[i]!, values[i]!] as const)
    .filter(([x, y]) => drawable(x) && drawable(y))
    .map(([x, y, value]) => {
      const [cx, cy] = place(x, y);
      const text = `${series.name}, ${formatNumber(x)}: ${formatNumber(value, 4)}`;
      return element("circle", { cx, cy, r: 3, ...color }, [textElement("title", {}, text)]);
    });
}

function describe({ series, xTitle, yTitle }: LineChart, { x, y }: Domain): string {
  const names = series.map(({ name }) => name).join(", ");
  const [down, across] = [yTitle ?? "values", xTitle ?? "places"];
  const spans = [x[0], x[1], y[0], y[1]].map((value) => formatNumber(value));
  return `Line chart of ${names}: ${down} from ${spans[2]!} to ${spans[3]!} over ${across} from ${spans[0]!} to ${spans[1]!}.`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
