/** Checks that several ops share: axes, broadcasting, dtypes. Their messages name both operands and their shapes. */
import { modelError } from "./calling-line.ts";
import {
  broadcastShapes,
  divideDimensions,
  multiplyDimensions,
  showShape,
  sizeOf,
  type Dimension,
  type Shape,
} from "./dimensions.ts";
import type { Dtype, TensorType } from "./op.ts";

/** The type as text, for example `float32[batch, 128]`. */
export function showType(type: TensorType): string {
  return `${type.dtype}${showShape(type.shape)}`;
}

/** An axis counted from the front; -1 is the last one. Throws GraphError where the tensor has no such axis. */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const found = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || found < 0 || found >= shape.length) {
    throw modelError(`${op}: axis ${axis} of a tensor with shape ${showShape(shape)}; it has ${shape.length} axes.`);
  }
  return found;
}

/** The common dtype of the operands. Throws GraphError where they differ. */
export function commonDtype(op: string, inputs: readonly TensorType[]): Dtype {
  const [first, ...rest] = inputs;
  for (const other of rest) {
    if (other.dtype !== first!.dtype) {
      throw modelError(
        `${op}: operands ${showType(first!)} and ${showType(other)} have different dtypes. Cast one of them first.`,
      );
    }
  }
  return first!.dtype;
}

/** The broadcast shape of the operands. Throws GraphError that names the first two that do not fit. */
export function commonShape(op: string, inputs: readonly TensorType[]): Shape {
  return inputs.slice(1).reduce<Shape>((shape, other) => {
    const common = broadcastShapes(shape, other.shape);
    if (common === undefined) {
      throw modelError(
        `${op}: shapes ${showShape(shape)} and ${showShape(other.shape)} do not broadcast. ` +
          `From the right, each pair of sizes must be equal or one of them 1.`,
      );
    }
    return common;
  }, inputs[0]!.shape);
}

/** Throws GraphError unless `type` is one of `allowed`. */
export function requireDtype(op: string, type: TensorType, ...allowed: readonly Dtype[]): void {
  if (!allowed.includes(type.dtype)) {
    throw modelError(`${op}: got ${showType(type)}, expected ${allowed.join(" or ")}. Cast it first.`);
  }
}

/** Throws GraphError unless the tensor has `rank` axes. */
export function requireRank(op: string, what: string, type: TensorType, rank: number): void {
  if (type.shape.length !== rank) {
    throw modelError(`${op}: ${what} is ${showType(type)}, expected ${rank} axes.`);
  }
}

/** The shape with the size that is written as −1: what is left over of the elements of `x`. */
export function withInferredSize(x: TensorType, shape: Shape): Shape {
  const known = shape.filter((d) => d !== -1).reduce<Dimension>(multiplyDimensions, 1);
  const missing = divideDimensions(sizeOf(x.shape), known);
  if (missing === undefined || shape.filter((d) => d === -1).length > 1) {
    throw modelError(`reshape: cannot tell what -1 is in ${showShape(shape)} for ${showType(x)}. Write the size out.`);
  }
  return shape.map((d) => (d === -1 ? missing : d));
}

/** Whether a transposition moves only axes of size 1, and so no element. */
export function movesNothing(shape: Shape, order: readonly number[]): boolean {
  if (order.length !== shape.length || new Set(order).size !== order.length) return false;
  const moving = order.filter((axis) => shape[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1]! < axis);
}
