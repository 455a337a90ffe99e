/** Ops that move values and compute none: reshape, transpose, expand, concatenate, slice, pad, flip. */
import { modelError } from "../calling-line.ts";
import {
  addDimensions,
  broadcastShapes,
  floorDivideDimension,
  mayBeZero,
  multiplyDimensions,
  sameDimension,
  sameShape,
  showShape,
  sizeOf,
  subtractDimensions,
  type Dimension,
  type Shape,
} from "../dimensions.ts";
import { defineOp } from "../op.ts";
import { commonDtype, showType } from "../shapes.ts";
import { castTo } from "./elementwise.ts";

/** What a Reshape is told where a size may be 0: without it, a 0 stands for the size that the operand has there. */
export const zeroes = (shape: Shape): Record<string, { readonly int: number }> =>
  shape.some(mayBeZero) && shape.filter((d) => typeof d !== "number").length > 1 ? { allowzero: { int: 1 } } : {};

/** The same elements in the same order under another shape. */
export const reshape = defineOp<{ shape: Shape }>({
  name: "reshape",
  infer: ([x], { shape }) => {
    if (!sameDimension(sizeOf(x!.shape), sizeOf(shape))) {
      throw modelError(
        `reshape: ${showType(x!)} has ${showShape([sizeOf(x!.shape)])} elements, ` +
          `${showShape(shape)} has ${showShape([sizeOf(shape)])}. They must be the same.`,
      );
    }
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [g!.reshape(x!.shape)],
  lower: (emit, { inputs, attributes: { shape } }) => {
    const unknown = shape.filter((d) => typeof d !== "number").length;
    const target = unknown <= 1 ? emit.integers(shape.map((d) => (typeof d === "number" ? d : -1))) : emit.shape(shape);
    return [emit.node("Reshape", [inputs[0]!, target], zeroes(shape))];
  },
});

/**
 * The first operand, once the second is there. A Reshape to the shape that it has, where part of the shape is read from
 * the second operand when the program runs: no engine can see that it changes nothing, and nothing is copied.
 */
export const after = defineOp({
  name: "after",
  infer: ([x]) => [x!],
  gradient: ({ gradients: [g] }) => [g, undefined],
  lower: (emit, { inputs: [x, signal], inputTypes: [type] }) => {
    // Nothing of the signal, as whole numbers, in front of the sizes.
    const flat = emit.node("Reshape", [signal!, emit.integers([-1])]);
    const nothing = emit.node("Slice", [flat, emit.integers([0]), emit.integers([0])]);
    const sizes = emit.node("Concat", [castTo(emit, nothing, "int64"), emit.shape(type!.shape)], { axis: { int: 0 } });
    // No size is zero; the flag tells this node from views, which may be merged.
    return [emit.node("Reshape", [x!, sizes], { allowzero: { int: 1 } })];
  },
});

/** Axes in another order: axis i of the result is axis `order[i]` of the operand. */
export const transpose = defineOp<{ order: readonly number[] }>({
  name: "transpose",
  infer: ([x], { order }) => {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== x!.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw modelError(`transpose: order [${order.join(", ")}] of ${showType(x!)}; name each axis once.`);
    }
    return [{ dtype: x!.dtype, shape: order.map((axis) => x!.shape[axis]!) }];
  },
  gradient: ({ gradients: [g], attributes: { order } }) => [g!.transpose(order.map((_, i) => order.indexOf(i)))],
  lower: (emit, { inputs, attributes }) => [emit.node("Transpose", inputs, { perm: { ints: attributes.order } })],
});

/** Stretches axes of size 1, and adds axes in front, up to `shape`. */
export const expand = defineOp<{ shape: Shape }>({
  name: "expand",
  infer: ([x], { shape }) => {
    const common = broadcastShapes(x!.shape, shape);
    if (common === undefined || !sameShape(common, shape)) {
      throw modelError(`expand: ${showType(x!)} does not stretch to ${showShape(shape)}. Only sizes of 1 stretch.`);
    }
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradients: [g] }) => [g!.sumTo(x!.shape)],
  lower: (emit, { inputs, attributes }) => [emit.node("Expand", [inputs[0]!, emit.shape(attributes.shape)])],
});

/** Joins tensors along one axis. */
export const concat = defineOp<{ axis: number }>({
  name: "concat",
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    for (const other of inputs) {
      const fits =
        other.shape.length === first.shape.length &&
        other.shape.every((d, i) => i === axis || sameDimension(d, first.shape[i]!));
      if (!fits) {
        throw modelError(
          `concat along axis ${axis}: ${showType(first)} and ${showType(other)} differ on another axis.`,
        );
      }
    }
    const joined = inputs.map((type) => type.shape[axis]!).reduce(addDimensions);
    return [{ dtype: commonDtype("concat", inputs), shape: first.shape.map((d, i) => (i === axis ? joined : d)) }];
  },
  gradient: ({ inputs, gradients: [g], attributes: { axis } }) => {
    let start: Dimension = 0;
    return inputs.map((x) => {
      const end = addDimensions(start, x.shape[axis]!);
      const part = g!.slice(axis, start, end);
      start = end;
      return part;
    });
  },
  lower: (emit, { inputs, attributes }) => [emit.node("Concat", inputs, { axis: { int: attributes.axis } })],
});

