import { printable } from "../../figures/index.ts";
import { createLiveChart, type ChartOptions } from "./live-chart.ts";
import { createPace, type Update } from "./pace.ts";
import { barLines, plainLine, type State } from "./progress-line.ts";
import { createScreen } from "./screen.ts";
import { colorDepthOf, widthOf, type Environment, type TextStream } from "./stream.ts";

/** As much of an AbortSignal as is needed. */
interface AbortLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** As much of `process` as is needed to hear that the program ends. */
interface ExitLike {
  once(event: "exit", listener: () => void): unknown;
  off(event: "exit", listener: () => void): unknown;
}

/** What a progress shows and where. */
export interface ProgressOptions {
  /** Standard error, so that results on standard output stay clean. */
  readonly stream: TextStream;
  /** What is going on, such as "training". */
  readonly label: string;
  /** How many units there are in all; unknown where not given. */
  readonly total?: number;
  /** How many were done before, in a run that goes on. */
  readonly start?: number;
  /** "updates" unless told. */
  readonly unit?: string;
  /** What `amount` counts: "tokens" unless told. */
  readonly rateUnit?: string;
  readonly environment?: Environment;
  /** false for `--no-color`. */
  readonly color?: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** Milliseconds between two drawings in a terminal, 125 unless told. */
  readonly redrawEvery?: number;
  /** Seconds between two lines where the stream is not a terminal, 10 unless told. */
  readonly lineEvery?: number;
  /** A chart below the bar, of the points that `point` adds. */
  readonly chart?: ChartOptions;
  /** Closes the progress when it fires. */
  readonly signal?: AbortLike;
  /**
   * `process`: the cursor is given back when the program ends in any way that it can notice. A signal such as SIGINT
   * must be turned into an abort or an exit by the caller; one that kills outright leaves no time for it.
   */
  readonly exits?: ExitLike;
}

/** A progress on a terminal, or lines in a log. */
export interface Progress {
  update(update: Update): void;
  /** Adds a point to a series of the chart; drawn with the next update. */
  point(series: string, x: number, y: number): void;
  /** Writes a line above the bar. */
  log(line: string): void;
  /** Draws the last state and gives the terminal back. */
  finish(): void;
  /** Gives the terminal back with what is on it. Further updates show nothing; closing twice does nothing. */
  close(): void;
}

/**
 * Shows how far a long piece of work is: on a terminal a bar with rate, time left and values, and below it a live
 * chart, all redrawn in place; elsewhere a plain line every few seconds. It draws only inside its own calls and keeps
 * no timer, so it never holds a program open.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, label, unit = "updates", rateUnit = "tokens", environment = {}, lineEvery = 10 } = options;
  const { now = () => performance.now(), redrawEvery = 125, start = 0 } = options;
  const units = { label, unit, rateUnit };
  const live = stream.isTTY === true && environment["TERM"] !== "dumb";
  const screen = createScreen(stream);
  const depth = colorDepthOf(stream, environment, options.color ?? true);
  const pace = createPace(now(), start, options.total);
  const chart = createLiveChart(options.chart);
  let state: State | undefined;
  let drawn: State | undefined;
  let drawnAt = -Infinity;
  let open = true;

  const draw = () => {
    if (state === undefined) return;
    [drawn, drawnAt] = [state, now()];
    if (!live) {
      stream.write(`${plainLine(state, units)}\n`);
      return;
    }
    const width = widthOf(stream) - 1;
    const lines = barLines(state, units, width, depth);
    screen.draw([...lines, ...chart.lines({ width, depth, rows: stream.rows ?? 24 })]);
  };
  const close = () => {
    if (!open) return;
    open = false;
    options.signal?.removeEventListener("abort", close);
    options.exits?.off("exit", close);
    screen.release();
  };
  options.signal?.addEventListener("abort", close);
  options.exits?.once("exit", close);
  if (options.signal?.aborted) close();

  return {
    update: (update) => {
      if (!open) return;
      state = pace.advance(update, now());
      if (now() - drawnAt >= (live ? redrawEvery : lineEvery * 1000)) draw();
    },
    point: (series, x, y) => {
      chart.add(series, x, y);
    },
    log: (line) => {
      screen.clear();
      stream.write(`${line.split("\n").map(printable).join("\n")}\n`);
      if (open && live) draw();
    },
    finish: () => {
      if (open && drawn !== state) draw();
      close();
    },
    close,
  };
}
