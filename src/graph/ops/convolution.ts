/**
 * Convolution over one or two axes, after the letters of Dumoulin and Visin 2016: batch N, channels C in and O out,
 * sizes S in and T out, kernel K. A convolution is linear in x and in the weight, so there are three ops, each the
 * gradient of the other two: y from x and w, x from y and w (transposed convolution), w from x and y.
 */
import { modelError } from "../calling-line.ts";
import {
  addDimensions,
  floorDivideDimension,
  multiplyDimensions,
  sameDimension,
  sameShape,
  showShape,
  sizeOf,
  subtractDimensions,
  type Dimension,
  type Shape,
} from "../dimensions.ts";
import { defineOp, type Emitter, type OnnxAttribute, type Op, type TensorType } from "../op.ts";
import { commonDtype, requireDtype, showType } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** How a window moves, one number an axis. */
export interface Window {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros in front of each axis. */
  readonly before: readonly number[];
  /** Zeros behind each axis. */
  readonly after: readonly number[];
}

/** As a caller writes it: one number for all axes, or one an axis. */
export interface WindowOptions {
  /** Steps from one window to the next. Default 1; for pooling the window's size. */
  readonly stride?: number | readonly number[] | undefined;
  /** Zeros around each axis, or [before, behind] of an axis. Default 0. */
  readonly padding?: number | readonly (number | readonly [number, number])[] | undefined;
  /** Steps between neighbors inside a window. Default 1. */
  readonly dilation?: number | readonly number[] | undefined;
}

/** Windows, bias and groups of a convolution. */
export interface ConvolutionOptions extends WindowOptions {
  /** Added to each channel out, [O]. */
  readonly bias?: Tensor | undefined;
  /** Channels are split into this many parts that do not see each other. Default 1. */
  readonly groups?: number | undefined;
}

/** As of the convolution that is undone. */
export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** A convolution with a stride forgets up to stride − 1 elements at the end; this many come back. Default 0. */
  readonly outputPadding?: number | readonly number[] | undefined;
}

export interface Convolution extends Window {
  readonly groups: number;
}

/** What the three ops have in common. */
const plain = ({ strides, dilations, before, after, groups }: Convolution): Convolution => ({
  strides,
  dilations,
  before,
  after,
  groups,
});

const floats = ["float32", "float16", "bfloat16"] as const;

/** One number an axis. Throws GraphError where the list has another length, or a number is not whole or too small. */
export function perAxis(op: string, what: string, given: number | readonly number[], axes: number, least: number) {
  const list = typeof given === "number" ? Array.from({ length: axes }, () => given) : given;
  if (list.length !== axes || list.some((value) => !Number.isInteger(value) || value < least)) {
    throw modelError(
      `${op}: ${what} [${list.join(", ")}] over ${axes} axes; give one whole number from ${least} on, or one an axis.`,
    );
  }
  return list;
}

/** Options in full, for a window over `axes` axes. */
export function windowOf(op: string, options: WindowOptions, axes: number, stride: number | readonly number[]): Window {
  const { padding = 0 } = options;
  const side = (i: 0 | 1): number | readonly number[] =>
    typeof padding === "number" ? padding : padding.map((p) => (typeof p === "number" ? p : p[i]));
  return {
    strides: perAxis(op, "stride", options.stride ?? stride, axes, 1),
    dilations: perAxis(op, "dilation", options.dilation ?? 1, axes, 1),
    before: perAxis(op, "padding", side(0), axes, 0),
    after: perAxis(op, "padding", side(1), axes, 0),
  };
}

/** How far a window of `kernel` elements reaches along an axis. */
export const reach = (window: Window, kernel: number, axis: number): number =>
  window.dilations[axis]! * (kernel - 1) + 1;

