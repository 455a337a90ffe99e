/**
 * Dropout (Srivastava et al. 2014) from a pool of masks.
 *
 * Masks must be repeatable, the same on every engine, and the same for an example wherever it lies in a batch. So they
 * are not drawn inside the graph: a resident pool holds 2^21 draws per rate (0, or 1 / (1 − rate)), and every example,
 * layer and step reads it from a place of its own, which the caller derives from (seed, step, stream, example). One
 * look-up and one product per dropout; docs/architecture.md ("Dropout") says how far masks are correlated.
 */
import { GraphError } from "../errors/index.ts";
import {
  addDimensions,
  dimension,
  divideDimensions,
  floorDivideDimension,
  input,
  iota,
  multiplyDimensions,
  showType,
  type Dimension,
  type Tensor,
} from "../graph/index.ts";
import { hash32, random } from "../random/index.ts";
import type { Scope } from "./scope.ts";

/** Draws in a pool. */
export const POOL_SIZE = 2 ** 21;
/** Where the last axis has no fixed size, masks are read in pieces of this width. */
const PIECE = 64;
/** Rows between neighbors on a second axis without a fixed size; prime, so that rows meet seldom. */
const FURTHER = 8209;
const batch = dimension("batch");

/** The name of the input that says where each example of each stream begins in the pool: int32[streams, batch]. */
export const DROPOUT_OFFSETS = "dropout.offsets";

/** x with elements set to 0 with probability `rate` and the others scaled by 1 / (1 − rate); only where `scope.drops`. */
export function dropout(scope: Scope, x: Tensor, rate: number): Tensor {
  if (rate === 0 || !scope.drops) return x;
  if (!(rate > 0 && rate < 1)) throw new GraphError(`dropout: the rate is ${rate}, expected 0 <= rate < 1.`);
  const [first, ...rest] = x.shape;
  const perExample = first === undefined ? undefined : divideDimensions(first, batch);
  if (perExample === undefined) {
    throw new GraphError(`dropout: the first axis of ${showType(x)} must be "batch": masks belong to examples.`);
  }
  if (perExample === 1) return x.mul(mask(scope, x, rate));
  // An example with several rows, such as the choices of a question.
  const rows = x.reshape([batch, perExample, ...rest]);
  return rows.mul(mask(scope, rows, rate)).reshape(x.shape);
}

function mask(scope: Scope, x: Tensor, rate: number): Tensor {
  const last = x.dim(-1);
  const fixed = typeof last === "number";
  const width = fixed ? last : PIECE;
  const pieces: Dimension = fixed ? 1 : floorDivideDimension(addDimensions(last, PIECE - 1), PIECE);
  const poolRows = Math.floor(POOL_SIZE / width);
  const name = `dropout.pool.${rate}.${width}`;
  scope.trace.dropoutPools.set(name, { rate, width });
  const pool = input(name, "float32", [poolRows, width]);
  const stream = scope.trace.dropoutStreams++;
  const offsets = input(DROPOUT_OFFSETS, "int32", [dimension("streams"), batch]).slice(0, stream, stream + 1);
  const middle = x.shape.slice(1, -1);
  const rows = rowsOf([...middle, pieces]).reduce((sum, part) => sum.add(part), offsets.reshape(onesAfter(batch, x)));
  const masks = pool.gather(rows.mod(poolRows));
  if (fixed) return masks.reshape([batch, ...middle, width]);
  return masks.reshape([batch, ...middle, multiplyDimensions(pieces, PIECE)]).slice(-1, 0, last);
}

const onesAfter = (first: Dimension, like: Tensor): Dimension[] => [first, ...like.shape.slice(1).map(() => 1)];

/**
 * What each axis adds to the number of a row. Axes of fixed size lie innermost and the others at fixed strides, so that
 * a row depends on where an element is, and not on how far its batch is padded.
 */
function rowsOf(axes: readonly Dimension[]): Tensor[] {
  let stride = 1;
  const strides = new Map<number, number>();
  for (const [axis, size] of axes.entries()) {
    if (typeof size !== "number") continue;
    strides.set(axis, stride);
    stride *= size;
  }
  for (const [axis, size] of axes.entries()) {
    if (typeof size === "number") continue;
    strides.set(axis, stride);
    stride *= FURTHER;
  }
  return axes.flatMap((size, axis) => {
    if (size === 1) return [];
    const shape = axes.map((_, i) => (i === axis ? size : 1));
    return [iota(size, { dtype: "int32" }).scale(strides.get(axis)!).reshape(shape)];
  });
}

/** The pool for a rate: 0 with probability `rate`, else 1 / (1 − rate). */
export function dropoutPool(seed: number, rate: number): Float32Array {
  const generator = random(seed, "dropout pool", Math.round(rate * 2 ** 30));
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  const pool = new Float32Array(POOL_SIZE);
  for (let i = 0; i < POOL_SIZE; i++) pool[i] = generator.uint32() < threshold ? 0 : kept;
  return pool;
}

/**
 * Where each example begins in the pool, for each stream: [streams, examples]. An example is known by its place in the
 * whole batch of an update, so splitting a batch over accumulation steps or machines changes no mask.
 */
export function dropoutOffsets(seed: number, update: number, streams: number, examples: readonly number[]): Int32Array {
  const offsets = new Int32Array(streams * examples.length);
  const key = hash32(seed, "dropout", update);
  for (let stream = 0; stream < streams; stream++) {
    for (const [i, example] of examples.entries()) {
      offsets[stream * examples.length + i] = hash32(key, stream, example) & 0x3fffffff;
    }
  }
  return offsets;
}
