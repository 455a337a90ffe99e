/**
 * The order in which nodes are written. It decides how much memory a training step takes: what is computed long before
 * it is needed has to be kept.
 *
 * ONNX Runtime executes nodes in an order of its own (Graph::ReverseDFSFrom): starting from the results that nobody
 * reads, the one written last first, it computes what each depends on, and of several operands the one written last
 * first. So final results stand at the end, and the one that can be had soonest is the last: a layer's weight gradients
 * are computed before the backward pass goes on to the layer below, and free what they read.
 */
import type { Message } from "./messages.ts";

type Node = Message<"Node">;

/** The same nodes, with transposed matrices taken into their products, in an order that needs little memory. */
export function schedule(given: readonly Node[], outputs: ReadonlySet<string>): Node[] {
  const nodes = withoutTransposes(given, outputs);
  const finals = finalsOf(nodes);
  const makers = new Map(nodes.flatMap((node) => node.outputs!.map((name) => [name, node] as const)));
  // The longest way from an input, in nodes.
  const depths = new Map<Node, number>();
  // How deep lies what a final result shares with others: its own last steps (a mean, a sum over rows) do not count.
  const ready = new Map<Node, number>();
  for (const node of nodes) {
    const operands = (node.inputs ?? []).flatMap((name) => makers.get(name) ?? []);
    depths.set(node, 1 + Math.max(0, ...operands.map((operand) => depths.get(operand)!)));
    const final = finals.get(node);
    if (final === undefined) continue;
    const shared = operands.filter((operand) => finals.get(operand) !== final);
    ready.set(final, Math.max(ready.get(final) ?? 0, ...shared.map((operand) => depths.get(operand)!)));
  }
  const inner = nodes.filter((node) => finals.get(node) !== node);
  // Of equals the first is executed first: the loss before the gradients.
  const last = nodes.filter((node) => finals.get(node) === node).reverse();
  return [...inner, ...last.sort((a, b) => ready.get(b)! - ready.get(a)!)];
}

/** The final result that a node alone leads to; nodes that lead to several have none. */
function finalsOf(nodes: readonly Node[]): Map<Node, Node | undefined> {
  const finals = new Map<Node, Node | undefined>();
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of node.inputs ?? []) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [node]);
      else list.push(node);
    }
  }
  for (const node of nodes.toReversed()) {
    const reached = new Set(
      node.outputs!.flatMap((name) => readers.get(name) ?? []).map((reader) => finals.get(reader)),
    );
    finals.set(node, reached.size === 0 ? node : reached.size === 1 ? [...reached][0] : undefined);
  }
  return finals;
}

/**
 * Gemm reads transposed matrices where they lie. ONNX Runtime would find that out, too, but number the fused nodes
 * anew, and with them the order of execution.
 */
function withoutTransposes(nodes: readonly Node[], outputs: ReadonlySet<string>): Node[] {
  const transposed = new Map<string, string>();
  for (const { type, inputs, outputs: [output] = [], attributes = [] } of nodes) {
    if (type === "Transpose" && attributes[0]?.ints?.join() === "1,0") transposed.set(output!, inputs![0]!);
  }
  const products = nodes.map((node) => (node.type === "Gemm" ? withFlags(node, transposed) : node));
  const read = new Set([...outputs, ...products.flatMap(({ inputs = [] }) => inputs)]);
  return products.filter(({ outputs: made = [] }) => !transposed.has(made[0]!) || read.has(made[0]!));
}

function withFlags(node: Node, transposed: ReadonlyMap<string, string>): Node {
  const inputs = [...node.inputs!];
  const flags = { transA: false, transB: false };
  for (const [i, flag] of (["transA", "transB"] as const).entries()) {
    flags[flag] = node.attributes!.some(({ name, int }) => name === flag && int === 1);
    const original = transposed.get(inputs[i]!);
    if (original === undefined) continue;
    inputs[i] = original;
    flags[flag] = !flags[flag];
  }
  const others = node.attributes!.filter(({ name }) => name !== "transA" && name !== "transB");
  const set = Object.entries(flags).filter(([, on]) => on);
  return { ...node, inputs, attributes: [...others, ...set.map(([name]) => ({ name, int: 1, type: 2 }))] };
}