/** The number of places of a window: ⌊(S + padding − reach) / stride⌋ + 1 an axis. Throws GraphError where none fits. */
export function windowPlaces(op: string, x: TensorType, kernel: readonly number[], window: Window): Dimension[] {
  return kernel.map((k, i) => {
    const padded = addDimensions(x.shape[i + 2]!, window.before[i]! + window.after[i]!);
    const room = subtractDimensions(padded, reach(window, k, i));
    if (typeof room === "number" && room < 0) {
      throw modelError(
        `${op}: a window that reaches over ${reach(window, k, i)} elements does not fit axis ${i + 2} of ${showType(x)}, ` +
          `${showShape([padded])} with its padding. Pad more, or take a smaller kernel.`,
      );
    }
    return addDimensions(floorDivideDimension(room, window.strides[i]!), 1);
  });
}

/** The attributes of ONNX's windowed ops. */
export function windowAttributes(window: Window): Record<string, OnnxAttribute> {
  return {
    strides: { ints: window.strides },
    dilations: { ints: window.dilations },
    pads: { ints: [...window.before, ...window.after] },
  };
}

/** The kernel's sizes [K...] of a weight [O, C / groups, K...]. Throws GraphError where the operands do not fit. */
function kernelOf(op: string, images: TensorType, weight: TensorType, channels: Dimension): readonly number[] {
  requireDtype(op, images, ...floats);
  commonDtype(op, [images, weight]);
  const kernel = weight.shape.slice(2);
  const rank = images.shape.length;
  const fits = (rank === 3 || rank === 4) && weight.shape.length === rank && sameDimension(images.shape[1]!, channels);
  if (!fits || !kernel.every((k) => typeof k === "number")) {
    throw modelError(
      `${op}: ${showType(images)} with weight ${showType(weight)}; expected [N, channels, sizes...] over one or two ` +
        `axes and a weight [O, C / groups, kernel...] of numbers, ${showShape([channels])} channels.`,
    );
  }
  return kernel;
}

function requireGroups(op: string, channels: Dimension, groups: number): void {
  if (!Number.isInteger(groups) || groups < 1 || typeof channels !== "number" || channels % groups !== 0) {
    throw modelError(`${op}: ${showShape([channels])} channels do not split into ${groups} groups.`);
  }
}

const image = (t: TensorType, channels: Dimension, sizes: Shape): TensorType => ({
  dtype: t.dtype,
  shape: [t.shape[0]!, channels, ...sizes],
});

/** Convolution: x [N, C, S...], weight [O, C / groups, K...] and a bias [O] to [N, O, T...]. */
export const conv: Op<Convolution> = defineOp({
  name: "conv",
  infer: ([x, weight, bias], attributes) => {
    const [out, each] = weight!.shape;
    const kernel = kernelOf("conv", x!, weight!, multiplyDimensions(each ?? 0, attributes.groups));
    requireGroups("conv", out!, attributes.groups);
    if (bias !== undefined && !sameShape(bias.shape, [out!])) {
      throw modelError(`conv: bias ${showType(bias)} with weight ${showType(weight!)}; expected ${showShape([out!])}.`);
    }
    return [image(x!, out!, windowPlaces("conv", x!, kernel, attributes))];
  },
  gradient: ({ inputs: [x, weight, bias], gradients: [g], attributes }) => {
    const byX = g!.apply(convTranspose, [weight!], { ...attributes, size: x!.shape.slice(2) });
    const byWeight = x!.apply(convWeight, [g!], { ...attributes, kernel: weight!.shape.slice(2) as number[] });
    if (bias === undefined) return [byX, byWeight];
    return [byX, byWeight, g!.sum(g!.shape.map((_, axis) => axis).filter((axis) => axis !== 1))];
  },
  lower: (emit, { inputs, inputTypes, attributes }) => [
    emit.node("Conv", inputs, {
      ...windowAttributes(attributes),
      kernel_shape: { ints: inputTypes[1]!.shape.slice(2) as number[] },
      group: { int: attributes.groups },
    }),
  ],
});

