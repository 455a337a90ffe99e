/**
 * Distances between tokens in buckets (Raffel et al. 2020, section 2.1): half of them for the short distances one by one,
 * the others for ranges that grow logarithmically up to a longest distance, beyond which all are one.
 */
// T queries, S keys, H heads
import { addDimensions, constant, iota, type Dimension, type Tensor } from "../graph/index.ts";
import type { Initializer, Scope } from "./scope.ts";

/** How distances are told apart. */
export interface BucketOptions {
  /** How many buckets there are. */
  readonly buckets: number;
  /** The distance from which on all are in the last bucket. */
  readonly longest: number;
  /** Whether keys may be on both sides, which then have half of the buckets each; else they are in the past. */
  readonly bothSides: boolean;
}

/**
 * The bucket of each distance (key's place minus query's) from −longest to longest. The logarithm is rounded to float32
 * at each step, as PyTorch computes it: a boundary that falls on a whole number hangs on the last bit.
 */
export function relativeBuckets({ buckets, longest, bothSides }: BucketOptions): Int32Array {
  const { fround } = Math;
  const side = bothSides ? Math.floor(buckets / 2) : buckets;
  const exact = Math.floor(side / 2);
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance;
    const share = fround(fround(Math.log(fround(distance / exact))) / fround(Math.log(longest / exact)));
    return Math.min(exact + Math.trunc(fround(share * (side - exact))), side - 1);
  };
  return Int32Array.from({ length: 2 * longest + 1 }, (_, i) => {
    const distance = i - longest;
    if (bothSides) return bucketOf(Math.abs(distance)) + (distance > 0 ? side : 0);
    return bucketOf(Math.max(-distance, 0));
  });
}

/** Which places attend to which: `time` queries behind `past` others, and all of these as keys. */
export interface Places {
  readonly time: Dimension;
  readonly past: Dimension;
}

/**
 * What is added to the scores of attention, by distance: [1, H, T, S], with S = past + T. Parameter `weight`
 * [buckets, H].
 */
export function relativeBias(
  scope: Scope,
  heads: number,
  { time, past }: Places,
  { initial, ...options }: BucketOptions & { readonly initial: Initializer },
): Tensor {
  const { buckets, longest } = options;
  const weight = scope.parameter("weight", [buckets, heads], initial);
  const size = addDimensions(past, time);
  const keys = iota(size, { dtype: "int32" }).reshape([1, size]);
  const queries = iota(time, { start: past, dtype: "int32" }).reshape([time, 1]);
  const distance = keys.sub(queries).maximum(-longest).minimum(longest); // [T, S]
  const table = constant(relativeBuckets(options), [2 * longest + 1], "int32");
  return weight
    .gather(table.gather(distance.add(longest)))
    .transpose([2, 0, 1])
    .unsqueeze(0);
}
