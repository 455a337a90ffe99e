/** Arithmetic, comparisons and activations: one value in, one value out, with broadcasting. */
import { commonDtype, commonShape, requireDtype, showType } from "../shapes.ts";
import { defineOp, isFloat, type Dtype, type Emitter, type GradientRule, type Op, type TensorType } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { modelError } from "../calling-line.ts";

const floats: readonly Dtype[] = ["float32", "float16", "bfloat16"];

/** A function of one tensor that ONNX has under `type`. */
function unary(
  name: string,
  type: string,
  gradient: GradientRule<object>,
  dtypes: readonly Dtype[] = floats,
): Op<object> {
  return {
    name,
    infer: ([x]) => {
      requireDtype(name, x!, ...dtypes);
      return [x!];
    },
    gradient,
    lower: (emit, { inputs }) => [emit.node(type, inputs)],
  };
}

const numbers: readonly Dtype[] = ["float32", "float16", "bfloat16", "int64", "int32"];

function inferBroadcast(name: string, inputs: readonly TensorType[], dtypes: readonly Dtype[]): TensorType {
  const dtype = commonDtype(name, inputs);
  if (!dtypes.includes(dtype)) {
    throw modelError(`${name}: got ${inputs.map(showType).join(" and ")}, expected ${dtypes.join(" or ")}.`);
  }
  return { dtype, shape: commonShape(name, inputs) };
}

/** A function of two tensors that broadcast. */
function binary(name: string, type: string, gradient: GradientRule<object>): Op<object> {
  return {
    name,
    infer: (inputs) => [inferBroadcast(name, inputs, numbers)],
    gradient,
    lower: (emit, { inputs }) => [emit.node(type, inputs)],
  };
}

export const add = binary("add", "Add", ({ inputs: [a, b], gradients: [g] }) => [
  g!.sumTo(a!.shape),
  g!.sumTo(b!.shape),
]);

export const sub = binary("sub", "Sub", ({ inputs: [a, b], gradients: [g] }) => [
  g!.sumTo(a!.shape),
  g!.sumTo(b!.shape).neg(),
]);

export const mul = binary("mul", "Mul", ({ inputs: [a, b], gradients: [g] }) => [
  g!.mul(b!).sumTo(a!.shape),
  g!.mul(a!).sumTo(b!.shape),
]);

export const div = binary("div", "Div", ({ inputs: [a, b], outputs: [y], gradients: [g] }) => {
  const quotient = g!.div(b!);
  return [quotient.sumTo(a!.shape), quotient.mul(y!).neg().sumTo(b!.shape)];
});

/** The number that a tensor is everywhere, where the graph says so. */
function numberIn({ node: { op, attributes } }: Tensor): number | undefined {
  const { values } = attributes as { values?: ArrayLike<number> };
  return op.name === "constant" && values?.length === 1 ? values[0] : undefined;
}

/** a to the power of b. The gradient by the exponent needs a > 0. */
export const pow = defineOp({
  name: "pow",
  infer: (inputs) => [inferBroadcast("pow", inputs, floats)],
  gradient: ({ inputs: [a, b], outputs: [y], gradients: [g] }) => {
    const exponent = numberIn(b!);
    const slope =
      exponent === undefined
        ? // a ** 0 is 1 everywhere, at 0 too, where b · a ** (b − 1) would be 0 · ∞.
          b!.equal(0).where(0, b!.mul(a!.pow(b!.sub(1))))
        : exponent === 0
          ? a!.zerosLike()
          : a!.pow(exponent - 1).scale(exponent);
    // 0 ** b has the gradient 0 by b, not 0 · log 0.
    return [g!.mul(slope).sumTo(a!.shape), g!.mul(y!).mul(a!.equal(0).where(1, a!).log()).sumTo(b!.shape)];
  },
  lower: (emit, { inputs }) => [emit.node("Pow", inputs)],
});

/** The larger of two; where they are equal each gets half of the gradient, as in PyTorch. */
export const maximum = binary("maximum", "Max", ({ inputs: [a, b], gradients: [g] }) => {
  const tie = a!.equal(b!).cast(g!.dtype).mul(0.5);
  return [
    g!.mul(a!.greater(b!).cast(g!.dtype).add(tie)).sumTo(a!.shape),
    g!.mul(b!.greater(a!).cast(g!.dtype).add(tie)).sumTo(b!.shape),
  ];
});

