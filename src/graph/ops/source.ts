/** Where values come from: inputs of the program, constants, counters. None of them has operands. */
import { modelError } from "../calling-line.ts";
import type { Dimension, Shape } from "../dimensions.ts";
import { defineOp, type Dtype } from "../op.ts";
import { castTo } from "./elementwise.ts";

const nothing = (): readonly [] => [];

/** A value that the caller sends or that lives in the engine under a name. */
export const input = defineOp<{ name: string; dtype: Dtype; shape: Shape }>({
  name: "input",
  infer: (_, { dtype, shape }) => [{ dtype, shape }],
  gradient: nothing,
  lower: (_emit, { attributes }) => [attributes.name],
});

/** Numbers written into the program. */
export const constant = defineOp<{ values: ArrayLike<number>; dtype: Dtype; shape: readonly number[] }>({
  name: "constant",
  infer: (_, { values, dtype, shape }) => {
    const size = shape.reduce((product, d) => product * d, 1);
    if (values.length !== size) {
      throw modelError(`constant: got ${values.length} values for shape [${shape.join(", ")}], expected ${size}.`);
    }
    return [{ dtype, shape }];
  },
  gradient: nothing,
  lower: (emit, { attributes: { values, dtype, shape } }) => [
    values.length === 1 && shape.length === 0
      ? emit.scalar(values[0]!, dtype)
      : emit.constant(values, { dtype, shape }),
  ],
});

/** One number, everywhere in a shape. */
export const full = defineOp<{ value: number; dtype: Dtype; shape: Shape }>({
  name: "full",
  infer: (_, { dtype, shape }) => [{ dtype, shape }],
  gradient: nothing,
  lower: (emit, { attributes: { value, dtype, shape } }) => [
    emit.node("Expand", [emit.scalar(value, dtype), emit.shape(shape)]),
  ],
});

/** 0, 1, 2, … `size − 1`, from `start` on. */
export const iota = defineOp<{ start: Dimension; size: Dimension; dtype: Dtype }>({
  name: "iota",
  infer: (_, { size, dtype }) => [{ dtype, shape: [size] }],
  gradient: { notDifferentiable: "a counter depends on nothing" },
  lower: (emit, { attributes: { start, size, dtype } }) => {
    const first = emit.size(start);
    const range = emit.node("Range", [first, emit.node("Add", [first, emit.size(size)]), emit.scalar(1, "int64")]);
    return [dtype === "int64" ? range : castTo(emit, range, dtype)];
  },
});

/** A size as a number, for means over a batch whose size is known only at run time. */
export const sizeValue = defineOp<{ size: Dimension; dtype: Dtype }>({
  name: "sizeValue",
  infer: (_, { dtype }) => [{ dtype, shape: [] }],
  gradient: { notDifferentiable: "a size depends on no value" },
  lower: (emit, { attributes: { size, dtype } }) => {
    if (typeof size === "number") return [emit.scalar(size, dtype)];
    return [dtype === "int64" ? emit.size(size) : castTo(emit, emit.size(size), dtype)];
  },
});
