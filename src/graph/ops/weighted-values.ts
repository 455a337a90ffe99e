/** Softmax and the product behind it as one, so that the gradient takes few passes over the weights. */
import { modelError } from "../calling-line.ts";
import { broadcastShapes, sameDimension, sameShape } from "../dimensions.ts";
import { defineOp } from "../op.ts";
import { commonDtype, showType } from "../shapes.ts";

/**
 * softmax(scores) · values, the end of attention: scores [..., T, S] and values [..., S, K] to [..., T, K], and as a
 * second output the weights [..., T, S]. A third operand, factors [..., T, S], multiplies the weights (dropout).
 *
 * The gradient of softmax needs Σ_s weight · slope for each row. That is Σ_k context · gradient, a sum over the small
 * [..., T, K] (Dao, Fu, Ermon, Rudra and Ré: FlashAttention, 2022, appendix B.2).
 */
export const weightedValues = defineOp({
  name: "weightedValues",
  infer: (inputs) => {
    const [scores, values, factors] = inputs;
    const front = broadcastShapes(scores!.shape.slice(0, -2), values!.shape.slice(0, -2));
    const fits =
      scores!.shape.length >= 2 &&
      values!.shape.length >= 2 &&
      sameDimension(scores!.shape.at(-1)!, values!.shape.at(-2)!) &&
      front !== undefined &&
      sameShape(front, scores!.shape.slice(0, -2)) &&
      (factors === undefined || sameShape(factors.shape, scores!.shape));
    if (!fits) {
      throw modelError(
        `weightedValues: scores ${showType(scores!)}, values ${showType(values!)}` +
          `${factors ? `, factors ${showType(factors)}` : ""}; expected [..., T, S], [..., S, K]` +
          `${factors ? " and the shape of the scores" : ""}.`,
      );
    }
    const dtype = commonDtype("weightedValues", inputs);
    return [{ dtype, shape: [...front, scores!.shape.at(-2)!, values!.shape.at(-1)!] }, scores!];
  },
  gradient: ({ inputs: [, values, factors], outputs: [context, weights], gradients: [g, gWeights] }) => {
    const parts = [];
    let [byValues, byFactors] = [undefined as typeof g, undefined as typeof g];
    if (g !== undefined) {
      const slopes = g.matmul(values!.swap(-1, -2));
      const kept = factors === undefined ? slopes : slopes.mul(factors);
      const used = factors === undefined ? weights! : weights!.mul(factors);
      parts.push(weights!.mul(kept.sub(context!.mul(g).sum(-1, { keep: true }))));
      byValues = used.swap(-1, -2).matmul(g).sumTo(values!.shape);
      byFactors = factors && slopes.mul(weights!);
    }
    if (gWeights !== undefined) {
      const weighted = gWeights.mul(weights!);
      parts.push(weighted.sub(weights!.mul(weighted.sum(-1, { keep: true }))));
    }
    const byScores = parts.reduce((sum, part) => sum.add(part));
    return [byScores, byValues, ...(factors === undefined ? [] : [byFactors])];
  },
  lower: (emit, { inputs: [scores, values, factors] }) => {
    const weights = emit.node("Softmax", [scores!], { axis: { int: -1 } });
    const used = factors === undefined ? weights : emit.node("Mul", [weights, factors]);
    return [emit.node("MatMul", [used, values!]), weights];
  },
});