/** The smaller of two; where they are equal each gets half of the gradient, as in PyTorch. */
export const minimum = binary("minimum", "Min", ({ inputs: [a, b], gradients: [g] }) => {
  const tie = a!.equal(b!).cast(g!.dtype).mul(0.5);
  return [
    g!.mul(a!.less(b!).cast(g!.dtype).add(tie)).sumTo(a!.shape),
    g!.mul(b!.less(a!).cast(g!.dtype).add(tie)).sumTo(b!.shape),
  ];
});

export const neg = unary("neg", "Neg", ({ gradients: [g] }) => [g!.neg()], numbers);
export const abs = unary("abs", "Abs", ({ inputs: [x], gradients: [g] }) => [g!.mul(x!.sign())]);
export const exp = unary("exp", "Exp", ({ outputs: [y], gradients: [g] }) => [g!.mul(y!)]);
export const log = unary("log", "Log", ({ inputs: [x], gradients: [g] }) => [g!.div(x!)]);
export const sqrt = unary("sqrt", "Sqrt", ({ outputs: [y], gradients: [g] }) => [g!.div(y!).mul(0.5)]);
export const sin = unary("sin", "Sin", ({ inputs: [x], gradients: [g] }) => [g!.mul(x!.cos())]);
export const cos = unary("cos", "Cos", ({ inputs: [x], gradients: [g] }) => [g!.mul(x!.sin()).neg()]);
export const tanh = unary("tanh", "Tanh", ({ outputs: [y], gradients: [g] }) => [g!.mul(y!.mul(y!).rsub(1))]);
export const sigmoid = unary("sigmoid", "Sigmoid", ({ outputs: [y], gradients: [g] }) => [g!.mul(y!.mul(y!.rsub(1)))]);
export const erf = unary("erf", "Erf", ({ inputs: [x], gradients: [g] }) => [
  g!.mul(x!.mul(x!).neg().exp()).mul(2 / Math.sqrt(Math.PI)),
]);
export const relu = unary("relu", "Relu", ({ inputs: [x], gradients: [g] }) => [g!.mul(x!.apply(step, [], {}))]);

/** 1 where x > 0, 0 elsewhere: relu's slope. Its own gradient is zero wherever it has one. */
export const step: Op<object> = defineOp({
  name: "step",
  infer: ([x]) => {
    requireDtype("step", x!, ...floats);
    return [x!];
  },
  gradient: () => [undefined],
  // max(0, min(1, 1e38 · x)) in one pass, which a comparison and a cast are not. OpenVINO 2026.4 takes a beta of 0 for
  // one that was left out, which is 0.5; one that is all but 0 it takes as it is.
  lower: (emit, { inputs: [x], inputTypes: [type] }) => [
    type!.dtype === "float32"
      ? emit.node("HardSigmoid", [x!], { alpha: { float: 1e38 }, beta: { float: -1e-30 } })
      : castTo(emit, emit.node("Greater", [x!, emit.scalar(0, type!.dtype)]), type!.dtype),
  ],
});

/** What is left of a whole number after division; it has the divisor's sign. */
export const mod = defineOp({
  name: "mod",
  infer: (inputs) => [inferBroadcast("mod", inputs, ["int32", "int64"])],
  gradient: { notDifferentiable: "whole numbers have no slope" },
  // OpenVINO divides whole numbers as float32, which is off where they exceed 2^24, but multiplies and subtracts them
  // exactly. So a multiple of the divisor that is near goes first; what is left is small enough for either engine.
  lower: (emit, { inputs: [a, b], outputTypes: [type] }) => {
    const quotient = emit.node("Div", [castTo(emit, a!, "float32"), castTo(emit, b!, "float32")]);
    const multiple = emit.node("Mul", [castTo(emit, quotient, type!.dtype), b!]);
    return [emit.node("Mod", [emit.node("Sub", [a!, multiple]), b!])];
  },
});

/** −1, 0 or 1. Its gradient is zero wherever it has one. */
export const sign = unary("sign", "Sign", () => [undefined], numbers);
/** The largest whole number that is not above x. Its gradient is zero wherever it has one. */
export const floor = unary("floor", "Floor", () => [undefined]);

