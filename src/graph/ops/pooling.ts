/** The largest element, or the average, of each window: x [N, C, S...] to [N, C, T...] over one or two axes. */
import { modelError } from "../calling-line.ts";
import { multiplyDimensions, sameShape, sizeOf, type Shape } from "../dimensions.ts";
import { defineOp, type Op, type TensorType } from "../op.ts";
import { requireDtype, showType } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import {
  conv,
  convTranspose,
  perAxis,
  reach,
  windowAttributes,
  windowOf,
  windowPlaces,
  type Window,
  type WindowOptions,
} from "./convolution.ts";

/** A window of `kernel` elements. */
export interface Pooling extends Window {
  readonly kernel: readonly number[];
}

/** Windows of an average pooling. */
export interface AveragePoolOptions extends Omit<WindowOptions, "dilation"> {
  /** Whether zeros of the padding count as elements. Default true. */
  readonly countPadding?: boolean | undefined;
}

/** The window of a pooling op in full. */
export function poolingOf(
  op: string,
  x: TensorType,
  window: number | readonly number[],
  options: WindowOptions,
): Pooling {
  const axes = typeof window === "number" ? Math.max(x.shape.length - 2, 1) : window.length;
  const kernel = perAxis(op, "window", window, axes, 1);
  return { kernel, ...windowOf(op, options, axes, kernel) };
}

function pooledShape(op: string, x: TensorType, attributes: Pooling): Shape {
  requireDtype(op, x, "float32", "float16", "bfloat16");
  const { kernel, before, after } = attributes;
  if (x.shape.length !== kernel.length + 2 || kernel.length > 2 || kernel.length < 1) {
    throw modelError(
      `${op}: a window over ${kernel.length} axes of ${showType(x)}; expected [N, C, sizes...] over one or two axes.`,
    );
  }
  if (kernel.some((k, i) => Math.max(before[i]!, after[i]!) >= k)) {
    throw modelError(
      `${op}: padding [${[...before, ...after].join(", ")}] around windows of [${kernel.join(", ")}]; ` +
        `it must be smaller, or a window would see nothing else.`,
    );
  }
  return [...x.shape.slice(0, 2), ...windowPlaces(op, x, kernel, attributes)];
}

/**
 * The largest element of each window. A second output (int64) says where each lies among all elements of x; of equal
 * ones it is the first, and it gets the whole gradient.
 */
export const maxPool: Op<Pooling> = defineOp({
  name: "maxPool",
  infer: ([x], attributes) => {
    const shape = pooledShape("maxPool", x!, attributes);
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  gradient: ({ inputs: [x], outputs: [, places], gradients: [g], attributes }) => {
    const apart = attributes.kernel.map((k, i) => Math.ceil(reach(attributes, k, i) / attributes.strides[i]!));
    return [g?.apply(scatterWindows, [places!], { size: x!.shape.slice(2), apart })];
  },
  lower: (emit, { inputs, attributes }) =>
    emit.nodes("MaxPool", inputs, 2, { ...windowAttributes(attributes), kernel_shape: { ints: attributes.kernel } }),
});

/** Where windows are scattered to: the sizes of the image, and how many windows further on no two overlap. */
interface Scattering {
  readonly size: Shape;
  readonly apart: readonly number[];
}

/**
 * Adds one element a window to where its place says: updates and places [N, C, T...] to [N, C, S...]. The gradient of
 * maxPool. Windows that overlap may name one place several times, so they are added in turns within which none do:
 * ONNX's scatter is exact only then.
 */
export const scatterWindows: Op<Scattering> = defineOp({
  name: "scatterWindows",
  infer: ([updates, places], { size }) => {
    requireDtype("scatterWindows", places!, "int64");
    if (!sameShape(updates!.shape, places!.shape)) {
      throw modelError(`scatterWindows: ${showType(updates!)} and ${showType(places!)} must have one shape.`);
    }
    return [{ dtype: updates!.dtype, shape: [...updates!.shape.slice(0, 2), ...size] }];
  },
  gradient: ({ inputs: [, places], gradients: [g], attributes }) => [
    g!.apply(gatherWindows, [places!], attributes),
    undefined,
  ],
  lower: (emit, { inputs, outputTypes, attributes: { apart } }) => {
    const { dtype, shape } = outputTypes[0]!;
    const row = emit.integers([-1]);
    let sum = emit.node("Expand", [emit.scalar(0, dtype), emit.shape([sizeOf(shape)])]);
    const turns = apart.reduce<number[][]>(
      (before, m) => before.flatMap((turn) => Array.from({ length: m }, (_, i) => [...turn, i])),
      [[]],
    );
    for (const turn of turns) {
      const [updates, places] = inputs.map((name) => {
        const part =
          turns.length === 1
            ? name
            : emit.node("Slice", [
                name,
                emit.integers(turn),
                emit.integers(turn.map(() => 2 ** 62)),
                emit.integers(turn.map((_, i) => i + 2)),
                emit.integers(apart),
              ]);
        return emit.node("Reshape", [part, row]);
      });
      sum = emit.node("ScatterElements", [sum, places!, updates!], { axis: { int: 0 }, reduction: { text: "add" } });
    }
    return [emit.node("Reshape", [sum, emit.shape(shape)])];
  },
});

/** The elements of x [N, C, S...] at places [N, C, T...] among all of them: the gradient of scatterWindows. */
export const gatherWindows: Op<Scattering> = defineOp({
  name: "gatherWindows",
  infer: ([x, places]) => {
    requireDtype("gatherWindows", places!, "int64");
    return [{ dtype: x!.dtype, shape: places!.shape }];
  },
  gradient: ({ inputs: [, places], gradients: [g], attributes }) => [
    g!.apply(scatterWindows, [places!], attributes),
    undefined,
  ],
  lower: (emit, { inputs: [x, places] }) => [
    emit.node("Gather", [emit.node("Reshape", [x!, emit.integers([-1])]), places!], { axis: { int: 0 } }),
  ],
});

/** The average of each window; with `countPadding` zeros of the padding count as elements, else they do not. */
export const averagePool: Op<Pooling & { readonly countPadding: boolean }> = defineOp({
  name: "averagePool",
  infer: ([x], attributes) => [{ dtype: x!.dtype, shape: pooledShape("averagePool", x!, attributes) }],
  gradient: ({ inputs: [x], gradients: [g], attributes: { kernel, countPadding, ...window } }) => {
    // Each channel by itself is convolved with ones: the same for all, so that they can stand in the batch.
    const alone = (t: Tensor): Tensor =>
      t.reshape([multiplyDimensions(t.shape[0]!, t.shape[1]!), 1, ...t.shape.slice(2)]);
    const size = x!.shape.slice(2);
    const ones = x!.sizeValue(1).expand([1, 1, ...kernel]);
    const everywhere = x!.sizeValue(1).expand([1, 1, ...size]);
    const share = countPadding
      ? g!.scale(1 / (sizeOf(kernel) as number))
      : g!.div(everywhere.apply(conv, [ones], { ...window, groups: 1 }));
    const spread = alone(share).apply(convTranspose, [ones], { ...window, groups: 1, size });
    return [spread.reshape(x!.shape)];
  },
  lower: (emit, { inputs, attributes }) => [
    emit.node("AveragePool", inputs, {
      ...windowAttributes(attributes),
      kernel_shape: { ints: attributes.kernel },
      count_include_pad: { int: attributes.countPadding ? 1 : 0 },
    }),
  ],
});
