/** A terminal of a fixed size that shows what was written to it: as many of its codes as a progress needs. */
export interface VirtualTerminal {
  readonly isTTY: true;
  columns: number;
  rows: number;
  write(text: string): void;
  /** The lines on the screen, without blanks at their ends and without empty lines at the bottom. */
  screen(): string[];
  readonly cursorShown: boolean;
  /** All that was written, codes and all. */
  readonly written: string;
}

/** A terminal with an empty screen, the cursor in the upper left. It does not scroll: give it rows enough. */
export function virtualTerminal(columns = 80, rows = 40): VirtualTerminal {
  const cells: string[][] = [];
  let [row, column] = [0, 0];
  let [cursorShown, written] = [true, ""];
  const line = () => (cells[row] ??= []);
  const terminal = {
    isTTY: true as const,
    columns,
    rows,
    get cursorShown() {
      return cursorShown;
    },
    get written() {
      return written;
    },
    write: (text: string) => {
      written += text;
      for (const [piece] of text.matchAll(/\u001b\[\??[\d;]*[A-Za-z]|[^]/gu)) {
        if (piece.startsWith("\u001b")) control(piece);
        else if (piece === "\n") [row, column] = [row + 1, 0];
        else if (piece === "\r") column = 0;
        else put(piece);
      }
    },
    screen: () => {
      // Cells that were never written are holes.
      const show = (cell: string | undefined) => cell ?? " ";
      const lines = Array.from(cells, (entries: string[] | undefined) =>
        Array.from(entries ?? [], show)
          .join("")
          .trimEnd(),
      );
      while (lines.at(-1) === "") lines.pop();
      return lines;
    },
  };
  const put = (character: string) => {
    if (column >= terminal.columns) [row, column] = [row + 1, 0];
    line()[column++] = character;
  };
  const control = (code: string) => {
    if (code === "\u001b[?25l" || code === "\u001b[?25h") cursorShown = code.endsWith("h");
    else if (code.endsWith("A")) row = Math.max(0, row - Number(code.slice(2, -1)));
    else if (code === "\u001b[K") line().length = Math.min(line().length, column);
    else if (code === "\u001b[J") {
      line().length = Math.min(line().length, column);
      cells.length = row + 1;
    } else if (!code.endsWith("m")) throw new Error(`unknown code ${JSON.stringify(code)}`);
  };
  return terminal;
}
