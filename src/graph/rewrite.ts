/** Rewrites of a traced graph: rules that replace what a model function wrote by what computes the same for less. */
import { labeled } from "./label.ts";
import { nodesOf } from "./gradients.ts";
import type { Node } from "./op.ts";
import { applyAll, type Tensor } from "./tensor.ts";

/** What a rule may ask while it looks at a node of the graph as it was. */
export interface RewriteContext {
  /** What a tensor of the graph as it was has become. */
  readonly now: (tensor: Tensor) => Tensor;
  /** How many operands and outputs of the graph are this tensor. */
  readonly users: (tensor: Tensor) => number;
}

/** One rewrite: its name, and the new outputs of a node, or undefined where it does not apply. */
export interface RewriteRule {
  readonly name: string;
  readonly apply: (node: Node, context: RewriteContext) => readonly Tensor[] | undefined;
}

/**
 * The same outputs, computed as the rules say: each node is given to the rules in turn, and the first that applies
 * replaces it. Inputs of the graph stay the same tensors. Where nothing changes, nodes stay the same, too.
 */
export function rewrite(outputs: readonly Tensor[], rules: readonly RewriteRule[]): Tensor[] {
  const order = nodesOf(outputs);
  const uses = new Map<Tensor, number>();
  for (const tensor of [...order.flatMap(({ inputs }) => inputs), ...outputs]) {
    uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  const became = new Map<Tensor, Tensor>();
  const now = (tensor: Tensor): Tensor => became.get(tensor) ?? tensor;
  const context: RewriteContext = { now, users: (tensor) => uses.get(tensor) ?? 0 };
  for (const node of order) {
    labeled(node.label, () => {
      const replaced = firstOf(rules, node, context) ?? again(node, now);
      for (const [i, output] of node.outputs.entries()) if (replaced[i]) became.set(output, replaced[i]);
    });
  }
  return outputs.map(now);
}

function firstOf(rules: readonly RewriteRule[], node: Node, context: RewriteContext): readonly Tensor[] | undefined {
  for (const rule of rules) {
    const replaced = rule.apply(node, context);
    if (replaced !== undefined) return replaced;
  }
  return undefined;
}

function again(node: Node, now: (tensor: Tensor) => Tensor): readonly Tensor[] {
  const inputs = node.inputs.map(now);
  if (inputs.every((input, i) => input === node.inputs[i])) return node.outputs;
  return applyAll(node.op, inputs, node.attributes as never);
}
