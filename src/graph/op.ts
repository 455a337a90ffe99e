/**
 * What an op is: one object with its shape rule, its gradient and its ONNX form. All three are required by the type,
 * so forgetting one does not compile.
 */
import type { Dimension, Shape } from "./dimensions.ts";
import type { Tensor } from "./tensor.ts";

/** Element types, by ONNX's names. */
export const dtypes = ["float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"] as const;
/** The name of an element type. */
export type Dtype = (typeof dtypes)[number];

/** Whether values of a dtype have gradients. */
export const isFloat = (dtype: Dtype): boolean => dtype === "float32" || dtype === "float16" || dtype === "bfloat16";

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** The values of an attribute in an ONNX node; ONNX tells whole numbers from real ones, so we must too. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly text: string };

/** Receives the ONNX nodes that an op becomes; names stand for tensors. */
export interface Emitter {
  /** Adds a node and returns the name of its only output. */
  node(type: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string;
  /**
   * Adds a node with `count` outputs and returns their names. Those after the first must be optional in ONNX,
   * but for Split's. */
  nodes(type: string, inputs: readonly string[], count: number, attributes?: Record<string, OnnxAttribute>): string[];
  /** A constant of one element (rank 0) of the given type. */
  scalar(value: number, dtype: Dtype): string;
  /** A constant vector of 64-bit whole numbers: axes, starts, pads. */
  integers(values: readonly number[]): string;
  /** A constant with data. */
  constant(values: ArrayLike<number>, type: { dtype: Dtype; shape: readonly number[] }): string;
  /** The sizes as a vector of 64-bit whole numbers, computed from the inputs where they are not known. */
  shape(shape: Shape): string;
  /** One size as a rank-0 tensor of 64-bit whole numbers. */
  size(d: Dimension): string;
}

/** What an op's ONNX form is given. */
export interface LoweringContext<A> {
  /** Names of the operands. */
  readonly inputs: readonly string[];
  readonly inputTypes: readonly TensorType[];
  readonly outputTypes: readonly TensorType[];
  readonly attributes: A;
}

/** What a gradient rule is given: everything that the forward pass knew, and the gradients of its outputs. */
export interface GradientContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The loss's gradient by each output; undefined where the loss does not depend on that output. */
  readonly gradients: readonly (Tensor | undefined)[];
  readonly attributes: A;
}

export type GradientRule<A> = (context: GradientContext<A>) => readonly (Tensor | undefined)[];

/** Said where an op has no gradient, with the reason. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** An operation: its name, shape rule, gradient and ONNX form. */
export interface Op<A = never> {
  readonly name: string;
  /** The types of the outputs. Throws GraphError where operands do not fit. */
  readonly infer: (inputs: readonly TensorType[], attributes: A) => readonly TensorType[];
  /** One gradient an operand (undefined: none flows there), or why there is none at all. */
  readonly gradient: GradientRule<A> | NotDifferentiable;
  /** Emits ONNX nodes and returns the names of the outputs. */
  readonly lower: (emit: Emitter, context: LoweringContext<A>) => readonly string[];
}

/** Makes the attribute type of an op inferred from its definition. */
export function defineOp<A extends object = object>(op: Op<A>): Op<A> {
  return op;
}

/** One application of an op in a graph. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: object;
  readonly outputs: readonly Tensor[];
  /** Where in the model it was made; "" where that is not known. */
  readonly label: string;
}
