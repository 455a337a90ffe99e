/** Rewrites that make programs of few rows cheap, where a node costs 2 to 4 µs whatever it computes. */
import { sameDimension, sameShape, sizeOf, type Shape } from "./dimensions.ts";
import type { RewriteRule } from "./rewrite.ts";
import { applyAll, type Tensor } from "./tensor.ts";

/** What a view over rows sees, [..., D], where the last axis is the same. */
function seenRows(tensor: Tensor): Tensor | undefined {
  if (tensor.node.op.name !== "reshape") return undefined;
  const seen = tensor.node.inputs[0]!;
  return seen.shape.length === 2 && sameDimension(seen.shape[1]!, tensor.shape.at(-1)!) ? seen : undefined;
}

const rowsOf = (shape: Shape): Shape => [sizeOf(shape.slice(0, -1)), shape.at(-1)!];

/** A view of a view sees what the first one saw. */
export const viewOfView: RewriteRule = {
  name: "view of view",
  apply: ({ op, inputs, outputs }, { now }) => {
    const x = now(inputs[0] ?? outputs[0]!);
    if (op.name !== "reshape" || x.node.op.name !== "reshape") return undefined;
    return [x.reshape(outputs[0]!.shape)];
  },
};

/** A product of [..., in] with a matrix is one of rows [R, in], seen as [..., out] afterwards. */
export const productOfRows: RewriteRule = {
  name: "product of rows",
  apply: ({ op, inputs, outputs, attributes }, { now }) => {
    const { shape } = outputs[0]!;
    if (op.name !== "linear" || shape.length < 3) return undefined;
    const [x, ...others] = inputs.map(now) as [Tensor, ...Tensor[]];
    const product = applyAll(op, [x.reshape(rowsOf(x.shape)), ...others], attributes as never);
    return [product[0]!.reshape(shape)];
  },
};

/** A sum of equal shapes, one of them a view over rows, is one of rows: the residual stream stays [R, D]. */
export const sumOfRows: RewriteRule = {
  name: "sum of rows",
  apply: ({ op, inputs, outputs, attributes }, { now }) => {
    if (op.name !== "add") return undefined;
    const operands = inputs.map(now);
    const rows = operands.map(seenRows).find((seen) => seen !== undefined);
    const { shape } = outputs[0]!;
    if (rows === undefined || !operands.every((operand) => sameShape(operand.shape, shape))) return undefined;
    const [sum] = applyAll(
      op,
      operands.map((operand) => operand.reshape(rows.shape)),
      attributes as never,
    );
    return [sum!.reshape(shape)];
  },
};

/** A sum with a single 0, the mask of what hides nothing, is the other operand. */
export const sumWithNothing: RewriteRule = {
  name: "sum with nothing",
  apply: ({ op, inputs: [x, other], outputs }, { now }) => {
    if (op.name !== "add" || other!.node.op.name !== "constant") return undefined;
    const { values } = other!.node.attributes as { values: ArrayLike<number> };
    const nothing = values.length === 1 && values[0] === 0 && sameShape(x!.shape, outputs[0]!.shape);
    return nothing ? [now(x!)] : undefined;
  },
};

/** Norms of a view over rows are norms of the rows. */
export const normOfRows: RewriteRule = {
  name: "norm of rows",
  apply: ({ op, inputs, outputs, attributes }, { now }) => {
    if (op.name !== "layerNorm" && op.name !== "rmsNorm") return undefined;
    const [x, ...parameters] = inputs.map(now) as [Tensor, ...Tensor[]];
    const rows = seenRows(x);
    if (rows === undefined) return undefined;
    const normalized = applyAll(op, [rows, ...parameters], attributes as never);
    return normalized.map((output, i) => output.reshape(outputs[i]!.shape));
  },
};

/** All of them, in the order in which they are tried. */
export const rowRules: readonly RewriteRule[] = [viewOfView, productOfRows, sumWithNothing, sumOfRows, normOfRows];
