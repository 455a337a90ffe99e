/** Tensors that start a graph or join parts of one. */
import { modelError } from "./calling-line.ts";
import type { Dimension, Shape } from "./dimensions.ts";
import type { Dtype } from "./op.ts";
import * as shaping from "./ops/shape.ts";
import * as source from "./ops/source.ts";
import { normalizeAxis } from "./shapes.ts";
import { apply, type Tensor } from "./tensor.ts";

/** `start`, `start` + 1, … (`size` of them). */
export function iota(
  size: Dimension,
  { start = 0, dtype = "int64" }: { start?: Dimension; dtype?: Dtype } = {},
): Tensor {
  return apply(source.iota, [], { start, size, dtype });
}

/** A value that the caller sends, or that lives in the engine, under a name that the program uses for it. */
export function input(name: string, dtype: Dtype, shape: Shape): Tensor {
  return apply(source.input, [], { name, dtype, shape });
}

/** Joins tensors along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw modelError("concat: got no tensors, expected at least one.");
  if (tensors.length === 1) return tensors[0]!;
  return apply(shaping.concat, tensors, { axis: normalizeAxis("concat", axis, tensors[0]!.shape) });
}
