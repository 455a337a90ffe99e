/** Windows of matrices, and matrices shrunk to what a picture can show. */
import type { HostTensor } from "../../onnx/index.ts";

/** From the first to behind the last. */
export type Range = readonly [first: number, end: number];

/** A range inside an axis of that size; all of it where none is given. */
export function clipped(range: Range | undefined, size: number): Range {
  if (range === undefined) return [0, size];
  const first = Math.min(range[0], size - 1);
  return [first, Math.max(first + 1, Math.min(range[1], size))];
}

/**
 * A window of a matrix. With more than `cells` rows or columns it is shrunk: each cell shows the largest of its values,
 * or with `signed` the one farthest from zero.
 */
export function windowOf(
  matrix: Float32Array,
  [, columns]: readonly [number, number],
  window: { readonly rows: Range; readonly columns: Range },
  { cells = Infinity, signed = false }: { readonly cells?: number | undefined; readonly signed?: boolean } = {},
): HostTensor {
  const [height, width] = [window.rows[1] - window.rows[0], window.columns[1] - window.columns[0]];
  const [stepDown, stepAcross] = [Math.ceil(height / cells) || 1, Math.ceil(width / cells) || 1];
  const [down, across] = [Math.ceil(height / stepDown), Math.ceil(width / stepAcross)];
  const data = new Float32Array(down * across);
  for (let row = 0; row < height; row++) {
    const start = (window.rows[0] + row) * columns + window.columns[0];
    const line = Math.floor(row / stepDown) * across;
    for (let column = 0; column < width; column++) {
      const at = line + Math.floor(column / stepAcross);
      const value = matrix[start + column]!;
      const first = row % stepDown === 0 && column % stepAcross === 0;
      if (first || (signed ? Math.abs(value) > Math.abs(data[at]!) : value > data[at]!)) data[at] = value;
    }
  }
  return { dtype: "float32", shape: [down, across], data };
}
