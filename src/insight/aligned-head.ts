/** Which head of cross-attention looks most like an alignment of words, where no alignment by people is at hand. */
import type { HostTensor } from "../onnx/index.ts";

/** A head, and how much like an alignment it is. */
export interface AlignedHead {
  readonly head: number;
  /** `focus` · `coverage`, from 0 to 1. */
  readonly score: number;
  /** The mean of the largest weight of each row: 1 where every token looks at one place alone. */
  readonly focus: number;
  /** In how many columns those largest weights lie, of as many as they could: 1 where no two rows share one needlessly. */
  readonly coverage: number;
}

/**
 * The heads of a layer's weights [1, H, T, S] or [H, T, S], from the most to the least like an alignment: a head that
 * looks sharply, and not always at the same place. It is a guess from the weights alone; `heed score` with alignments by
 * people measures it.
 */
export function alignedHeads({ shape, data }: HostTensor): AlignedHead[] {
  const [heads, rows, columns] = shape.slice(-3) as [number, number, number];
  const found = Array.from({ length: heads }, (_, head): AlignedHead => {
    const seen = new Set<number>();
    let focus = 0;
    for (let row = 0; row < rows; row++) {
      const start = (head * rows + row) * columns;
      let best = 0;
      for (let column = 1; column < columns; column++) {
        if (Number(data[start + column]) > Number(data[start + best])) best = column;
      }
      focus += Number(data[start + best]) / rows;
      seen.add(best);
    }
    const coverage = seen.size / Math.min(rows, columns);
    return { head, score: focus * coverage, focus, coverage };
  });
  return found.sort((a, b) => b.score - a.score || a.head - b.head);
}
