/** A graph with other tensors in some places: for questions of the kind "what if". */
import { rewrite, type RewriteRule } from "./rewrite.ts";
import { applyAll, type Tensor } from "./tensor.ts";

/**
 * The same outputs, where each tensor of `changes` is what its function makes of it, and all that is computed from it is
 * computed from that. The function sees the tensor as the other changes have left it, and is called once, in the order
 * in which the graph computes. Further rules hold for the nodes that nothing replaces.
 */
export function replaced(
  outputs: readonly Tensor[],
  changes: ReadonlyMap<Tensor, (tensor: Tensor) => Tensor>,
  rules: readonly RewriteRule[] = [],
): Tensor[] {
  const change: RewriteRule = {
    name: "replaced",
    apply: (node, { now }) => {
      if (!node.outputs.some((output) => changes.has(output))) return undefined;
      const inputs = node.inputs.map(now);
      const same = inputs.every((input, i) => input === node.inputs[i]);
      const rebuilt = same ? node.outputs : applyAll(node.op, inputs, node.attributes as never);
      return rebuilt.map((output, i) => changes.get(node.outputs[i]!)?.(output) ?? output);
    },
  };
  return rewrite(outputs, [change, ...rules]);
}