/** Parts of fixed sizes along one axis, which they fill. */
export const split = defineOp<{ axis: number; sizes: readonly number[] }>({
  name: "split",
  infer: ([x], { axis, sizes }) => {
    const whole = sizes.reduce((sum, size) => sum + size, 0);
    if (x!.shape[axis] !== whole) {
      throw modelError(
        `split: sizes [${sizes.join(", ")}] of axis ${axis} of ${showType(x!)}; they must add up to it.`,
      );
    }
    return sizes.map((size) => ({ dtype: x!.dtype, shape: x!.shape.map((d, i) => (i === axis ? size : d)) }));
  },
  gradient: ({ outputs, gradients, attributes: { axis } }) => {
    const [first, ...others] = outputs.map((output, i) => gradients[i] ?? output.zerosLike());
    return [first!.apply(concat, others, { axis })];
  },
  lower: (emit, { inputs, attributes: { axis, sizes } }) =>
    emit.nodes("Split", [inputs[0]!, emit.integers(sizes)], sizes.length, { axis: { int: axis } }),
});

/** Every `step`-th element of an axis from `start` up to, not with, `end`. */
export const slice = defineOp<{ axis: number; start: Dimension; end: Dimension; step: number }>({
  name: "slice",
  infer: ([x], { axis, start, end, step }) => {
    const length = subtractDimensions(end, start);
    const size = x!.shape[axis]!;
    const bad =
      (typeof start === "number" && start < 0) ||
      (typeof length === "number" && length < 0) ||
      (typeof end === "number" && typeof size === "number" && end > size);
    if (bad || !Number.isInteger(step) || step < 1) {
      throw modelError(
        `slice: ${showShape([start])} to ${showShape([end])} by ${step} of axis ${axis} of ${showType(x!)} ` +
          `does not lie inside; use 0 <= start <= end <= size and step >= 1.`,
      );
    }
    const kept = floorDivideDimension(addDimensions(length, step - 1), step);
    return [{ dtype: x!.dtype, shape: x!.shape.map((d, i) => (i === axis ? kept : d)) }];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes: { axis, start, end, step } }) => {
    const size = x!.shape[axis]!;
    if (step === 1) return [g!.pad(axis, start, subtractDimensions(size, end))];
    // Spread the steps out again: a new axis of size `step` with zeros behind each element, then cut and pad.
    const spread = g!.unsqueeze(axis + 1).pad(axis + 1, 0, step - 1);
    const flat = spread.reshape(g!.shape.map((d, i) => (i === axis ? multiplyDimensions(d, step) : d)));
    return [flat.slice(axis, 0, subtractDimensions(end, start)).pad(axis, start, subtractDimensions(size, end))];
  },
  lower: (emit, { inputs, attributes: { axis, start, end, step } }) => [
    emit.node("Slice", [
      inputs[0]!,
      emit.shape([start]),
      emit.shape([end]),
      emit.integers([axis]),
      emit.integers([step]),
    ]),
  ],
});

/** `before` and `after` elements of `value` around an axis. */
export const pad = defineOp<{ axis: number; before: Dimension; after: Dimension; value: number }>({
  name: "pad",
  infer: ([x], { axis, before, after }) => {
    if ([before, after].some((d) => typeof d === "number" && (d < 0 || !Number.isInteger(d)))) {
      throw modelError(`pad: ${showShape([before, after])} around axis ${axis} of ${showType(x!)}; use slice to cut.`);
    }
    const padded = addDimensions(addDimensions(before, x!.shape[axis]!), after);
    return [{ dtype: x!.dtype, shape: x!.shape.map((d, i) => (i === axis ? padded : d)) }];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes: { axis, before } }) => [
    g!.slice(axis, before, addDimensions(before, x!.shape[axis]!)),
  ],
  lower: (emit, { inputs, inputTypes, attributes: { axis, before, after, value } }) => {
    const rank = inputTypes[0]!.shape.length;
    const around: Dimension[] = Array.from({ length: 2 * rank }, () => 0);
    around[axis] = before;
    around[rank + axis] = after;
    return [emit.node("Pad", [inputs[0]!, emit.shape(around), emit.scalar(value, inputTypes[0]!.dtype)])];
  },
});

/** The elements of an axis in the opposite order. */
export const flip = defineOp<{ axis: number }>({
  name: "flip",
  infer: ([x]) => [x!],
  gradient: ({ gradients: [g], attributes: { axis } }) => [g!.flip(axis)],
  lower: (emit, { inputs, attributes: { axis } }) => [
    // ONNX counts backwards from the last element (-1) to one before the first (the least 64-bit number).
    emit.node("Slice", [inputs[0]!, ...[[-1], [-(2 ** 62)], [axis], [-1]].map((values) => emit.integers(values))]),
  ],
});
