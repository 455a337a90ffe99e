/**
 * What each sample of tools/goldens/ops.py is as a graph, by the same name: the op, then what is special about it.
 * A new op needs a sample here and there.
 */
import { concat, constant, full, iota, type Tensor } from "../../src/graph/index.ts";
import type { ConvolutionOptions, TransposedConvolutionOptions } from "../../src/graph/index.ts";
import { convWeight, type Convolution } from "../../src/graph/ops/convolution.ts";
import { step } from "../../src/graph/ops/elementwise.ts";
import { linearCrossEntropy } from "../../src/graph/ops/linear-cross-entropy.ts";
import { gatherWindows, scatterWindows } from "../../src/graph/ops/pooling.ts";
import type { Node } from "../../src/graph/index.ts";

type Build = (...inputs: Tensor[]) => Tensor;

const convolutions: Record<string, ConvolutionOptions> = {
  conv: {},
  "conv/wide": { stride: 2, padding: 2, dilation: 2 },
  "conv/groups": { stride: 3, groups: 2 },
  "conv/depthwise": { padding: 1, groups: 3 },
  "conv/image": {},
  "conv/image-wide": { stride: [2, 3], padding: [2, 1], dilation: [2, 1] },
  "conv/image-groups": { stride: 2, padding: 1, groups: 2 },
  "conv/long": { stride: 3, groups: 2, padding: 2 },
  "conv/long-image": { stride: [1, 2], padding: [2, 3] },
  "conv/patches": { stride: 4 },
};
const transposed: Record<string, TransposedConvolutionOptions> = {
  convTranspose: {},
  "convTranspose/wide": { stride: 3, padding: 1, dilation: 2, outputPadding: 2 },
  "convTranspose/groups": { stride: 2, groups: 2 },
  "convTranspose/image": { stride: [2, 1], padding: [1, 0], outputPadding: [1, 0] },
};

const attributesOf = (y: Tensor): Convolution => y.node.attributes as Convolution;

/** The weight's gradient of y · y / 2, where y is a convolution. */
function weightGradient(options: ConvolutionOptions): Build {
  return (x, w) => {
    const y = x.conv(w, options);
    return x.apply(convWeight, [y], { ...attributesOf(y), kernel: w.shape.slice(2) as number[] });
  };
}

const secondOutput = (node: Node): Tensor => node.outputs[1]!;
/** A graph over the second output, when the op is built by a method that returns the first. */
const places = (x: Tensor): Tensor => secondOutput(x.maxPool(3, { stride: 2, padding: 1 }).node);

