/**
 * How much memory the results inside a program take at the worst moment, found by going through its nodes in the order
 * in which ONNX Runtime executes them: a result lives from the node that makes it to the last one that reads it.
 */
import { bytesPerElement } from "./data.ts";
import type { Program } from "./lower.ts";
import type { Message } from "./messages.ts";
import { productOf, sizedGraph, type Sized } from "./sizes.ts";

type Node = Message<"Node">;

/** The largest sum of living results, and where it is reached. */
export interface Peak {
  readonly bytes: number;
  /** The node whose execution takes most: the name of its first result. */
  readonly at: string;
}

/** Results that are their operand's memory, seen under another shape. */
const views: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/**
 * The peak of a program's inner results at the given sizes. Inputs and outputs are not in it: the caller owns them.
 * Throws GraphError for a size without a value.
 */
export function peakOf(program: Program, named: ReadonlyMap<string, number>): Peak {
  const { nodes, sizes } = sizedGraph(program, named);
  const order = executionOrder(nodes);
  const outside = new Set([...program.inputs, ...program.outputs].map(({ name }) => name));
  const made = new Set(nodes.flatMap(({ outputs = [] }) => outputs));
  // The name under which a result's memory is counted.
  const owner = new Map<string, string>();
  for (const { type, inputs = [], outputs = [] } of nodes) {
    const [first] = outputs;
    const viewed = views.has(type!) && !outside.has(first!);
    for (const name of outputs) owner.set(name, viewed ? (owner.get(inputs[0]!) ?? inputs[0]!) : name);
  }
  const readers = new Map<string, number>();
  const ownersOf = ({ inputs = [] }: Node): Set<string> => new Set(inputs.map((name) => owner.get(name) ?? name));
  for (const node of order) for (const name of ownersOf(node)) readers.set(name, (readers.get(name) ?? 0) + 1);
  const counts = (name: string): boolean => name !== "" && made.has(name) && !outside.has(name);
  let living = 0;
  let peak: Peak = { bytes: 0, at: "" };
  for (const node of order) {
    for (const name of node.outputs ?? [])
      if (counts(name) && owner.get(name) === name) living += bytesOf(sizes.get(name)!);
    if (living > peak.bytes) peak = { bytes: living, at: node.outputs![0]! };
    for (const name of ownersOf(node)) {
      const left = readers.get(name)! - 1;
      readers.set(name, left);
      if (left === 0 && counts(name)) living -= bytesOf(sizes.get(name)!);
    }
    for (const name of node.outputs ?? []) {
      if (counts(name) && owner.get(name) === name && !readers.has(name)) living -= bytesOf(sizes.get(name)!);
    }
  }
  return peak;
}

const bytesOf = ({ dtype, dims }: Sized): number => bytesPerElement(dtype) * productOf(dims);

/** The order that `schedule` speaks of: depth first from the last final result, the operand that was written last first. */
function executionOrder(nodes: readonly Node[]): Node[] {
  const maker = new Map<string, number>();
  for (const [i, { outputs = [] }] of nodes.entries()) for (const name of outputs) if (name !== "") maker.set(name, i);
  const read = new Set(nodes.flatMap(({ inputs = [] }) => inputs));
  const order: Node[] = [];
  const visited = new Set<number>();
  const stack: { index: number; done: boolean }[] = [];
  for (const [index, { outputs = [] }] of nodes.entries()) {
    if (!outputs.some((name) => read.has(name))) stack.push({ index, done: false });
  }
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { index, done } = top;
    if (done) order.push(nodes[index]!);
    if (done || visited.has(index)) continue;
    visited.add(index);
    stack.push({ index, done: true });
    const operands = (nodes[index]!.inputs ?? []).flatMap((name) => maker.get(name) ?? []);
    for (const operand of operands.sort((a, b) => a - b))
      if (!visited.has(operand)) stack.push({ index: operand, done: false });
  }
  return order;
}
