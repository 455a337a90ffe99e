/** Positional encodings: where a token stands, as a vector added to what it is. */
import { addDimensions, constant, type Dimension, type Tensor } from "../graph/index.ts";
import { embeddingTable } from "./layers.ts";
import type { Scope } from "./scope.ts";

/** How positions are told apart. `interleaved` is the paper's; `halves` has all sines before all cosines. */
export const positionKinds = ["interleaved", "halves", "learned"] as const;
/** The name of a positional encoding. */
export type PositionKind = (typeof positionKinds)[number];

/**
 * The sinusoidal table [count, width] (Vaswani et al. 2017, section 3.5):
 * PE(pos, 2i) = sin(pos / 10000^(2i / width)), PE(pos, 2i + 1) = cos of the same. In halves, column i < width / 2 is
 * the sine and column width / 2 + i the cosine, as Marian and many lectures lay it out.
 */
export function sinusoids(count: number, width: number, layout: "interleaved" | "halves"): Float32Array {
  const table = new Float32Array(count * width);
  const half = Math.ceil(width / 2);
  for (let position = 0; position < count; position++) {
    for (let column = 0; column < width; column++) {
      const isSine = layout === "halves" ? column < half : column % 2 === 0;
      const i = layout === "halves" ? (isSine ? column : column - half) : Math.floor(column / 2);
      const angle = position / 10000 ** ((2 * i) / width);
      table[position * width + column] = isSine ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}

/** The encodings of the positions of `x` [B, T, D], counted from `first` on: [T, D]. The table has `count` rows. */
export function positions(scope: Scope, x: Tensor, kind: PositionKind, count: number, first: Dimension): Tensor {
  const width = x.fixed(-1);
  const table =
    kind === "learned"
      ? embeddingTable(scope, count, width, { kind: "normal", deviation: 0.02 })
      : constant(sinusoids(count, width, kind), [count, width]);
  const encodings = table.slice(0, first, addDimensions(first, x.dim(1)));
  return scope.record("positions", encodings);
}

/**
 * Positions that count only real tokens, as RoBERTa and ESM do: from `paddingId` + 1 on, and `paddingId` itself for
 * padding. ids int32[B, T] to int32[B, T].
 */
export function tokenPositions(ids: Tensor, paddingId: number): Tensor {
  const real = ids.equal(paddingId).not().cast("int32");
  return real.cumulativeSum(1).mul(real).add(paddingId);
}
