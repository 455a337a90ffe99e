/** Softmax, its logarithm, cross-entropy, LayerNorm and RMSNorm. */
import { modelError } from "../calling-line.ts";
import { sameDimension, sameShape, showShape, type Dimension } from "../dimensions.ts";
import { defineOp, type TensorType } from "../op.ts";
import { commonDtype, requireDtype, showType } from "../shapes.ts";
import { castTo } from "./elementwise.ts";

const floats = ["float32", "float16", "bfloat16"] as const;

/** exp x over its sum along an axis, computed without overflow. */
export const softmax = defineOp<{ axis: number }>({
  name: "softmax",
  infer: ([x]) => {
    requireDtype("softmax", x!, ...floats);
    return [x!];
  },
  gradient: ({ outputs: [y], gradients: [g], attributes: { axis } }) => {
    const weighted = g!.mul(y!);
    return [weighted.sub(y!.mul(weighted.sum(axis, { keep: true })))];
  },
  lower: (emit, { inputs, attributes }) => [emit.node("Softmax", inputs, { axis: { int: attributes.axis } })],
});

/** The logarithm of softmax. */
export const logSoftmax = defineOp<{ axis: number }>({
  name: "logSoftmax",
  infer: ([x]) => {
    requireDtype("logSoftmax", x!, ...floats);
    return [x!];
  },
  gradient: ({ outputs: [y], gradients: [g], attributes: { axis } }) => [
    g!.sub(y!.exp().mul(g!.sum(axis, { keep: true }))),
  ],
  lower: (emit, { inputs, attributes }) => [emit.node("LogSoftmax", inputs, { axis: { int: attributes.axis } })],
});

/**
 * Cross-entropy in nats of each row: logits [N, V] and targets [N] to losses [N] and, as a second output, the
 * log-probabilities [N, V]. A negative target (padding: −100) has loss 0. With label smoothing ε the target
 * distribution is 1 − ε on the target plus ε spread over all V classes (Szegedy et al. 2016, section 7; Vaswani et
 * al. 2017, section 5.4).
 */
export const crossEntropy = defineOp<{ labelSmoothing: number }>({
  name: "crossEntropy",
  infer: ([logits, targets]) => {
    requireDtype("crossEntropy", logits!, ...floats);
    requireDtype("crossEntropy", targets!, "int32", "int64");
    if (logits!.shape.length !== 2 || !sameShape(targets!.shape, [logits!.shape[0]!])) {
      throw modelError(
        `crossEntropy: logits ${showType(logits!)} and targets ${showType(targets!)}; expected [N, V] and [N].`,
      );
    }
    return [{ dtype: logits!.dtype, shape: [logits!.shape[0]!] }, logits!];
  },
  gradient: ({ inputs: [, targets], outputs: [, logProbabilities], gradients: [g, gLog], attributes }) => {
    const { labelSmoothing } = attributes;
    const probabilities = logProbabilities!.exp();
    const byLog = gLog?.sub(probabilities.mul(gLog.sum(-1, { keep: true })));
    if (g === undefined) return [byLog, undefined];
    const real = targets!.greaterOrEqual(0).cast(g.dtype);
    const weight = g.mul(real).unsqueeze(-1);
    const classes = logProbabilities!.shape[1]!;
    const spread =
      labelSmoothing === 0 ? probabilities : probabilities.sub(probabilities.sizeValue(classes).rdiv(labelSmoothing));
    const byLoss = spread.mul(weight).addAt(targets!.maximum(0).unsqueeze(-1), weight.scale(labelSmoothing - 1));
    return [byLog === undefined ? byLoss : byLoss.add(byLog), undefined];
  },
  lower: (emit, { inputs: [logits, targets], inputTypes, attributes: { labelSmoothing } }) => {
    const [{ dtype }, { dtype: index }] = inputTypes as [TensorType, TensorType];
    const logProbabilities = emit.node("LogSoftmax", [logits!], { axis: { int: -1 } });
    const zero = emit.scalar(0, index);
    const column = emit.node("Unsqueeze", [emit.node("Max", [targets!, zero]), emit.integers([1])]);
    const last = emit.integers([1]);
    const chosen = emit.node("Squeeze", [
      emit.node("GatherElements", [logProbabilities, column], { axis: { int: 1 } }),
      last,
    ]);
    let likelihood = chosen;
    if (labelSmoothing > 0) {
      const average = emit.node("ReduceMean", [logProbabilities, last], { keepdims: { int: 0 } });
      likelihood = emit.node("Add", [
        emit.node("Mul", [chosen, emit.scalar(1 - labelSmoothing, dtype)]),
        emit.node("Mul", [average, emit.scalar(labelSmoothing, dtype)]),
      ]);
    }
    const real = castTo(emit, emit.node("GreaterOrEqual", [targets!, zero]), dtype);
    return [emit.node("Neg", [emit.node("Mul", [likelihood, real])]), logProbabilities];
  },
});

