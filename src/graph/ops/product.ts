/** Matrix products: where the time goes. */
import { modelError } from "../calling-line.ts";
import { broadcastShapes, sameDimension, showShape, sizeOf, type Shape } from "../dimensions.ts";
import { defineOp, isFloat, type Emitter } from "../op.ts";
import { commonDtype, showType } from "../shapes.ts";
import { zeroes } from "./shape.ts";

/** [..., M, K] by [..., K, N] to [..., M, N]; the axes in front broadcast. */
export const matmul = defineOp({
  name: "matmul",
  infer: ([a, b]) => {
    const [left, right] = [a!.shape, b!.shape];
    const inner = left.length >= 2 && right.length >= 2 && sameDimension(left.at(-1)!, right.at(-2)!);
    const front = inner ? broadcastShapes(left.slice(0, -2), right.slice(0, -2)) : undefined;
    if (front === undefined) {
      throw modelError(
        `matmul: ${showType(a!)} by ${showType(b!)}. Expected [..., M, K] by [..., K, N]: ` +
          `the last size of the first must be the last but one of the second, and the axes in front must broadcast.`,
      );
    }
    return [{ dtype: commonDtype("matmul", [a!, b!]), shape: [...front, left.at(-2)!, right.at(-1)!] }];
  },
  gradient: ({ inputs: [a, b], gradients: [g] }) => {
    if (b!.shape.length === 2) {
      // One large product over all rows instead of many small ones that are added up.
      const rows = (x: typeof a): typeof a => x!.reshape([sizeOf(x!.shape.slice(0, -1)), x!.shape.at(-1)!]);
      return [g!.matmul(b!.swap(0, 1)), rows(a)!.swap(0, 1).matmul(rows(g)!)];
    }
    return [g!.matmul(b!.swap(-1, -2)).sumTo(a!.shape), a!.swap(-1, -2).matmul(g!).sumTo(b!.shape)];
  },
  // Two matrices as Gemm: it takes a transposed operand as it lies.
  lower: (emit, { inputs, inputTypes }) => {
    const matrices = inputTypes.every(({ dtype, shape }) => isFloat(dtype) && shape.length === 2);
    return [emit.node(matrices ? "Gemm" : "MatMul", inputs)];
  },
});

const reshaped = (emit: Emitter, x: string, shape: Shape): string =>
  emit.node("Reshape", [x, emit.shape(shape)], zeroes(shape));

/** How a weight lies in memory: [out, in], as PyTorch's Linear has it, or [in, out], as GPT-2's Conv1D has it. */
export type WeightLayout = "out-in" | "in-out";

/**
 * x Wᵀ + b over the last axis: x [..., in], W [out, in], b [out]; or x W + b with W [in, out]. One Gemm node, which adds
 * b on the way.
 */
export const linear = defineOp<{ layout: WeightLayout }>({
  name: "linear",
  infer: (inputs, { layout }) => {
    const [x, weight, bias] = inputs;
    const [inner, outer] = layout === "out-in" ? [1, 0] : [0, 1];
    const fits =
      weight!.shape.length === 2 &&
      x!.shape.length >= 1 &&
      sameDimension(x!.shape.at(-1)!, weight!.shape[inner]!) &&
      (bias === undefined || (bias.shape.length === 1 && sameDimension(bias.shape[0]!, weight!.shape[outer]!)));
    if (!fits) {
      throw modelError(
        `linear: x ${showType(x!)}, weight ${showType(weight!)}${bias ? `, bias ${showType(bias)}` : ""}. ` +
          `Expected x [..., in], weight [${layout.replace("-", ", ")}]${bias ? ", bias [out]" : ""}.`,
      );
    }
    return [{ dtype: commonDtype("linear", inputs), shape: [...x!.shape.slice(0, -1), weight!.shape[outer]!] }];
  },
  gradient: ({ inputs: [x, weight, bias], gradients: [g], attributes: { layout } }) => {
    const rows = (t: typeof x): typeof x => t!.reshape([sizeOf(t!.shape.slice(0, -1)), t!.shape.at(-1)!]);
    const [left, right] = layout === "out-in" ? [rows(g)!, rows(x)!] : [rows(x)!, rows(g)!];
    const byWeight = left.swap(0, 1).matmul(right);
    const across = layout === "out-in" ? weight! : weight!.swap(0, 1);
    const byX = g!.shape.length === 1 ? g!.unsqueeze(0).matmul(across).reshape(x!.shape) : g!.matmul(across);
    return bias === undefined ? [byX, byWeight] : [byX, byWeight, g!.sumTo(bias.shape)];
  },
  lower: (emit, { inputs: [x, weight, bias], inputTypes, outputTypes, attributes: { layout } }) => {
    const flat = inputTypes[0]!.shape.length === 2;
    const inner = inputTypes[0]!.shape.at(-1)!;
    if (typeof inner !== "number") throw modelError(`linear: the size in must be a number, got ${showShape([inner])}.`);
    const rows = flat ? x! : emit.node("Reshape", [x!, emit.integers([-1, inner])]);
    const transposed = { transB: { int: layout === "out-in" ? 1 : 0 } };
    const product = emit.node("Gemm", [rows, weight!, ...(bias === undefined ? [] : [bias])], transposed);
    return [flat ? product : reshaped(emit, product, outputTypes[0]!.shape)];
  },
});
