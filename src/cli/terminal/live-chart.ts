import { lineChartText, type ColorDepth } from "../../figures/index.ts";

/** The chart below a progress; `height` in lines, 12 unless told. */
export interface ChartOptions {
  readonly title?: string;
  readonly xTitle?: string;
  readonly yTitle?: string;
  readonly height?: number;
}

/** Room on a terminal. */
export interface Space {
  readonly width: number;
  readonly rows: number;
  readonly depth: ColorDepth;
}

/** A chart that grows. */
export interface LiveChart {
  add(series: string, x: number, y: number): void;
  /** As high as the terminal allows; none where there is no room, nothing to draw, or no chart is wanted. */
  lines(space: Space): string[];
}

/** More points than the finest terminal has dots: so many are kept, and drawing takes the same time at any step. */
const mostPoints = 8_192;

interface Points {
  x: number[];
  y: number[];
}

/** An empty chart; one that draws nothing where `chart` is undefined. */
export function createLiveChart(chart: ChartOptions | undefined): LiveChart {
  const series = new Map<string, Points>();
  return {
    add: (name, x, y) => {
      const points = series.get(name) ?? { x: [], y: [] };
      series.set(name, points);
      points.x.push(x);
      points.y.push(y);
      if (points.x.length > mostPoints) series.set(name, halve(points));
    },
    lines: ({ width, rows, depth }) => {
      const height = Math.min(chart?.height ?? 12, rows - 4);
      if (chart === undefined || series.size === 0 || height < 8) return [];
      const list = [...series].map(([name, points]) => ({ name, ...points }));
      return lineChartText({ ...chart, series: list, width, height, colorDepth: depth }).split("\n");
    },
  };
}

/** The smallest and the largest of every four points, in their order: the outline of the line stays. */
export function halve({ x, y }: Points): Points {
  const half: Points = { x: [], y: [] };
  for (let i = 0; i < x.length; i += 4) {
    const group = y.slice(i, i + 4);
    const places = [group.indexOf(Math.min(...group)), group.indexOf(Math.max(...group))].sort((a, b) => a - b);
    for (const place of new Set(places)) {
      // Where a group holds NaN there is no smallest: its first point stands for it.
      half.x.push(x[i + Math.max(0, place)]!);
      half.y.push(y[i + Math.max(0, place)]!);
    }
  }
  return half;
}