export const samples: Record<string, Build> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  pow: (a, b) => a.pow(b),
  "pow/square": (x) => x.pow(2),
  "pow/cube": (x) => x.pow(3),
  maximum: (a, b) => a.maximum(b),
  minimum: (a, b) => a.minimum(b),
  mod: (a, b) => a.mod(b),
  neg: (x) => x.neg(),
  exp: (x) => x.exp(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  erf: (x) => x.erf(),
  abs: (x) => x.abs(),
  sign: (x) => x.sign(),
  step: (x) => x.apply(step, [], {}),
  relu: (x) => x.relu(),
  log: (x) => x.log(),
  sqrt: (x) => x.sqrt(),
  floor: (x) => x.floor(),
  gelu: (x) => x.gelu(),
  "gelu/tanh": (x) => x.gelu("tanh"),
  silu: (x) => x.silu(),
  equal: (a, b) => a.equal(b),
  greater: (a, b) => a.greater(b),
  greaterOrEqual: (a, b) => a.greaterOrEqual(b),
  less: (a, b) => a.less(b),
  lessOrEqual: (a, b) => a.lessOrEqual(b),
  and: (a, b) => a.and(b),
  or: (a, b) => a.or(b),
  not: (x) => x.not(),
  where: (c, a, b) => c.where(a, b),
  "where/number": (c, x) => c.where(x, -5),
  "cast/int64": (x) => x.cast("int64"),
  "cast/float32": (x) => x.cast("float32"),
  stopGradient: (x) => x.add(x.stopGradient()),

  matmul: (a, b) => a.matmul(b),
  "matmul/batched": (a, b) => a.matmul(b),
  "matmul/shared": (a, b) => a.matmul(b),
  linear: (x, w, b) => x.linear(w, b),
  "linear/plain": (x, w) => x.linear(w),
  "linear/in-out": (x, w, b) => x.linear(w, b, "in-out"),

  ...Object.fromEntries<Build>(
    Object.entries(convolutions).flatMap(([name, options]): [string, Build][] => [
      [name, (x, w) => x.conv(w, options)],
      [name.replace("conv", "convWeight"), weightGradient(options)],
    ]),
  ),
  "conv/bias": (x, w, bias) => x.conv(w, { bias, padding: 1 }),
  "conv/causal": (x, w) => x.conv(w, { padding: [[2, 0]] }),
  ...Object.fromEntries<Build>(
    Object.entries(transposed).map(([name, options]): [string, Build] => [
      name,
      (y, w, bias) => y.convTranspose(w, { ...options, bias }),
    ]),
  ),

  maxPool: (x) => x.maxPool(2),
  "maxPool/overlapping": (x) => x.maxPool(3, { stride: 1, padding: 1 }),
  "maxPool/image": (x) => x.maxPool(2),
  "maxPool/image-overlapping": (x) => x.maxPool([3, 2], { stride: [2, 1], padding: [1, 0] }),
  "maxPool/dilation": (x) => x.maxPool(3, { stride: 2, dilation: 2 }),
  averagePool: (x) => x.averagePool(2),
  "averagePool/overlapping": (x) => x.averagePool(3, { stride: 1, padding: 1 }),
  "averagePool/image": (x) => x.averagePool(2),
  "averagePool/image-overlapping": (x) => x.averagePool([3, 2], { stride: [2, 1], padding: [1, 0] }),
  "averagePool/uncounted": (x) => x.averagePool(3, { stride: 2, padding: 1, countPadding: false }),
  scatterWindows: (x) =>
    x.maxPool(3, { stride: 2, padding: 1 }).apply(scatterWindows, [places(x)], {
      size: x.shape.slice(2),
      apart: [2],
    }),
  gatherWindows: (x) => x.apply(gatherWindows, [places(x)], { size: x.shape.slice(2), apart: [2] }),

  sum: (x) => x.sum([0, 2]),
  mean: (x) => x.mean([0, 2]),
  logSumExp: (x) => x.logSumExp([0, 2]),
  "sum/rows": (x) => x.sum([0, 1]),
  "sum/keep": (x) => x.sum(-1, { keep: true }),
  "mean/keep": (x) => x.mean(-1, { keep: true }),
  "logSumExp/keep": (x) => x.logSumExp(-1, { keep: true }),
  max: (x) => x.max(-1),
  "max/front": (x) => x.max([0, 1]),
  min: (x) => x.min(-1),
  "min/front": (x) => x.min([0, 1]),
  topK: (x) => x.topK(3).values,
  argMax: (x) => x.argMax(1),
  argMin: (x) => x.argMin(1),
  cumulativeSum: (x) => x.cumulativeSum(1),
  "cumulativeSum/exclusive-reverse": (x) => x.cumulativeSum(-1, { exclusive: true, reverse: true }),

  reshape: (x) => x.reshape([-1, x.dim(2)]),
  transpose: (x) => x.transpose([2, 0, 1]),
  expand: (x) => x.expand([7, x.dim(0), 5, x.dim(2)]),
  concat: (...parts) => concat(parts, 1),
  split: (x) => concat(x.split(1, [2, x.fixed(1) - 2]).reverse(), 1),
  "split/one": (x) => x.split(1, [1, x.fixed(1) - 1])[1]!,
  slice: (x) => x.slice(1, 1, 3),
  "slice/step": (x) => x.slice(1, 1, x.dim(1), 3),
  pad: (x) => x.pad(1, 1, 2, 3),
  after: (x, signal) => x.after(signal),
  flip: (x) => x.flip(1),

  gather: (x, ids) => x.gather(ids),
  "gather/few": (x, ids) => x.gather(ids),
  "gather/inner": (x, ids) => x.gather(ids, 1),
  scatterRows: (g, ids) => g.scatterRows(ids, 6),
  "scatterRows/many": (g, ids) => g.scatterRows(ids, 2000),
  "scatterRows/onto": (g, ids, base) => g.scatterRows(ids, 6, base),
  "scatterRows/many-onto": (g, ids, base) => g.scatterRows(ids, 200, base),
  gatherElements: (x, ids) => x.gatherElements(ids, 1),
  "gatherElements/one": (x, ids) => x.gatherElements(ids, 1),
  scatterElements: (g, ids) => g.scatterElements(ids, 1, 5),
  "scatterElements/one": (g, ids) => g.scatterElements(ids, 1, 50),
  addAt: (base, ids, updates) => base.addAt(ids, updates),

  softmax: (x) => x.softmax(),
  "softmax/front": (x) => x.softmax(1),
  logSoftmax: (x) => x.logSoftmax(),
  crossEntropy: (x, targets) => x.crossEntropy(targets),
  linearCrossEntropy: (x, w, t) => x.apply(linearCrossEntropy, [w, t], { labelSmoothing: 0 }),
  "linearCrossEntropy/smoothed": (x, w, t) => x.apply(linearCrossEntropy, [w, t], { labelSmoothing: 0.1 }),
  "linearCrossEntropy/bias": (x, w, t, b) => x.apply(linearCrossEntropy, [w, t, b], { labelSmoothing: 0.2 }),
  "linearCrossEntropy/probabilities": (x, w, t) =>
    secondOutput(x.apply(linearCrossEntropy, [w, t], { labelSmoothing: 0 }).node),
  "crossEntropy/smoothed": (x, targets) => x.crossEntropy(targets, { labelSmoothing: 0.1 }),
  layerNorm: (x, w, b) => x.layerNorm(w, b, 1e-5),
  "layerNorm/plain": (x, w) => x.layerNorm(w, undefined, 1e-5),
  "layerNorm/statistics": (x, w) => concat(x.layerNorm(w, undefined, 1e-5).node.outputs.slice(1), -1),
  rmsNorm: (x, w) => x.rmsNorm(w, 1e-5),
  "rmsNorm/statistics": (x, w) => secondOutput(x.rmsNorm(w, 1e-5).node),

  input: (x) => x,
  constant: (x) => x.mul(constant([1, 2, -3], [3])),
  full: (x) => full(2.5, x.shape),
  iota: (x) => iota(x.dim(0), { start: 4 }),
  sizeValue: (x) => x.sizeLike(),
};
