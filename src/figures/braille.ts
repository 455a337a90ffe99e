import type { Point } from "./line-chart.ts";

/** A drawing of dots, 2 across and 4 down in each character (Unicode's braille patterns). */
export interface Braille {
  /** Draws a line between two points given in dots, from the upper left. */
  line(from: Point, to: Point): void;
  /** The dots of a character; 0 where it is empty. */
  dots(column: number, row: number): number;
}

// The bit of each dot of a character, by row and column: U+2800 counts the first three rows before the fourth.
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** An empty drawing of `columns` by `rows` characters. */
export function braille(columns: number, rows: number): Braille {
  const cells = new Uint8Array(columns * rows);
  const set = (x: number, y: number) => {
    const [dotX, dotY] = [clamp(x, columns * 2), clamp(y, rows * 4)];
    const cell = (dotY >> 2) * columns + (dotX >> 1);
    cells[cell] = cells[cell]! | bits[dotY & 3]![dotX & 1]!;
  };
  return {
    line: ([x0, y0], [x1, y1]) => {
      const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
      for (let i = 0; i <= steps; i++) set(x0 + ((x1 - x0) * i) / steps, y0 + ((y1 - y0) * i) / steps);
    },
    dots: (column, row) => cells[row * columns + column] ?? 0,
  };
}

function clamp(value: number, size: number): number {
  return Math.min(size - 1, Math.max(0, Math.floor(value)));
}
