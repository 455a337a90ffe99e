/**
 * The order in which nodes are written. It decides how much memory a training step takes: what is computed long before
 * it is needed has to be kept.
 *
 * ONNX Runtime executes nodes in an order of its own (Graph::ReverseDFSFrom): starting from the results that nobody
 * reads, the one written last first, it computes what each depends on, and of several operands the one written last
 * first. So nodes are written by depth, the longest way from an input. Then a gradient that comes down from the loss
 * (deep) is finished before the helpers that its next step takes from the forward pass (shallow). Final results stand at
 * the end, the shallowest last: a layer's weight gradients are computed before the backward pass goes on to the layer
 * below, and free what they read.
 */
import type { Message } from "./messages.ts";

type Node = Message<"Node">;

/** The same nodes, with transposed matrices taken into their products, in an order that needs little memory. */
export function schedule(given: readonly Node[], outputs: ReadonlySet<string>): Node[] {
  const nodes = withoutTransposes(given, outputs);
  const depths = new Map<string, number>();
  const read = new Set(nodes.flatMap(({ inputs = [] }) => inputs));
  const entries = nodes.map((node) => {
    const depth = 1 + (node.inputs ?? []).reduce((most, name) => Math.max(most, depths.get(name) ?? 0), 0);
    for (const name of node.outputs!) depths.set(name, depth);
    return { node, depth, last: !node.outputs!.some((name) => read.has(name)) };
  });
  const inner = entries.filter(({ last }) => !last).sort((a, b) => a.depth - b.depth);
  const final = entries.filter(({ last }) => last).sort((a, b) => b.depth - a.depth);
  return [...inner, ...final].map(({ node }) => node);
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
