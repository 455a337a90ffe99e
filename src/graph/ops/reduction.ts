/** Ops that fold axes away: sum, mean, largest, smallest, log-sum-exp, arg-max, and the running sum. */
import { sizeOf } from "../dimensions.ts";
import { defineOp, type Dtype, type Op, type TensorType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { requireDtype } from "../shapes.ts";

/** The axes to fold, counted from the front, in order. With `keep` they stay as axes of size 1. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

function reducedShape(x: TensorType, { axes, keep }: Reduction): TensorType["shape"] {
  return keep ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : x.shape.filter((_, i) => !axes.includes(i));
}

/** The result with its folded axes back as axes of size 1, so that it broadcasts against the operand. */
function kept(result: Tensor, x: Tensor, { axes }: Reduction): Tensor {
  return result.reshape(x.shape.map((d, i) => (axes.includes(i) ? 1 : d)));
}

function reduction(
  name: string,
  type: string,
  dtypes: readonly Dtype[],
  gradient: (x: Tensor, y: Tensor, g: Tensor, attributes: Reduction) => Tensor,
): Op<Reduction> {
  return {
    name,
    infer: ([x], attributes) => {
      requireDtype(name, x!, ...dtypes);
      return [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }];
    },
    gradient: ({ inputs: [x], outputs: [y], gradients: [g], attributes }) => [
      gradient(x!, kept(y!, x!, attributes), kept(g!, x!, attributes), attributes),
    ],
    lower: (emit, { inputs, attributes }) => [
      emit.node(type, [inputs[0]!, emit.integers(attributes.axes)], { keepdims: { int: attributes.keep ? 1 : 0 } }),
    ],
  };
}

/** Rows narrower than this leave a product's kernel idle. */
const LANES = 32;
const floats: readonly Dtype[] = ["float32", "float16", "bfloat16"];
const numbers: readonly Dtype[] = [...floats, "int64", "int32"];

/** Ties share the gradient evenly, as PyTorch's amax does. */
const toExtreme = (x: Tensor, y: Tensor, g: Tensor, { axes }: Reduction): Tensor => {
  const chosen = x.equal(y).cast(g.dtype);
  return chosen.mul(g.div(chosen.sum(axes, { keep: true })));
};

const plainSum = reduction("sum", "ReduceSum", numbers, (x, _, g) => g.expand(x.shape));

/**
 * The sum over rows, which is the gradient of every bias, is a product with a row of ones: engines read memory faster
 * in a product than in a reduction over the outer axes (2 to 4 times in ONNX Runtime at 4,096 rows).
 */
export const sum: Op<Reduction> = {
  ...plainSum,
  lower: (emit, context) => {
    const [x] = context.inputTypes;
    const { axes } = context.attributes;
    const last = x!.shape.length - 1;
    const width = x!.shape[last]!;
    const overRows = axes.length === last && axes.every((axis, i) => axis === i);
    if (x!.dtype !== "float32" || !overRows || typeof width !== "number" || width < LANES) {
      return plainSum.lower(emit, context);
    }
    const count = sizeOf(x!.shape.slice(0, last));
    const rows =
      last === 1 ? context.inputs[0]! : emit.node("Reshape", [context.inputs[0]!, emit.integers([-1, width])]);
    const ones = emit.node("Expand", [emit.scalar(1, "float32"), emit.shape([1, count])]);
    return [emit.node("Reshape", [emit.node("MatMul", [ones, rows]), emit.shape(context.outputTypes[0]!.shape)])];
  },
};

export const mean = reduction("mean", "ReduceMean", floats, (x, _, g, { axes }) => {
  const count = sizeOf(axes.map((axis) => x.shape[axis]!));
  const share = typeof count === "number" ? g.scale(1 / count) : g.div(g.sizeValue(count));
  return share.expand(x.shape);
});
export const max = reduction("max", "ReduceMax", numbers, toExtreme);
export const min = reduction("min", "ReduceMin", numbers, toExtreme);
function softmaxOver(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 1) return x.softmax(axes[0]);
  const exponentials = x.sub(x.max(axes, { keep: true }).stopGradient()).exp();
  return exponentials.div(exponentials.sum(axes, { keep: true }));
}

/** log Σ exp x, computed without overflow. */
export const logSumExp = defineOp<Reduction>({
  name: "logSumExp",
  infer: ([x], attributes) => {
    requireDtype("logSumExp", x!, ...floats);
    return [{ dtype: x!.dtype, shape: reducedShape(x!, attributes) }];
  },
  gradient: ({ inputs: [x], gradients: [g], attributes }) => {
    // Not exp(x - y): where y is huge it has lost the logarithm of the sum.
    const { axes } = attributes;
    return [softmaxOver(x!, axes).mul(kept(g!, x!, attributes))];
  },
  lower: (emit, { inputs, outputTypes, attributes: { axes, keep } }) => {
    // ReduceLogSumExp subtracts the largest value only in some of its implementations; here it always is. An infinite
    // one is held at the largest number, for infinity less infinity would be no number.
    const { dtype } = outputTypes[0]!;
    const limit = dtype === "float16" ? 65504 : dtype === "bfloat16" ? 3.3895e38 : 3.4028e38;
    const over = emit.integers(axes);
    const largest = emit.node("Clip", [
      emit.node("ReduceMax", [inputs[0]!, over], { keepdims: { int: 1 } }),
      emit.scalar(-limit, dtype),
      emit.scalar(limit, dtype),
    ]);
    const exponentials = emit.node("Exp", [emit.node("Sub", [inputs[0]!, largest])]);
    const total = emit.node("ReduceSum", [exponentials, over], { keepdims: { int: 1 } });
    const result = emit.node("Add", [emit.node("Log", [total]), largest]);
    return [keep ? result : emit.node("Squeeze", [result, over])];
  },
});

function argument(name: string, type: string): Op<{ axis: number; keep: boolean }> {
  return {
    name,
    infer: ([x], { axis, keep }) => {
      requireDtype(name, x!, ...numbers);
      return [{ dtype: "int64", shape: reducedShape(x!, { axes: [axis], keep }) }];
    },
    gradient: { notDifferentiable: "an index has no slope" },
    lower: (emit, { inputs, attributes: { axis, keep } }) => [
      emit.node(type, inputs, { axis: { int: axis }, keepdims: { int: keep ? 1 : 0 } }),
    ],
  };
}

/** The index of the largest element along an axis; the first one of several. */
export const argMax = argument("argMax", "ArgMax");
/** The index of the smallest element along an axis; the first one of several. */
export const argMin = argument("argMin", "ArgMin");

/** The running sum along an axis; from the end with `reverse`, without the element itself with `exclusive`. */
export const cumulativeSum = defineOp<{ axis: number; reverse: boolean; exclusive: boolean }>({
  name: "cumulativeSum",
  infer: ([x]) => {
    requireDtype("cumulativeSum", x!, "float32", "int32", "int64");
    return [x!];
  },
  gradient: ({ gradients: [g], attributes }) => [
    g!.cumulativeSum(attributes.axis, { reverse: !attributes.reverse, exclusive: attributes.exclusive }),
  ],
  lower: (emit, { inputs, attributes: { axis, reverse, exclusive } }) => [
    emit.node("CumSum", [inputs[0]!, emit.scalar(axis, "int64")], {
      reverse: { int: reverse ? 1 : 0 },
      exclusive: { int: exclusive ? 1 : 0 },
    }),
  ],
});
