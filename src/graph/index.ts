/** Tensors, dimensions, ops, gradients, the printer and the verifier. Pure: nothing here computes or reads. */
export * from "./dimensions.ts";
export {
  dtypes,
  isFloat,
  type Dtype,
  type Emitter,
  type Node,
  type OnnxAttribute,
  type Op,
  type TensorType,
} from "./op.ts";
export { blockLinear, type BlockOptions } from "./ops/block-product.ts";
export type { WeightLayout } from "./ops/product.ts";
export { onnxDtype } from "./ops/elementwise.ts";
export { Tensor, constant, full, type Axes, type Operand } from "./tensor.ts";
export { concat, input, iota } from "./build.ts";
export type { ConvolutionOptions, TransposedConvolutionOptions, WindowOptions } from "./ops/convolution.ts";
export type { AveragePoolOptions } from "./ops/pooling.ts";
export { labeled, relabel } from "./label.ts";
export { gradients, nodesOf, type GradientOptions } from "./gradients.ts";
export { rewrite, type RewriteContext, type RewriteRule } from "./rewrite.ts";
export { replaced } from "./replace.ts";
export { lossWithLogits, trainingRules } from "./training-rules.ts";
export { namesIn, sized } from "./sized.ts";
export { rowRules } from "./row-rules.ts";
export { printGraph, verifyGraph } from "./print.ts";
export { showType } from "./shapes.ts";
