import { barSpan, type BarChart } from "./bar-chart.ts";
import { paint } from "./color.ts";
import { displayWidth, pad, printable, truncate, visibleToken } from "./display-width.ts";
import type { TextOptions } from "./heat-grid-text.ts";
import { formatNumber } from "./number-text.ts";
import { seriesColor } from "./scales.ts";
import { drawable } from "./ticks.ts";

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * Bars for a terminal, an eighth of a character fine; negative ones run to the left of zero. A value that is not
 * finite has no bar and is written as what it is.
 * @throws InputError where there is no bar.
 */
export function barChartText(chart: BarChart & TextOptions): string {
  const { width = 80, colorDepth = "none", format = formatNumber } = chart;
  const [low, high] = barSpan(chart);
  const names = chart.bars.map(({ name }) => truncate(visibleToken(name), Math.floor(width / 3)));
  const amounts = chart.bars.map(({ value }) => (drawable(value) ? format(value) : `${value}`));
  const [nameWidth, amountWidth] = [names, amounts].map((texts) => Math.max(...texts.map(displayWidth)));
  const noteWidth = Math.max(...chart.bars.map(({ note }) => (note === undefined ? 0 : displayWidth(note) + 2)));
  const room = Math.max(10, width - nameWidth! - amountWidth! - 3 - Math.min(noteWidth, Math.floor(width / 3)));
  const left = Math.round((room * -low) / (high - low));
  const lines = chart.bars.map(({ value, note }, i) => {
    const bar = drawable(value) ? drawBar(value / (high - low), room, left) : "";
    const ink = seriesColor("dark", value < 0 ? 1 : 0);
    const padding = " ".repeat(Math.max(0, room - displayWidth(bar)));
    const amount = pad(amounts[i]!, amountWidth!, "right");
    const start = `${pad(names[i]!, nameWidth!)} ${paint(bar, colorDepth, { ink })}${padding} ${amount}`;
    return (note === undefined ? start : `${start}  ${printable(note)}`).trimEnd();
  });
  return [paint(printable(chart.title), colorDepth, { bold: true }), ...lines].join("\n");
}

/** A bar of `share` of the room, starting at column `zero`. */
function drawBar(share: number, room: number, zero: number): string {
  const size = Math.abs(share) * room;
  if (share < 0) {
    const whole = Math.max(1, Math.round(size));
    return " ".repeat(Math.max(0, zero - whole)) + "█".repeat(Math.min(whole, zero));
  }
  const parts = Math.max(share === 0 ? 0 : 1, Math.round(size * 8));
  return " ".repeat(zero) + "█".repeat(parts >> 3) + eighths[parts & 7]!;
}
