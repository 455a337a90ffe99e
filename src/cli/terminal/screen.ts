import { displayWidth } from "../../figures/index.ts";
import { widthOf, type TextStream } from "./stream.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[J";

/** Lines at the foot of a terminal that can be drawn again in place. */
export function createScreen(stream: TextStream) {
  let drawn: string[] = [];
  let hidden = false;
  /** To the first column of the first line; a line that a narrower window has broken counts for all its pieces. */
  const home = () => {
    const columns = widthOf(stream);
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleWidth(line) / columns)), 0);
    return rows > 1 ? `\u001b[${rows - 1}A\r` : "\r";
  };
  return {
    draw: (lines: string[]) => {
      const start = hidden ? "" : hideCursor;
      stream.write(start + home() + lines.map((line) => `${line}\u001b[K`).join("\n") + clearBelow);
      [drawn, hidden] = [lines, true];
    },
    clear: () => {
      if (drawn.length > 0) stream.write(home() + clearBelow);
      drawn = [];
    },
    release: () => {
      if (hidden) stream.write(`${drawn.length > 0 ? "\n" : ""}${showCursor}`);
      [drawn, hidden] = [[], false];
    },
  };
}

function visibleWidth(line: string): number {
  return displayWidth(line.replace(/\u001b\[[\d;]*m/g, ""));
}
