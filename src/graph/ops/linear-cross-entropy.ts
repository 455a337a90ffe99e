/** A product and the cross-entropy of its rows as one, so that the gradient takes few passes over the logits. */
import { modelError } from "../calling-line.ts";
import { sameDimension, sameShape } from "../dimensions.ts";
import { defineOp, type TensorType } from "../op.ts";
import { commonDtype, requireDtype, showType } from "../shapes.ts";
import { castTo } from "./elementwise.ts";

/**
 * Cross-entropy in nats of the logits x Wᵀ + b with targets, as `crossEntropy` defines it: x [N, D], W [V, D],
 * targets [N] and b [V] to losses [N] and, as a second output, the probabilities [N, V].
 *
 * With weights w = g · [target is real], the gradient by the logits is diag(w) (P − ε/V − (1 − ε) onehot). Neither
 * diag(w) nor ε/V touches the large [N, V] matrix: rows are scaled in [N, D], before or behind a product, and the
 * constant becomes a sum over columns.
 */
export const linearCrossEntropy = defineOp<{ labelSmoothing: number }>({
  name: "linearCrossEntropy",
  infer: ([x, weight, targets, bias]) => {
    const dtype = commonDtype("linearCrossEntropy", bias === undefined ? [x!, weight!] : [x!, weight!, bias]);
    requireDtype("linearCrossEntropy", targets!, "int32", "int64");
    const fits =
      x!.shape.length === 2 &&
      weight!.shape.length === 2 &&
      sameDimension(x!.shape[1]!, weight!.shape[1]!) &&
      sameShape(targets!.shape, [x!.shape[0]!]) &&
      (bias === undefined || sameShape(bias.shape, [weight!.shape[0]!]));
    if (!fits) {
      throw modelError(
        `linearCrossEntropy: x ${showType(x!)}, weight ${showType(weight!)}, targets ${showType(targets!)}` +
          `${bias ? `, bias ${showType(bias)}` : ""}; expected [N, D], [V, D], [N]${bias ? ", [V]" : ""}.`,
      );
    }
    return [
      { dtype, shape: [x!.shape[0]!] },
      { dtype, shape: [x!.shape[0]!, weight!.shape[0]!] },
    ];
  },
  gradient: ({
    inputs: [x, weight, targets, bias],
    outputs: [losses, probabilities],
    gradients: [g, gP],
    attributes,
  }) => {
    const { labelSmoothing } = attributes;
    const parts = [];
    if (g !== undefined) {
      const w = g.mul(targets!.greaterOrEqual(0).cast(g.dtype)).unsqueeze(-1); // [N, 1]
      const minus = w.onesLike().scale(labelSmoothing - 1);
      // The large matrices are read by all who need them before anything else is done, while they are in the cache.
      const slopes = probabilities!.after(losses!).addAt(targets!.maximum(0).unsqueeze(-1), minus); // P − (1 − ε) onehot
      const scaled = x!.mul(w);
      const product = slopes.swap(0, 1).matmul(scaled);
      let [byX, byWeight] = [slopes.matmul(weight!).mul(w), product];
      let byBias = slopes.swap(0, 1).matmul(w).squeeze(-1);
      if (labelSmoothing > 0) {
        const spread = w.sizeValue(weight!.shape[0]!).rdiv(labelSmoothing); // ε / V
        byX = byX.sub(weight!.sum(0, { keep: true }).mul(spread).mul(w));
        byWeight = byWeight.sub(scaled.sum(0, { keep: true }).mul(spread));
        byBias = byBias.sub(w.sum().mul(spread));
      }
      parts.push([byX.after(product), byWeight, byBias] as const);
    }
    if (gP !== undefined) {
      const weighted = gP.mul(probabilities!);
      const slopes = weighted.sub(probabilities!.mul(weighted.sum(-1, { keep: true })));
      parts.push([slopes.matmul(weight!), slopes.swap(0, 1).matmul(x!), slopes.sum(0)] as const);
    }
    const [byX, byWeight, byBias] = parts.reduce((a, b) => [a[0].add(b[0]), a[1].add(b[1]), a[2].add(b[2])] as const);
    return bias === undefined ? [byX, byWeight, undefined] : [byX, byWeight, undefined, byBias];
  },
  lower: (emit, { inputs: [x, weight, targets, bias], inputTypes, attributes: { labelSmoothing } }) => {
    const [{ dtype }, , { dtype: index }] = inputTypes as [TensorType, TensorType, TensorType];
    const last = emit.integers([1]);
    const logits = emit.node("Gemm", [x!, weight!, ...(bias === undefined ? [] : [bias])], { transB: { int: 1 } });
    const probabilities = emit.node("Softmax", [logits], { axis: { int: -1 } });
    // log Σ exp of a row is its largest logit less the logarithm of the largest probability, which is at least 1 / V.
    const largest = (name: string): string => emit.node("ReduceMax", [name, last], { keepdims: { int: 0 } });
    const logSum = emit.node("Sub", [largest(logits), emit.node("Log", [largest(probabilities)])]);
    const zero = emit.scalar(0, index);
    const column = emit.node("Unsqueeze", [emit.node("Max", [targets!, zero]), last]);
    const chosen = emit.node("GatherElements", [logits, column], { axis: { int: 1 } });
    let likely = emit.node("Squeeze", [chosen, last]);
    if (labelSmoothing > 0) {
      // The mean over all classes of x Wᵀ is x by the mean of W's rows.
      const mean = emit.node("ReduceMean", [weight!, emit.integers([0])], { keepdims: { int: 1 } });
      const shift = bias && emit.node("ReduceMean", [bias, emit.integers([0])], { keepdims: { int: 1 } });
      const average = emit.node("Gemm", [x!, mean, ...(shift === undefined ? [] : [shift])], { transB: { int: 1 } });
      likely = emit.node("Add", [
        emit.node("Mul", [likely, emit.scalar(1 - labelSmoothing, dtype)]),
        emit.node("Mul", [emit.node("Squeeze", [average, last]), emit.scalar(labelSmoothing, dtype)]),
      ]);
    }
    const real = castTo(emit, emit.node("GreaterOrEqual", [targets!, zero]), dtype);
    return [emit.node("Mul", [emit.node("Sub", [logSum, likely]), real]), probabilities];
  },
});