function requireNorm(name: string, inputs: readonly TensorType[]): Dimension {
  const [x, ...parameters] = inputs;
  commonDtype(name, inputs);
  requireDtype(name, x!, ...floats);
  const width = x!.shape.at(-1);
  for (const parameter of parameters) {
    if (width === undefined || parameter.shape.length !== 1 || !sameDimension(parameter.shape[0]!, width)) {
      throw modelError(
        `${name}: x ${showType(x!)} and a parameter ${showType(parameter)}; expected ${showShape([width ?? 1])}.`,
      );
    }
  }
  return width!;
}

/**
 * LayerNorm over the last axis (Ba et al. 2016): (x − μ) / √(σ² + ε) · weight + bias. Further outputs: the mean and
 * the inverse deviation, [..., 1], which the gradient uses again.
 */
export const layerNorm = defineOp<{ epsilon: number }>({
  name: "layerNorm",
  infer: (inputs) => {
    requireNorm("layerNorm", inputs);
    const statistics = { dtype: inputs[0]!.dtype, shape: [...inputs[0]!.shape.slice(0, -1), 1] };
    return [inputs[0]!, statistics, statistics];
  },
  gradient: ({ inputs: [x, weight, bias], outputs: [, mean, inverse], gradients: [g, gMean, gInverse] }) => {
    const normalized = x!.sub(mean!).mul(inverse!);
    const width = x!.sizeValue(x!.shape.at(-1)!);
    const parts = [];
    if (g !== undefined) {
      const scaled = g.mul(weight!);
      const projected = scaled.mul(normalized).mean(-1, { keep: true });
      parts.push(
        scaled
          .sub(scaled.mean(-1, { keep: true }))
          .sub(normalized.mul(projected))
          .mul(inverse!),
      );
    }
    if (gMean !== undefined) parts.push(gMean.div(width).expand(x!.shape));
    if (gInverse !== undefined) parts.push(gInverse.mul(inverse!).mul(inverse!).mul(normalized).div(width).neg());
    const byX = parts.reduce((sum, part) => sum.add(part));
    const byParameters = g && [g.mul(normalized).sumTo(weight!.shape), ...(bias ? [g.sumTo(bias.shape)] : [])];
    return [byX, ...(byParameters ?? [undefined, ...(bias ? [undefined] : [])])];
  },
  lower: (emit, { inputs, attributes: { epsilon } }) =>
    emit.nodes("LayerNormalization", inputs, 3, { axis: { int: -1 }, epsilon: { float: epsilon } }),
});

/**
 * RMSNorm over the last axis (Zhang and Sennrich 2019): x / √(mean(x²) + ε) · weight. A second output is the inverse
 * root mean square, [..., 1].
 */
export const rmsNorm = defineOp<{ epsilon: number }>({
  name: "rmsNorm",
  infer: (inputs) => {
    requireNorm("rmsNorm", inputs);
    return [inputs[0]!, { dtype: inputs[0]!.dtype, shape: [...inputs[0]!.shape.slice(0, -1), 1] }];
  },
  gradient: ({ inputs: [x, weight], outputs: [, inverse], gradients: [g, gInverse] }) => {
    const normalized = x!.mul(inverse!);
    const width = x!.sizeValue(x!.shape.at(-1)!);
    const parts = [];
    if (g !== undefined) {
      const scaled = g.mul(weight!);
      parts.push(scaled.sub(normalized.mul(scaled.mul(normalized).mean(-1, { keep: true }))).mul(inverse!));
    }
    if (gInverse !== undefined) parts.push(gInverse.mul(inverse!).mul(inverse!).mul(normalized).div(width).neg());
    return [parts.reduce((sum, part) => sum.add(part)), g?.mul(normalized).sumTo(weight!.shape)];
  },
  lower: (emit, { inputs: [x, weight], inputTypes, attributes: { epsilon } }) => {
    const square = emit.node("ReduceMean", [emit.node("Mul", [x!, x!]), emit.integers([-1])], { keepdims: { int: 1 } });
    const root = emit.node("Sqrt", [emit.node("Add", [square, emit.scalar(epsilon, inputTypes[0]!.dtype)])]);
    const inverse = emit.node("Reciprocal", [root]);
    return [emit.node("Mul", [emit.node("Mul", [x!, inverse]), weight!]), inverse];
  },
});
