import { modelError } from "./calling-line.ts";
import {
  divideDimensions,
  multiplyDimensions,
  sameDimension,
  sameShape,
  showShape,
  sizeOf,
  type Dimension,
  type Shape,
} from "./dimensions.ts";
import type { Dtype, Node, Op, TensorType } from "./op.ts";
import * as convolution from "./ops/convolution.ts";
import * as elementwise from "./ops/elementwise.ts";
import * as indexing from "./ops/indexing.ts";
import * as normalization from "./ops/normalization.ts";
import * as pooling from "./ops/pooling.ts";
import * as product from "./ops/product.ts";
import * as reduction from "./ops/reduction.ts";
import * as selection from "./ops/selection.ts";
import * as shaping from "./ops/shape.ts";
import * as source from "./ops/source.ts";
import { normalizeAxis, showType } from "./shapes.ts";

/** A tensor, or a number that stands for itself everywhere. */
export type Operand = Tensor | number;
/** Axes to fold: one, several, or all of them. */
export type Axes = number | readonly number[];

/**
 * An edge of the graph: an op, its operands, a dtype and a shape. Calling a method adds a node; nothing is computed.
 * Operands broadcast. A GraphError names operands that do not fit, and the line that asked.
 */
export class Tensor implements TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly node: Node;
  /** Which output of the node this is. */
  readonly index: number;

  constructor(type: TensorType, node: Node, index: number) {
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.node = node;
    this.index = index;
  }

  /** The size of an axis; −1 is the last one. */
  dim(axis: number): Dimension {
    return this.shape[normalizeAxis("dim", axis, this.shape)]!;
  }

  /** The size of an axis as a number. Throws GraphError where it is known only at run time. */
  fixed(axis: number): number {
    const size = this.dim(axis);
    if (typeof size === "number") return size;
    throw modelError(`Axis ${axis} of ${showType(this)} must be a number here.`);
  }

  #operand(other: Operand): Tensor {
    return typeof other === "number" ? constant([other], [], this.dtype) : other;
  }

  /** Adds a node with this as the first operand, for gradient rules: ops do not import this file. */
  apply<A extends object>(op: Op<A>, others: readonly Tensor[], attributes: A): Tensor {
    return apply(op, [this, ...others], attributes);
  }

  add(other: Operand): Tensor {
    return other === 0 ? this : apply(elementwise.add, [this, this.#operand(other)]);
  }
  sub(other: Operand): Tensor {
    return other === 0 ? this : apply(elementwise.sub, [this, this.#operand(other)]);
  }
  /** other − this. */
  rsub(other: number): Tensor {
    return this.#operand(other).sub(this);
  }
  mul(other: Operand): Tensor {
    return other === 1 ? this : apply(elementwise.mul, [this, this.#operand(other)]);
  }
  /** Times a number. */
  scale(factor: number): Tensor {
    return this.mul(factor);
  }
  div(other: Operand): Tensor {
    return other === 1 ? this : apply(elementwise.div, [this, this.#operand(other)]);
  }
  /** other / this. */
  rdiv(other: number): Tensor {
    return this.#operand(other).div(this);
  }
  pow(exponent: Operand): Tensor {
    return exponent === 1 ? this : apply(elementwise.pow, [this, this.#operand(exponent)]);
  }
  /** What is left of a whole number after division by a positive one. */
  mod(other: Operand): Tensor {
    return apply(elementwise.mod, [this, this.#operand(other)]);
  }
  maximum(other: Operand): Tensor {
    return apply(elementwise.maximum, [this, this.#operand(other)]);
  }
  minimum(other: Operand): Tensor {
    return apply(elementwise.minimum, [this, this.#operand(other)]);
  }

  neg(): Tensor {
    return apply(elementwise.neg, [this]);
  }
  abs(): Tensor {
    return apply(elementwise.abs, [this]);
  }
  sign(): Tensor {
    return apply(elementwise.sign, [this]);
  }
  floor(): Tensor {
    return apply(elementwise.floor, [this]);
  }
  exp(): Tensor {
    return apply(elementwise.exp, [this]);
  }
  log(): Tensor {
    return apply(elementwise.log, [this]);
  }
  sqrt(): Tensor {
    return apply(elementwise.sqrt, [this]);
  }
  sin(): Tensor {
    return apply(elementwise.sin, [this]);
  }
  cos(): Tensor {
    return apply(elementwise.cos, [this]);
  }
  tanh(): Tensor {
    return apply(elementwise.tanh, [this]);
  }
  sigmoid(): Tensor {
    return apply(elementwise.sigmoid, [this]);
  }
  erf(): Tensor {
    return apply(elementwise.erf, [this]);
  }
  relu(): Tensor {
    return apply(elementwise.relu, [this]);
  }
  /** x · Φ(x), by erf or by its tanh approximation (Hendrycks and Gimpel 2016). */
  gelu(approximate: "none" | "tanh" = "none"): Tensor {
    return apply(elementwise.gelu, [this], { approximate });
  }
  /** x · sigmoid(x). */
  silu(): Tensor {
    return apply(elementwise.silu, [this]);
  }

  equal(other: Operand): Tensor {
    return apply(elementwise.equal, [this, this.#operand(other)]);
  }
  greater(other: Operand): Tensor {
    return apply(elementwise.greater, [this, this.#operand(other)]);
  }
  greaterOrEqual(other: Operand): Tensor {
    return apply(elementwise.greaterOrEqual, [this, this.#operand(other)]);
  }
  less(other: Operand): Tensor {
    return apply(elementwise.less, [this, this.#operand(other)]);
  }
  lessOrEqual(other: Operand): Tensor {
    return apply(elementwise.lessOrEqual, [this, this.#operand(other)]);
  }
  and(other: Tensor): Tensor {
    return apply(elementwise.and, [this, other]);
  }
  or(other: Tensor): Tensor {
    return apply(elementwise.or, [this, other]);
  }
  not(): Tensor {
    return apply(elementwise.not, [this]);
  }
  /** `a` where this truth value holds, `b` elsewhere; at least one of them is a tensor. */
  where(a: Operand, b: Operand): Tensor {
    const like = a instanceof Tensor ? a : b;
    if (!(like instanceof Tensor)) throw modelError("where: give at least one tensor, or use cast and arithmetic.");
    return apply(elementwise.where, [this, like.#operand(a), like.#operand(b)]);
  }
  cast(to: Dtype): Tensor {
    return to === this.dtype ? this : apply(elementwise.cast, [this], { to });
  }
  stopGradient(): Tensor {
    return apply(elementwise.stopGradient, [this]);
  }

  /** The same values, computed no sooner than `signal` is there: for results that are computed a second time. */
  after(signal: Tensor): Tensor {
    return apply(shaping.after, [this, signal]);
  }

  /** [..., M, K] by [..., K, N]; the axes in front broadcast. */
  matmul(other: Tensor): Tensor {
    return apply(product.matmul, [this, other]);
  }
  /** x Wᵀ + b over the last axis, with W [out, in] and b [out]. */
  linear(weight: Tensor, bias?: Tensor): Tensor {
    return apply(product.linear, bias === undefined ? [this, weight] : [this, weight, bias]);
  }

  /** This [N, C, L] or [N, C, H, W] with a weight [O, C / groups, kernel...] to [N, O, ...]. */
  conv(weight: Tensor, options: convolution.ConvolutionOptions = {}): Tensor {
    const { bias, groups = 1 } = options;
    const window = convolution.windowOf("conv", options, weight.shape.length - 2, 1);
    return apply(convolution.conv, bias === undefined ? [this, weight] : [this, weight, bias], { ...window, groups });
  }
  /** Undoes the sizes of `conv` with the same options: this [N, O, ...], weight [O, C / groups, kernel...]. */
  convTranspose(weight: Tensor, options: convolution.TransposedConvolutionOptions = {}): Tensor {
    const { bias, groups = 1 } = options;
    const window = convolution.windowOf("convTranspose", options, weight.shape.length - 2, 1);
    const size = convolution.transposedSize(this, weight, window, options.outputPadding ?? 0);
    const result = apply(convolution.convTranspose, [this, weight], { ...window, groups, size });
    return bias === undefined ? result : result.add(bias.reshape([bias.shape[0]!, ...size.map(() => 1)]));
  }
  /** The largest element of each window of this [N, C, L] or [N, C, H, W]; windows lie side by side by default. */
  maxPool(window: number | readonly number[], options: convolution.WindowOptions = {}): Tensor {
    return apply(pooling.maxPool, [this], pooling.poolingOf("maxPool", this, window, options));
  }
  /** The average of each window; with `countPadding` (the default) the padding's zeros are counted. */
  averagePool(window: number | readonly number[], options: pooling.AveragePoolOptions = {}): Tensor {
    const attributes = pooling.poolingOf("averagePool", this, window, options);
    return apply(pooling.averagePool, [this], { ...attributes, countPadding: options.countPadding ?? true });
  }

  /** The same elements under another shape; one size may be −1: what is left over. */
  reshape(shape: Shape): Tensor {
    const target = shape.includes(-1) ? this.#inferSize(shape) : shape;
    if (sameShape(target, this.shape)) return this;
    // A reshape of a reshape is a reshape of the original.
    if (this.node.op.name === "reshape") return this.node.inputs[0]!.reshape(target);
    return apply(shaping.reshape, [this], { shape: target });
  }
  #inferSize(shape: Shape): Shape {
    const known = shape.filter((d) => d !== -1).reduce<Dimension>(multiplyDimensions, 1);
    const missing = divideDimensions(sizeOf(this.shape), known);
    if (missing === undefined || shape.filter((d) => d === -1).length > 1) {
      throw modelError(
        `reshape: cannot tell what -1 is in ${showShape(shape)} for ${showType(this)}. Write the size out.`,
      );
    }
    return shape.map((d) => (d === -1 ? missing : d));
  }
  /** Axes in another order: axis i of the result is axis `order[i]`. */
  transpose(order: readonly number[]): Tensor {
    if (order.every((axis, i) => axis === i) && order.length === this.shape.length) return this;
    if (this.node.op.name === "transpose" && order.length === this.shape.length) {
      // Two transpositions are one, or none.
      const before = (this.node.attributes as { order: readonly number[] }).order;
      return this.node.inputs[0]!.transpose(order.map((axis) => before[axis]!));
    }
    return apply(shaping.transpose, [this], { order });
  }
  /** Exchanges two axes. */
  swap(a: number, b: number): Tensor {
    const [first, second] = [normalizeAxis("swap", a, this.shape), normalizeAxis("swap", b, this.shape)];
    const order = this.shape.map((_, i) => (i === first ? second : i === second ? first : i));
    return this.transpose(order);
  }
  expand(shape: Shape): Tensor {
    return sameShape(shape, this.shape) ? this : apply(shaping.expand, [this], { shape });
  }
  /** Adds an axis of size 1. */
  unsqueeze(axis: number): Tensor {
    const at = axis < 0 ? axis + this.shape.length + 1 : axis;
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)]);
  }
  /** Removes an axis of size 1. */
  squeeze(axis: number): Tensor {
    const at = normalizeAxis("squeeze", axis, this.shape);
    return this.reshape([...this.shape.slice(0, at), ...this.shape.slice(at + 1)]);
  }
  /** Elements `start` up to, not with, `end` of an axis, every `step`-th. */
  slice(axis: number, start: Dimension, end: Dimension, step = 1): Tensor {
    const at = normalizeAxis("slice", axis, this.shape);
    if (start === 0 && step === 1 && sameDimension(end, this.shape[at]!)) return this;
    return apply(shaping.slice, [this], { axis: at, start, end, step });
  }
  /** Parts of the given sizes along an axis. */
  split(axis: number, sizes: readonly number[]): Tensor[] {
    let start = 0;
    return sizes.map((size) => this.slice(axis, start, (start += size)));
  }
  /** `before` and `after` elements of `value` around an axis. */
  pad(axis: number, before: Dimension, after: Dimension, value = 0): Tensor {
    if (before === 0 && after === 0) return this;
    return apply(shaping.pad, [this], { axis: normalizeAxis("pad", axis, this.shape), before, after, value });
  }
  flip(axis: number): Tensor {
    return apply(shaping.flip, [this], { axis: normalizeAxis("flip", axis, this.shape) });
  }

  #reduction(name: string, axes: Axes | undefined, keep: boolean): reduction.Reduction {
    const list = axes === undefined ? this.shape.map((_, i) => i) : typeof axes === "number" ? [axes] : axes;
    return { axes: list.map((axis) => normalizeAxis(name, axis, this.shape)).sort((a, b) => a - b), keep };
  }
  /** The sum over axes, or over all of them. */
  sum(axes?: Axes, { keep = false } = {}): Tensor {
    return apply(reduction.sum, [this], this.#reduction("sum", axes, keep));
  }
  mean(axes?: Axes, { keep = false } = {}): Tensor {
    return apply(reduction.mean, [this], this.#reduction("mean", axes, keep));
  }
  max(axes?: Axes, { keep = false } = {}): Tensor {
    return apply(reduction.max, [this], this.#reduction("max", axes, keep));
  }
  min(axes?: Axes, { keep = false } = {}): Tensor {
    return apply(reduction.min, [this], this.#reduction("min", axes, keep));
  }
  /** log Σ exp x, computed without overflow. */
  logSumExp(axes?: Axes, { keep = false } = {}): Tensor {
    return apply(reduction.logSumExp, [this], this.#reduction("logSumExp", axes, keep));
  }
  /** The index (int64) of the largest element along an axis; the first one of several. */
  argMax(axis: number, { keep = false } = {}): Tensor {
    return apply(reduction.argMax, [this], { axis: normalizeAxis("argMax", axis, this.shape), keep });
  }
  argMin(axis: number, { keep = false } = {}): Tensor {
    return apply(reduction.argMin, [this], { axis: normalizeAxis("argMin", axis, this.shape), keep });
  }
  /** The `count` largest elements of each row of the last axis, largest first, and their indices (int64). */
  topK(count: number): { values: Tensor; indices: Tensor } {
    const [values, indices] = applyAll(selection.topK, [this], { count });
    return { values: values!, indices: indices! };
  }
  /** The running sum along an axis; from the end with `reverse`, without the element itself with `exclusive`. */
  cumulativeSum(axis: number, { reverse = false, exclusive = false } = {}): Tensor {
    const at = normalizeAxis("cumulativeSum", axis, this.shape);
    return apply(reduction.cumulativeSum, [this], { axis: at, reverse, exclusive });
  }
  /** The sum over whatever axes broadcasting stretched: undoes a broadcast from `shape`. */
  sumTo(shape: Shape): Tensor {
    if (sameShape(shape, this.shape)) return this;
    const extra = this.shape.length - shape.length;
    const front = Array.from({ length: extra }, (_, i) => i);
    const stretched = shape.flatMap((d, i) => (d === 1 && this.shape[i + extra] !== 1 ? [i + extra] : []));
    const axes = [...front, ...stretched];
    return (axes.length === 0 ? this : this.sum(axes, { keep: true })).reshape(shape);
  }

  softmax(axis = -1): Tensor {
    return apply(normalization.softmax, [this], { axis: normalizeAxis("softmax", axis, this.shape) });
  }
  logSoftmax(axis = -1): Tensor {
    return apply(normalization.logSoftmax, [this], { axis: normalizeAxis("logSoftmax", axis, this.shape) });
  }
  /** (x − μ) / √(σ² + ε) · weight + bias over the last axis. */
  layerNorm(weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
    return apply(normalization.layerNorm, bias === undefined ? [this, weight] : [this, weight, bias], { epsilon });
  }
  /** x / √(mean(x²) + ε) · weight over the last axis. */
  rmsNorm(weight: Tensor, epsilon: number): Tensor {
    return apply(normalization.rmsNorm, [this, weight], { epsilon });
  }
  /** Cross-entropy in nats of each row of logits [N, V] with targets [N]; negative targets count 0. */
  crossEntropy(targets: Tensor, { labelSmoothing = 0 } = {}): Tensor {
    return apply(normalization.crossEntropy, [this, targets], { labelSmoothing });
  }

  /** Rows (or slices of another axis) by index; indices of any shape. */
  gather(indices: Tensor, axis = 0): Tensor {
    return apply(indexing.gather, [this, indices], { axis: normalizeAxis("gather", axis, this.shape) });
  }
  gatherElements(indices: Tensor, axis: number): Tensor {
    const at = normalizeAxis("gatherElements", axis, this.shape);
    return apply(indexing.gatherElements, [this, indices], { axis: at });
  }
  /** Adds these rows up by index into `rows` rows. Exact and repeatable where indices repeat. */
  scatterRows(indices: Tensor, rows: Dimension): Tensor {
    return apply(indexing.scatterRows, [this, indices], { rows });
  }
  /** Adds these elements up by index along an axis of size `size`. Exact and repeatable where indices repeat. */
  scatterElements(indices: Tensor, axis: number, size: Dimension): Tensor {
    const at = normalizeAxis("scatterElements", axis, this.shape);
    return apply(indexing.scatterElements, [this, indices], { axis: at, size });
  }
  /** This with `updates` added at one index per row of the last axis. */
  addAt(indices: Tensor, updates: Tensor): Tensor {
    return apply(indexing.addAt, [this, indices, updates]);
  }

  zerosLike(): Tensor {
    return full(0, this.shape, this.dtype);
  }
  onesLike(): Tensor {
    return full(1, this.shape, this.dtype);
  }
  /** A size as a number of this tensor's dtype. */
  sizeValue(size: Dimension): Tensor {
    return apply(source.sizeValue, [], { size, dtype: this.dtype });
  }
  /** The number of elements, as a number of this tensor's dtype. */
  sizeLike(): Tensor {
    return this.sizeValue(sizeOf(this.shape));
  }
}

/** Adds a node and returns all its outputs. Throws GraphError where the op does not take these operands. */
export function applyAll<A extends object>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor[] {
  const types = op.infer(inputs, attributes);
  const outputs: Tensor[] = [];
  const node: Node = { op: op, inputs, attributes, outputs };
  for (const [index, type] of types.entries()) outputs.push(new Tensor(type, node, index));
  return outputs;
}

/** Adds a node and returns its first output. */
export function apply<A extends object>(op: Op<A>, inputs: readonly Tensor[], attributes?: A): Tensor {
  return applyAll(op, inputs, attributes ?? ({} as A))[0]!;
}

/** Numbers written into the program. A shape of [] is a single number. */
export function constant(values: ArrayLike<number>, shape: readonly number[], dtype: Dtype = "float32"): Tensor {
  return apply(source.constant, [], { values, shape, dtype });
}

/** One number, everywhere in a shape. */
export function full(value: number, shape: Shape, dtype: Dtype = "float32"): Tensor {
  return apply(source.full, [], { value, shape, dtype });
}