/** GELU (Hendrycks and Gimpel 2016): x · Φ(x), by erf or by its tanh approximation. */
export const gelu = defineOp<{ approximate: "none" | "tanh" }>({
  name: "gelu",
  infer: ([x]) => {
    requireDtype("gelu", x!, ...floats);
    return [x!];
  },
  // In as few nodes as possible: each is a trip through memory.
  gradient: ({ inputs: [x], outputs: [y], gradients: [g], attributes: { approximate } }) => {
    if (approximate === "none") {
      // Φ(x) + x φ(x) = ½ (1 + erf u + 2/√π · u exp(−u²)) with u = x / √2; the product before g takes the ½ along.
      const u = x!.scale(Math.SQRT1_2);
      const density = u
        .mul(u)
        .rsub(Math.log(2 / Math.sqrt(Math.PI)))
        .exp();
      return [g!.scale(0.5).mul(u.erf().add(u.mul(density)).add(1))];
    }
    // ½ (1 + tanh z) = σ(2z), so y = x s with s = σ(2z) and 2z = x (a x² + b); its slope is s + y (1 − s) (3 a x² + b).
    const b = 2 * Math.sqrt(2 / Math.PI);
    const a = b * 0.044715;
    const square = x!.mul(x!);
    const s = x!.mul(square.scale(a).add(b)).sigmoid();
    const inner = square.scale(3 * a).add(b);
    return [g!.mul(s.add(y!.mul(s.rsub(1)).mul(inner)))];
  },
  lower: (emit, { inputs, attributes }) => [
    emit.node("Gelu", inputs, { approximate: { text: attributes.approximate } }),
  ],
});

/** SiLU, also called swish: x · sigmoid(x). */
export const silu = defineOp({
  name: "silu",
  infer: ([x]) => {
    requireDtype("silu", x!, ...floats);
    return [x!];
  },
  gradient: ({ inputs: [x], outputs: [y], gradients: [g] }) => {
    const s = x!.sigmoid();
    return [g!.mul(s.add(y!.mul(s.rsub(1))))];
  },
  lower: (emit, { inputs }) => [emit.node("Mul", [inputs[0]!, emit.node("Sigmoid", inputs)])],
});

const noGradient = (why: string): { notDifferentiable: string } => ({ notDifferentiable: why });

function comparison(name: string, type: string): Op<object> {
  return {
    name,
    infer: (inputs) => [{ ...inferBroadcast(name, inputs, [...numbers, "bool", "uint8"]), dtype: "bool" }],
    gradient: noGradient("a comparison is true or false"),
    lower: (emit, { inputs }) => [emit.node(type, inputs)],
  };
}

export const equal = comparison("equal", "Equal");
export const greater = comparison("greater", "Greater");
export const greaterOrEqual = comparison("greaterOrEqual", "GreaterOrEqual");
export const less = comparison("less", "Less");
export const lessOrEqual = comparison("lessOrEqual", "LessOrEqual");

function logical(name: string, type: string): Op<object> {
  return {
    name,
    infer: (inputs) => [inferBroadcast(name, inputs, ["bool"])],
    gradient: noGradient("a truth value has no slope"),
    lower: (emit, { inputs }) => [emit.node(type, inputs)],
  };
}

export const and = logical("and", "And");
export const or = logical("or", "Or");
export const not = logical("not", "Not");

/** Chooses from `a` where the condition holds, from `b` elsewhere. */
export const where = defineOp({
  name: "where",
  infer: ([condition, a, b]) => {
    requireDtype("where", condition!, "bool");
    return [{ dtype: commonDtype("where", [a!, b!]), shape: commonShape("where", [condition!, a!, b!]) }];
  },
  gradient: ({ inputs: [condition, a, b], gradients: [g] }) => [
    undefined,
    condition!.where(g!, 0).sumTo(a!.shape),
    condition!.where(0, g!).sumTo(b!.shape),
  ],
  lower: (emit, { inputs }) => [emit.node("Where", inputs)],
});

const onnxDtypes: Record<Dtype, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

/** ONNX's number for a dtype. */
export const onnxDtype = (dtype: Dtype): number => onnxDtypes[dtype];

/** The same values as another dtype; no gradient flows through whole numbers. */
export const cast = defineOp<{ to: Dtype }>({
  name: "cast",
  infer: ([x], { to }) => [{ dtype: to, shape: x!.shape }],
  gradient: ({ inputs: [x], gradients: [g] }) => [isFloat(x!.dtype) ? g!.cast(x!.dtype) : undefined],
  lower: (emit, { inputs, attributes }) => [castTo(emit, inputs[0]!, attributes.to)],
});

/** Emits a Cast node. */
export function castTo(emit: Emitter, name: string, to: Dtype): string {
  return emit.node("Cast", [name], { to: { int: onnxDtypes[to] } });
}

/** The same value; no gradient passes. */
export const stopGradient = defineOp({
  name: "stopGradient",
  infer: ([x]) => [x!],
  gradient: () => [undefined],
  lower: (_emit, { inputs }) => [inputs[0]!],
});
