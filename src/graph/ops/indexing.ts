/**
 * Look-ups and their gradients. ONNX's own scatter with addition races where indices repeat and more than one thread
 * runs (docs/architecture.md, "Numbers that can be trusted"), so adding at repeated indices is done by products with
 * one-hot matrices, which are exact and repeatable. The gradient of look-ups of whole rows is in scatter-rows.ts.
 */
import { modelError } from "../calling-line.ts";
import { sameDimension, sameShape, showShape, type Dimension } from "../dimensions.ts";
import { defineOp } from "../op.ts";
import { requireDtype, showType } from "../shapes.ts";
import { castTo } from "./elementwise.ts";
import { indexDtypes, oneHot } from "./scatter-rows.ts";

/** Elements of one axis by index: x [..., A, ...], indices [I...] to [..., I..., ...]. */
export const gather = defineOp<{ axis: number }>({
  name: "gather",
  infer: ([x, indices], { axis }) => {
    requireDtype("gather", indices!, ...indexDtypes);
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)] }];
  },
  gradient: ({ inputs: [x, indices], gradients: [g], attributes: { axis } }) => {
    const rank = x!.shape.length;
    const width = indices!.shape.length;
    const rows = x!.shape[axis]!;
    if (axis === 0) return [g!.scatterRows(indices!, rows), undefined];
    // Bring the indexed axes to the front, add up rows there, and bring the axis back to its place.
    const front = Array.from({ length: axis }, (_, i) => i);
    const back = Array.from({ length: rank - axis - 1 }, (_, i) => axis + width + i);
    const indexed = Array.from({ length: width }, (_, i) => axis + i);
    const added = g!.transpose([...indexed, ...front, ...back]).scatterRows(indices!, rows);
    const order = Array.from({ length: rank }, (_, i) => (i < axis ? i + 1 : i === axis ? 0 : i));
    return [added.transpose(order), undefined];
  },
  lower: (emit, { inputs, attributes }) => [emit.node("Gather", inputs, { axis: { int: attributes.axis } })],
});

/** One element along an axis for each index: x and indices have the same shape but for that axis. */
export const gatherElements = defineOp<{ axis: number }>({
  name: "gatherElements",
  infer: ([x, indices], { axis }) => {
    requireDtype("gatherElements", indices!, ...indexDtypes);
    const fits =
      x!.shape.length === indices!.shape.length &&
      x!.shape.every((d, i) => i === axis || sameDimension(d, indices!.shape[i]!));
    if (!fits) {
      throw modelError(
        `gatherElements: ${showType(x!)} by ${showType(indices!)} must have the same shape but for axis ${axis}.`,
      );
    }
    return [{ dtype: x!.dtype, shape: indices!.shape }];
  },
  gradient: ({ inputs: [x, indices], gradients: [g], attributes: { axis } }) => [
    g!.scatterElements(indices!, axis, x!.shape[axis]!),
    undefined,
  ],
  lower: (emit, { inputs, attributes }) => [emit.node("GatherElements", inputs, { axis: { int: attributes.axis } })],
});

/** Adds elements up by index along an axis of size `size`: the gradient of gatherElements. */
export const scatterElements = defineOp<{ axis: number; size: Dimension }>({
  name: "scatterElements",
  infer: ([updates, indices], { axis, size }) => {
    requireDtype("scatterElements", indices!, ...indexDtypes);
    if (!sameShape(updates!.shape, indices!.shape)) {
      throw modelError(
        `scatterElements: updates ${showType(updates!)} and indices ${showType(indices!)} must have one shape.`,
      );
    }
    return [{ dtype: updates!.dtype, shape: updates!.shape.map((d, i) => (i === axis ? size : d)) }];
  },
  gradient: ({ inputs: [, indices], gradients: [g], attributes: { axis } }) => [
    g!.gatherElements(indices!, axis),
    undefined,
  ],
  lower: (emit, { inputs: [updates, indices], inputTypes, outputTypes, attributes: { axis, size } }) => {
    const { dtype, shape } = outputTypes[0]!;
    if (inputTypes[1]!.shape[axis] === 1) {
      const zeros = emit.node("Expand", [emit.scalar(0, dtype), emit.shape(shape)]);
      return [emit.node("ScatterElements", [zeros, indices!, updates!], { axis: { int: axis } })];
    }
    const rank = shape.length;
    const order = [...shape.keys()].filter((i) => i !== axis).concat(axis);
    const last = { perm: { ints: order } };
    const back = { perm: { ints: order.map((_, i) => order.indexOf(i)) } };
    // [..., 1, K] by a one-hot [..., K, size] gives [..., 1, size].
    const spots = oneHot(
      emit,
      emit.node("Transpose", [castTo(emit, indices!, "int64")], last),
      emit.size(size),
      inputTypes[0]!,
      -1,
    );
    const row = emit.node("Unsqueeze", [emit.node("Transpose", [updates!], last), emit.integers([rank - 1])]);
    const added = emit.node("Squeeze", [emit.node("MatMul", [row, spots]), emit.integers([rank - 1])]);
    return [emit.node("Transpose", [added], back)];
  },
});

/** `base` with `updates` added at one index per row of the last axis: base [..., V], indices and updates [..., 1]. */
export const addAt = defineOp({
  name: "addAt",
  infer: ([base, indices, updates]) => {
    requireDtype("addAt", indices!, ...indexDtypes);
    const expected = [...base!.shape.slice(0, -1), 1];
    if (!sameShape(indices!.shape, expected) || !sameShape(updates!.shape, expected)) {
      throw modelError(
        `addAt: base ${showType(base!)}, indices ${showType(indices!)}, updates ${showType(updates!)}; ` +
          `expected indices and updates ${showShape(expected)}: one element a row.`,
      );
    }
    return [base!];
  },
  gradient: ({ inputs: [, indices], gradients: [g] }) => [g, undefined, g!.gatherElements(indices!, -1)],
  // One index a row: no two updates meet, so the race described above cannot happen.
  lower: (emit, { inputs }) => [
    emit.node("ScatterElements", inputs, { axis: { int: -1 }, reduction: { text: "add" } }),
  ],
});
