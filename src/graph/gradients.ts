/** Reverse-mode differentiation of a graph: the gradients are tensors of the same graph. */
import { GraphError } from "../errors/index.ts";
import { showShape } from "./dimensions.ts";
import { backwardOf, labeled } from "./label.ts";
import { isFloat, type Node } from "./op.ts";
import { Recomputation, type Seen } from "./recompute.ts";
import type { Tensor } from "./tensor.ts";
import { showType } from "./shapes.ts";

/** All nodes that the tensors depend on, operands before those who use them. */
export function nodesOf(tensors: readonly Tensor[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // An explicit stack: a deep model would overflow the call stack.
  const stack: { node: Node; next: number }[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const tensor of tensors) {
    visit(tensor.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const operand = top.node.inputs[top.next++];
      if (operand !== undefined) visit(operand.node);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}

/** How gradients are computed. */
export interface GradientOptions {
  /**
   * Results of the forward pass to keep. Others that lead to one of these are computed a second time by the backward
   * pass, which takes less memory and more time; the numbers are the same. Default: everything is kept.
   */
  readonly checkpoints?: readonly Tensor[];
}

/**
 * The gradients of `loss`, a single number, by each of `targets`; zeros where the loss does not depend on one.
 * Throws GraphError where the loss is not one number, or a path leads through an op that has no gradient.
 */
export function gradients(
  loss: Tensor,
  targets: readonly Tensor[],
  { checkpoints = [] }: GradientOptions = {},
): Tensor[] {
  if (loss.shape.length !== 0 || !isFloat(loss.dtype)) {
    throw new GraphError(`gradients: the loss is ${showType(loss)}, expected one number. Take a mean or a sum.`);
  }
  const order = nodesOf([loss]);
  const needed = nodesThatReach(order, targets);
  const recomputation = new Recomputation(order, checkpoints);
  const flowing = new Map<Tensor, Tensor>([[loss, loss.onesLike()]]);
  for (const node of order.reverse()) {
    // A target's own rule is not asked: nothing above it is wanted.
    if (!node.inputs.some((operand) => needed.has(operand.node))) continue;
    if (!node.outputs.some((output) => flowing.has(output))) continue;
    labeled(backwardOf(node.label), () => {
      for (const [operand, gradient] of operandGradients(node, recomputation.seen(node, flowing), flowing, needed)) {
        const before = flowing.get(operand);
        flowing.set(operand, before === undefined ? gradient : added(before, gradient));
      }
    });
  }
  return targets.map((target) => flowing.get(target) ?? target.zerosLike());
}

/**
 * The sum of two gradients of one tensor. A look-up's gradient is zero in most rows of a large table, so its rows are
 * added to the other gradient (of the logits, say, where both share a table) instead of being spread out first.
 */
function added(a: Tensor, b: Tensor): Tensor {
  const [other, spread] = isSpread(b) ? [a, b] : [b, a];
  if (!isSpread(spread)) return a.add(b);
  const [updates, indices] = spread.node.inputs;
  return updates!.scatterRows(indices!, spread.shape[0]!, other);
}

const isSpread = ({ node }: Tensor): boolean => node.op.name === "scatterRows" && node.inputs.length === 2;

/** The nodes with a target among their outputs or upstream: nothing else needs a gradient. */
function nodesThatReach(order: readonly Node[], targets: readonly Tensor[]): Set<Node> {
  const needed = new Set<Node>(targets.map((target) => target.node));
  for (const node of order) if (node.inputs.some((operand) => needed.has(operand.node))) needed.add(node);
  return needed;
}

function operandGradients(node: Node, seen: Seen, flowing: Map<Tensor, Tensor>, needed: Set<Node>): [Tensor, Tensor][] {
  const rule = node.op.gradient;
  if (typeof rule !== "function") {
    throw new GraphError(
      `gradients: the loss depends on ${node.op.name}(${node.inputs.map(showType).join(", ")}), ` +
        `which has no gradient: ${rule.notDifferentiable}. Put stopGradient() behind it if that is meant.`,
    );
  }
  const results = rule({
    inputs: seen.inputs,
    outputs: seen.outputs,
    gradients: node.outputs.map((output) => flowing.get(output)),
    attributes: node.attributes as never,
  });
  const pairs: [Tensor, Tensor][] = [];
  for (const [i, operand] of node.inputs.entries()) {
    const gradient = results[i];
    if (gradient === undefined || !needed.has(operand.node)) continue;
    if (showType(gradient) !== showType(operand)) {
      throw new GraphError(
        `The gradient rule of ${node.op.name} gave ${showType(gradient)} for an operand ${showType(operand)} ` +
          `of ${showShape(operand.shape)}. This is a defect of the rule.`,
      );
    }
    pairs.push([operand, gradient]);
  }
  return pairs;
}
