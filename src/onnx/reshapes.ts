/** Fewer views: a step of one row spends a quarter of its time on nodes that only say how memory is seen. */
import type { Message } from "./messages.ts";

type Node = Message<"Node">;

/** Functions of one element each, which do not care how their operand is seen. */
const ELEMENTWISE: ReadonlySet<string> = new Set(["Relu", "Gelu", "Tanh", "Sigmoid", "Erf", "Exp", "Sqrt", "Neg"]);

/**
 * The same results with fewer nodes: a Reshape of a Reshape sees what the first one saw; an element-wise function of a
 * Reshape that nobody else reads comes before it, so that it stands behind the product that it belongs to, and two
 * Reshapes meet. What nobody reads any more is left out. Nodes stand behind those that they read, before and after.
 */
export function withoutRepeatedReshapes(nodes: readonly Node[], outputs: ReadonlySet<string>): Node[] {
  const readers = new Map<string, number>();
  for (const name of nodes.flatMap(({ inputs = [] }) => inputs)) readers.set(name, (readers.get(name) ?? 0) + 1);
  const reshapes = new Map<string, Node>();
  const result: Node[] = [];
  const add = (node: Node): void => {
    result.push(node);
    // With a flag it is no view but an order of execution (the op `after`).
    if (node.type === "Reshape" && !node.attributes?.length) reshapes.set(node.outputs![0]!, node);
  };
  for (const node of nodes) {
    const [operand, ...rest] = node.inputs ?? [];
    const before = operand === undefined ? undefined : reshapes.get(operand);
    if (before === undefined) add(node);
    else if (node.type === "Reshape" && !node.attributes?.length) add({ ...node, inputs: [before.inputs![0]!, ...rest] });
    else if (ELEMENTWISE.has(node.type!) && readers.get(operand!) === 1 && !outputs.has(operand!)) {
      const [seen, shape] = before.inputs!;
      // The name of the view that nobody reads any more.
      add({ ...node, inputs: [seen!], outputs: [operand!] });
      reshapes.delete(operand!);
      add({ ...before, inputs: [operand!, shape!], outputs: node.outputs! });
      result.splice(result.indexOf(before), 1);
    } else add(node);
  }
  return reachable(result, outputs);
}

/** The nodes that an output depends on. */
function reachable(nodes: readonly Node[], outputs: ReadonlySet<string>): Node[] {
  const read = new Set(outputs);
  const kept: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs!.some((name) => read.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs ?? []) read.add(name);
  }
  return kept.reverse();
}
