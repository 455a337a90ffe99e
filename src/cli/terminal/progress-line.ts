import {
  displayWidth,
  formatCount,
  formatDuration,
  formatNumber,
  paint,
  seriesColor,
  truncate,
} from "../../figures/index.ts";
import type { ColorDepth } from "../../figures/index.ts";

/** How far the work is. */
export interface State {
  /** Such as updates. */
  readonly done: number;
  readonly total: number | undefined;
  /** 0 to 1; undefined where the end is not known. */
  readonly fraction: number | undefined;
  /** Seconds since the start. */
  readonly elapsed: number;
  /** Seconds to the end, by the pace of the last half minute. */
  readonly left: number | undefined;
  /** Amounts a second, such as tokens. */
  readonly rate: number | undefined;
  readonly values: Readonly<Record<string, number>>;
}

/** What is counted: `unit` such as "updates", `rateUnit` such as "tokens". */
export interface Units {
  readonly label: string;
  readonly unit: string;
  readonly rateUnit: string;
}

/** The parts after the bar: "760/2,000 updates", "12,340 tokens/s", "1 min 20 s left", "loss 2.31". */
function parts(state: State, { unit, rateUnit }: Units): string[] {
  const { done, total, rate, left, elapsed, fraction, values } = state;
  const counted = total === undefined ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
  const finished = fraction !== undefined && fraction >= 1;
  const running = left === undefined ? `${formatDuration(elapsed)} so far` : `${formatDuration(left)} left`;
  return [
    `${counted} ${unit}`,
    ...(rate === undefined ? [] : [`${formatNumber(rate)} ${rateUnit}/s`]),
    finished ? `in ${formatDuration(elapsed)}` : running,
    ...Object.entries(values).map(([name, value]) => `${name} ${steady(value)}`),
  ];
}

/** Always three decimals for a loss, so that what stands behind it does not move with every drawing. */
function steady(value: number): string {
  const size = Math.abs(value);
  return size >= 0.01 && size < 100 ? value.toFixed(3) : formatNumber(value);
}

/** One line for a log file. */
export function plainLine(state: State, units: Units): string {
  const [counted, ...rest] = parts(state, units);
  const percent = state.fraction === undefined ? "" : ` (${percentOf(state.fraction)})`;
  return `${units.label}: ${[`${counted!}${percent}`, ...rest].join(", ")}`;
}

/** The bar with its numbers, on one line where that fits `width`, else on two. */
export function barLines(state: State, units: Units, width: number, depth: ColorDepth): string[] {
  const details = parts(state, units).join("  ");
  const label = truncate(units.label, Math.floor(width / 3));
  const percent = state.fraction === undefined ? "" : ` ${percentOf(state.fraction).padStart(5)}`;
  const room = width - displayWidth(label) - 1 - percent.length;
  const onOne = room - displayWidth(details) - 2;
  const oneLine = onOne >= 12;
  const bar = drawBar(state.fraction ?? 0, Math.max(4, Math.min(oneLine ? onOne : room, 40)), depth);
  const head = `${label} ${bar}${percent}`;
  return oneLine ? [`${head}  ${details}`] : [head, truncate(details, width)];
}

/** Rounded down, so that 100 % means done. */
function percentOf(fraction: number): string {
  return `${Math.floor(Math.min(1, fraction) * 100 + 1e-9)} %`;
}

function drawBar(fraction: number, width: number, depth: ColorDepth): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = "█".repeat(eighths >> 3) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7]!;
  const rest = "░".repeat(width - displayWidth(full));
  return paint(full, depth, { ink: seriesColor("dark", 0) }) + rest;
}
