/**
 * Activation checkpointing (Chen, Xu, Zhang and Guestrin: "Training deep nets with sublinear memory cost", 2016): the
 * backward pass computes inner results of the forward pass a second time instead of keeping them. Checkpoints cut the
 * forward pass into segments. What a gradient rule reads from a segment is computed anew from the segment's ends, and
 * not before the gradient has arrived there.
 */
import type { Node } from "./op.ts";
import { applyAll, type Tensor } from "./tensor.ts";

/** A node as its gradient rule sees it. */
export type Seen = Pick<Node, "inputs" | "outputs">;

/** Which nodes are computed a second time, and their copies. */
export class Recomputation {
  readonly #checkpoints: ReadonlySet<Tensor>;
  /** The checkpoint that a node leads to and that ends its segment; absent for what is kept. */
  readonly #ends = new Map<Node, Tensor>();
  readonly #copies = new Map<Node, readonly Tensor[]>();
  /** Ends of segments that wait for the gradient, by segment. */
  readonly #waiting = new Map<Tensor, Map<Tensor, Tensor>>();

  /** `order`: all nodes, operands first. */
  constructor(order: readonly Node[], checkpoints: readonly Tensor[]) {
    this.#checkpoints = new Set(checkpoints);
    if (checkpoints.length === 0) return;
    const fed = new Set<Node>();
    for (const node of order) {
      if (node.op.name === "input" || node.inputs.some((operand) => fed.has(operand.node))) fed.add(node);
    }
    const ends = new Map<Node, Set<Tensor | undefined>>();
    for (const node of order.toReversed()) {
      const own = node.outputs.find((output) => this.#checkpoints.has(output));
      const reached = ends.get(node);
      // What several segments read, or what follows the last checkpoint, is kept.
      const end = own ?? (reached?.size === 1 ? [...reached][0] : undefined);
      if (end !== undefined && node.inputs.length > 0 && fed.has(node)) this.#ends.set(node, end);
      for (const { node: operand } of node.inputs) {
        const set = ends.get(operand);
        if (set === undefined) ends.set(operand, new Set([end]));
        else set.add(end);
      }
    }
  }

  /** The operands and results that the rule of a node reads; `flowing` holds the gradients so far. */
  seen(node: Node, flowing: ReadonlyMap<Tensor, Tensor>): Seen {
    const end = this.#ends.get(node);
    const signal = end && flowing.get(end);
    if (end === undefined || signal === undefined) return node;
    const copy = (tensor: Tensor): Tensor => this.#copy(tensor, end, signal);
    return {
      inputs: node.inputs.map(copy),
      outputs: node.outputs.map((output) => (output === end ? end : copy(output))),
    };
  }

  #copy(tensor: Tensor, end: Tensor, signal: Tensor): Tensor {
    if (tensor !== end && this.#checkpoints.has(tensor)) return this.#after(tensor, end, signal);
    if (this.#ends.get(tensor.node) !== end) return tensor;
    // Operands first, without recursion: a segment may be long.
    const stack = [tensor.node];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      const missing = node.inputs.filter((operand) => this.#isMissing(operand, end)).map((operand) => operand.node);
      if (missing.length > 0) stack.push(...missing);
      else {
        stack.pop();
        if (!this.#copies.has(node)) this.#copies.set(node, this.#again(node, end, signal));
      }
    }
    return this.#copies.get(tensor.node)![tensor.index]!;
  }

  #isMissing(operand: Tensor, end: Tensor): boolean {
    return !this.#checkpoints.has(operand) && this.#ends.get(operand.node) === end && !this.#copies.has(operand.node);
  }

  #again(node: Node, end: Tensor, signal: Tensor): readonly Tensor[] {
    const inputs = node.inputs.map((operand) => {
      if (this.#checkpoints.has(operand)) return this.#after(operand, end, signal);
      return this.#ends.get(operand.node) === end ? this.#copies.get(operand.node)![operand.index]! : operand;
    });
    // A copy that reads nothing new would be the node itself again, and be kept.
    const isNew = inputs.some((operand, i) => operand !== node.inputs[i]);
    if (!isNew) inputs[0] = this.#after(inputs[0]!, end, signal);
    return applyAll(node.op, inputs, node.attributes as never);
  }

  #after(tensor: Tensor, end: Tensor, signal: Tensor): Tensor {
    let segment = this.#waiting.get(end);
    if (segment === undefined) this.#waiting.set(end, (segment = new Map<Tensor, Tensor>()));
    let waiting = segment.get(tensor);
    if (waiting === undefined) segment.set(tensor, (waiting = tensor.after(signal)));
    return waiting;
  }
}
