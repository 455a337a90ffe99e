import type { ColorDepth } from "../../figures/index.ts";

/** As much of a Node stream as the terminal needs: `process.stdout` and `process.stderr` are such streams. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly getColorDepth?: ((environment?: Environment) => number) | undefined;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The colors that a stream may be sent. None where `--no-color` was given (`allowed` is false), where NO_COLOR is set
 * (no-color.org), and where the stream is not a terminal, unless FORCE_COLOR asks for them. Terminals with 16 colors
 * get none: shades of blocks show more.
 */
export function colorDepthOf(stream: TextStream, environment: Environment, allowed = true): ColorDepth {
  const { NO_COLOR: refused, FORCE_COLOR: forced, COLORTERM: named, TERM: terminal } = environment;
  if (!allowed || (refused !== undefined && refused !== "")) return "none";
  if (forced !== undefined) return forced === "0" || forced === "false" ? "none" : forced === "3" ? "truecolor" : "256";
  if (stream.isTTY !== true || terminal === "dumb") return "none";
  if (named === "truecolor" || named === "24bit") return "truecolor";
  const bits = stream.getColorDepth?.(environment) ?? 1;
  return bits >= 24 ? "truecolor" : bits >= 8 ? "256" : "none";
}

/** The columns that a text may take on a stream; 80 where it is not a terminal. */
export function widthOf(stream: TextStream): number {
  return Math.max(20, stream.columns ?? 80);
}
