import { barSpan, type BarChart } from "./bar-chart.ts";
import { visibleToken } from "./display-width.ts";
import { formatNumber } from "./number-text.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, fitText, hairline, Palette, textElement, textWidth, type, type Svg } from "./svg.ts";
import { drawable } from "./ticks.ts";

const [margin, rowHeight, barHeight, longestBar] = [20, 26, 16, 360];

/**
 * Horizontal bars as an SVG file, each with its amount written out; negative ones run to the left of zero. A value
 * that is not finite has no bar and is written as what it is.
 * @throws InputError where there is no bar.
 */
export function barChartSvg(chart: BarChart): string {
  const { title, bars, format = formatNumber } = chart;
  const [low, high] = barSpan(chart);
  const names = bars.map(({ name }) => fitText(visibleToken(name), 12, 220));
  const ends = bars.map(({ value, note }) => {
    const amount = drawable(value) ? format(value) : `${value}`;
    return { amount, note: note ?? "" };
  });
  const left = margin + Math.max(...names.map((name) => textWidth(name, 12))) + 10;
  const scale = longestBar / (high - low);
  const zero = left - low * scale;
  const top = margin + 26;
  const palette = new Palette();
  const rows = bars.map(({ value }, i) => {
    const y = top + i * rowHeight;
    const length = drawable(value) ? Math.abs(value) * scale : 0;
    const label = { name: names[i]!, ...ends[i]! };
    return drawRow(label, { x: value < 0 ? zero - length : zero, y, length, left, negative: value < 0 }, palette);
  });
  const bottom = top + bars.length * rowHeight;
  const body = [
    textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, title),
    ...rows,
    element("path", { ...hairline, d: `M${Math.round(zero * 10) / 10} ${top}V${bottom}` }),
  ];
  const tail = Math.max(...ends.map(({ amount, note }) => textWidth(`${amount}  ${note}`, 12)));
  const width = Math.max(left + longestBar + 10 + tail, margin + textWidth(title, 16)) + margin;
  const description = bars.map(({ name }, i) => `${visibleToken(name)}: ${ends[i]!.amount}`).join("; ");
  return figure({ width, height: bottom + margin, title, description: `Bar chart. ${description}.`, palette, body });
}

interface Label {
  readonly name: string;
  readonly amount: string;
  readonly note: string;
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly length: number;
  readonly left: number;
  readonly negative: boolean;
}

function drawRow({ name, amount, note }: Label, { x, y, length, left, negative }: Bar, palette: Palette): Svg {
  const series = negative ? 1 : 0;
  const color = palette.fill(`b${series}`, seriesColor("light", series), seriesColor("dark", series));
  const middle = y + rowHeight / 2 + 4;
  const end = x + length + 8;
  const rect = { x, y: y + (rowHeight - barHeight) / 2, width: length, height: barHeight, rx: Math.min(2, length / 2) };
  const children = [
    textElement("text", { x: left - 10, y: middle, ...type("ink", 12, "end") }, name),
    element("rect", { ...rect, ...color }, [textElement("title", {}, `${name}: ${amount}`)]),
    textElement("text", { x: end, y: middle, ...type("ink", 12) }, amount),
  ];
  if (note !== "") {
    const place = { x: end + textWidth(amount, 12) + 8, y: middle, ...type("quiet", 11) };
    children.push(textElement("text", place, note));
  }
  return element("g", { class: "bar" }, children);
}