/** What a transposed convolution's sizes exceed (T − 1) · stride + reach − padding by: what the stride left over. */
function leftOver(y: TensorType, kernel: readonly number[], { size, ...window }: Window & { size: Shape }): Shape {
  return size.map((s, i) => {
    const steps = multiplyDimensions(addDimensions(y.shape[i + 2]!, -1), window.strides[i]!);
    const whole = addDimensions(steps, reach(window, kernel[i]!, i) - window.before[i]! - window.after[i]!);
    return subtractDimensions(s, whole);
  });
}

/** The sizes that a transposed convolution gives: (T − 1) · stride + reach − padding + `outputPadding` an axis. */
export function transposedSize(
  y: TensorType,
  weight: TensorType,
  window: Window,
  outputPadding: number | readonly number[],
): Shape {
  const kernel = kernelOf("convTranspose", y, weight, weight.shape[0]!);
  const more = perAxis("convTranspose", "outputPadding", outputPadding, kernel.length, 0);
  const whole = leftOver(y, kernel, { ...window, size: more.map(() => 0) });
  return whole.map((r, i) => subtractDimensions(more[i]!, r));
}

/**
 * Transposed convolution: y [N, O, T...] and weight [O, C / groups, K...] to [N, C, S...], where S is `size`. The
 * gradient of `conv` by x.
 */
export const convTranspose: Op<Convolution & { readonly size: Shape }> = defineOp({
  name: "convTranspose",
  infer: ([y, weight], attributes) => {
    const [out, each] = weight!.shape;
    const kernel = kernelOf("convTranspose", y!, weight!, out!);
    requireGroups("convTranspose", out!, attributes.groups);
    const rest = leftOver(y!, kernel, attributes);
    const wrong = rest.some((r, i) => typeof r === "number" && (r < 0 || r >= attributes.strides[i]!));
    if (wrong || rest.length !== attributes.size.length) {
      throw modelError(
        `convTranspose: ${showType(y!)} with weight ${showType(weight!)} and strides ` +
          `[${attributes.strides.join(", ")}] cannot have the sizes ${showShape(attributes.size)}: ` +
          `outputPadding must be from 0 to below the stride.`,
      );
    }
    return [image(y!, multiplyDimensions(each!, attributes.groups), attributes.size)];
  },
  gradient: ({ inputs: [y, weight], gradients: [g], attributes }) => [
    g!.apply(conv, [weight!], plain(attributes)),
    g!.apply(convWeight, [y!], { ...plain(attributes), kernel: weight!.shape.slice(2) as number[] }),
  ],
  lower: (emit, { inputs, inputTypes, outputTypes, attributes }) => {
    const kernel = inputTypes[1]!.shape.slice(2) as number[];
    const rest = leftOver(inputTypes[0]!, kernel, attributes);
    // What the stride left over takes back padding that would be cut off behind; what exceeds that is zeros.
    const cut = rest.map((r, i) => (typeof r === "number" ? Math.max(attributes.after[i]! - r, 0) : 0));
    const zeros = rest.map((r, i) => subtractDimensions(addDimensions(r, cut[i]!), attributes.after[i]!));
    const whole = emit.node("ConvTranspose", inputs, {
      ...windowAttributes({ ...attributes, after: cut }),
      kernel_shape: { ints: kernel },
      group: { int: attributes.groups },
    });
    if (zeros.every((d) => d === 0)) return [whole];
    const around = emit.shape([...Array.from({ length: 4 + kernel.length }, () => 0), ...zeros]);
    return [emit.node("Pad", [whole, around, emit.scalar(0, outputTypes[0]!.dtype)])];
  },
});

/**
 * The gradient of `conv` by its weight: x [N, C, S...] and y [N, O, T...] to [O, C / groups, K...], where K is
 * `kernel`.
 */
