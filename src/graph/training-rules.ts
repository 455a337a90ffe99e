/** Rewrites that make a training step cheap, for any engine. docs/benchmarks.md has what each of them gave. */
import { concat } from "./build.ts";
import { addDimensions, floorDivideDimension, multiplyDimensions, type Dimension } from "./dimensions.ts";
import type { Node } from "./op.ts";
import { linearCrossEntropy } from "./ops/linear-cross-entropy.ts";
import type { RewriteContext, RewriteRule } from "./rewrite.ts";
import { apply, type Tensor } from "./tensor.ts";

/** The node that makes a tensor, through reshapes and only where nobody else reads what lies between. */
function makerOf(tensor: Tensor, { users }: RewriteContext): Node | undefined {
  if (users(tensor) !== 1) return undefined;
  if (tensor.node.op.name === "reshape") return makerOf(tensor.node.inputs[0]!, { users } as RewriteContext);
  return tensor.node;
}

/** Below this many classes the logits are no burden. */
const MANY_CLASSES = 2048;
/**
 * Rows are worked through in parts, so that a part's logits are used again while they are in the cache. Each part adds
 * to the gradient of the weight, which costs more the wider it is.
 */
const partsFor = (width: Dimension): number =>
  typeof width === "number" ? Math.max(1, Math.min(8, Math.floor(1024 / width))) : 1;

/** A target that counts for nothing. Rows with it fill up every part: engines disagree about products of no rows. */
const NO_TARGET = -1;

/** crossEntropy(x Wᵀ + b) becomes one op, over a part of the rows at a time. The logits must serve nothing else. */
export const lossWithLogits: RewriteRule = {
  name: "loss with logits",
  apply: (node, context) => {
    if (node.op.name !== "crossEntropy" || context.users(node.outputs[1]!) > 0) return undefined;
    const [logits, targets] = node.inputs as [Tensor, Tensor];
    const maker = makerOf(logits, context);
    if (maker?.op.name !== "linear" || (maker.attributes as { layout: string }).layout !== "out-in") return undefined;
    const [x, weight, bias] = maker.inputs.map(context.now) as [Tensor, Tensor, Tensor | undefined];
    const classes = weight.shape[0]!;
    if (typeof classes !== "number" || classes < MANY_CLASSES) return undefined;
    const count = logits.shape[0]!;
    const parts = partsFor(weight.shape[1]!);
    const filled = addDimensions(count, parts - 1);
    const rows = x.reshape([count, x.dim(-1)]).pad(0, 0, parts - 1, 0);
    const labels = context.now(targets).pad(0, 0, parts - 1, NO_TARGET);
    const ends = endsOf(filled, parts);
    const losses = ends.map((end, i) => {
      const part = (whole: Tensor): Tensor => whole.slice(0, ends[i - 1] ?? 0, end);
      const operands = [part(rows), weight, part(labels), ...(bias === undefined ? [] : [bias])];
      return apply(linearCrossEntropy, operands, node.attributes as { labelSmoothing: number });
    });
    return [losses.length === 1 ? losses[0]! : concat(losses, 0).slice(0, 0, count)];
  },
};

const endsOf = (rows: Dimension, parts: number): Dimension[] =>
  Array.from({ length: parts }, (_, i) =>
    i === parts - 1 ? rows : floorDivideDimension(multiplyDimensions(rows, i + 1), parts),
  );

/** All of them, in the order in which they are tried. */
export const trainingRules: readonly RewriteRule[] = [lossWithLogits];