export const convWeight: Op<Convolution & { readonly kernel: readonly number[] }> = defineOp({
  name: "convWeight",
  infer: ([x, y], attributes) => {
    const dtype = commonDtype("convWeight", [x!, y!]);
    requireDtype("convWeight", x!, ...floats);
    const [batch, channels] = x!.shape;
    const out = y!.shape[1]!;
    requireGroups("convWeight", channels!, attributes.groups);
    requireGroups("convWeight", out, attributes.groups);
    const places = windowPlaces("convWeight", x!, attributes.kernel, attributes);
    if (!sameShape(y!.shape, [batch!, out, ...places])) {
      throw modelError(
        `convWeight: ${showType(x!)} and ${showType(y!)} do not belong to one convolution; ` +
          `the second should have the sizes ${showShape(places)}.`,
      );
    }
    return [{ dtype, shape: [out, (channels as number) / attributes.groups, ...attributes.kernel] }];
  },
  gradient: ({ inputs: [x, y], gradients: [g], attributes }) => [
    y!.apply(convTranspose, [g!], { ...plain(attributes), size: x!.shape.slice(2) }),
    x!.apply(conv, [g!], plain(attributes)),
  ],
  // For each place in the kernel a product, over batch and windows, of x where it stood and y. A convolution with y as
  // its kernel would do, too; it is slower for most kernels, and OpenVINO refuses kernels whose sizes have names.
  lower: (emit, { inputs: [x, y], inputTypes, outputTypes, attributes }) => {
    const { groups, kernel, strides, dilations, before, after } = attributes;
    const [{ shape: images, dtype }, { shape: results }] = inputTypes as [TensorType, TensorType];
    const places = results.slice(2);
    const [batch, each] = [images[0]!, outputTypes[0]!.shape[1]!];
    const rows = multiplyDimensions(batch, sizeOf(places));
    const spatial = kernel.map((_, i) => i + 3);
    const ints = (values: readonly number[]): string => emit.integers(values);
    const padded = [...before, ...after].every((p) => p === 0)
      ? x!
      : emit.node("Pad", [x!, ints([0, 0, ...before, 0, 0, ...after]), emit.scalar(0, dtype)]);
    const sizes = images.slice(2).map((s, i) => addDimensions(s, before[i]! + after[i]!));
    // x as [G, c, N, S...], y as [G, N·T, o].
    const turned = inGroups(emit, padded, [batch, groups, each, ...sizes], [1, 2, 0, ...spatial]);
    const out = (results[1] as number) / groups;
    const last = inGroups(emit, y!, [batch, groups, out, ...places], [1, 0, ...spatial, 2]);
    const right = emit.node("Reshape", [last, emit.shape([groups, rows, out])]);
    const products = everyPlace(kernel).map((place) => {
      const starts = place.map((k, i) => k * dilations[i]!);
      const ends = places.map((t, i) =>
        addDimensions(multiplyDimensions(addDimensions(t, -1), strides[i]!), starts[i]! + 1),
      );
      const seen = emit.node("Slice", [turned, ints(starts), emit.shape(ends), ints(spatial), ints(strides)]);
      const left = emit.node("Reshape", [seen, emit.shape([groups, each, rows])]);
      return emit.node("Unsqueeze", [emit.node("MatMul", [left, right]), ints([3])]);
    });
    const joined = emit.node("Concat", products, { axis: { int: 3 } });
    const ordered = emit.node("Transpose", [joined], { perm: { ints: [0, 2, 1, 3] } });
    return [emit.node("Reshape", [ordered, emit.shape(outputTypes[0]!.shape)])];
  },
});

/** A tensor under a shape that tells its groups apart, with its axes in another order. */
function inGroups(emit: Emitter, name: string, shape: Shape, order: readonly number[]): string {
  const parts = emit.node("Reshape", [name, emit.shape(shape)]);
  return emit.node("Transpose", [parts], { perm: { ints: order } });
}

/** The places of a kernel, the last axis counting fastest. */
const everyPlace = (kernel: readonly number[]): number[][] =>
  kernel.reduce<number[][]>(
    (all, k) => all.flatMap((place) => Array.from({ length: k }, (_, i) => [...place, i])),
    [[]],
  );
