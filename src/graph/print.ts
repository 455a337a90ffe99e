/** The graph as text, one node a line, and the verifier that checks it between stages. */
import { GraphError } from "../errors/index.ts";
import { showShape } from "./dimensions.ts";
import { nodesOf } from "./gradients.ts";
import type { Node } from "./op.ts";
import { showType } from "./shapes.ts";
import type { Tensor } from "./tensor.ts";

/** The graph behind named outputs as text: `name: dtype[shape] = op(inputs) {attributes}`, operands first. */
export function printGraph(outputs: Readonly<Record<string, Tensor>>): string {
  const names = new Map<Tensor, string>();
  const lines: string[] = [];
  for (const node of nodesOf(Object.values(outputs))) {
    for (const output of node.outputs) {
      const isInput = node.op.name === "input";
      names.set(output, isInput ? `$${(node.attributes as { name: string }).name}` : `%${names.size}`);
    }
    const left = node.outputs.map((output) => `${names.get(output)!}: ${showType(output)}`).join(", ");
    const operands = node.inputs.map((operand) => names.get(operand)!).join(", ");
    lines.push(`${left} = ${node.op.name}(${operands})${showAttributes(node)}`);
  }
  for (const [name, tensor] of Object.entries(outputs)) lines.push(`return ${name} = ${names.get(tensor)!}`);
  return lines.join("\n");
}

function showAttributes(node: Node): string {
  if (node.op.name === "input") return "";
  const entries = Object.entries(node.attributes).filter(([key]) => key !== "dtype");
  if (entries.length === 0) return "";
  return ` {${entries.map(([key, value]) => `${key}: ${showAttribute(value)}`).join(", ")}}`;
}

function showAttribute(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "key" in value) return String(value.key);
  const list = Array.from(value as ArrayLike<number>);
  return list.length > 8 ? `${list.length} values` : showShape(list);
}

/**
 * Checks every node again: operands exist before they are used, and shapes and dtypes are what the rule of the op
 * says. Throws GraphError that names the node.
 */
export function verifyGraph(outputs: Readonly<Record<string, Tensor>>): void {
  const seen = new Set<Tensor>();
  for (const node of nodesOf(Object.values(outputs))) {
    const where = `${node.op.name}(${node.inputs.map(showType).join(", ")})`;
    if (node.inputs.some((operand) => !seen.has(operand))) {
      throw new GraphError(`The graph is not in order: an operand of ${where} comes after it.`);
    }
    const types = node.op.infer(node.inputs, node.attributes as never);
    if (types.map(showType).join() !== node.outputs.map(showType).join()) {
      throw new GraphError(
        `The graph says ${where} gives ${node.outputs.map(showType).join(", ")}, ` +
          `its rule says ${types.map(showType).join(", ")}.`,
      );
    }
    for (const output of node.outputs) seen.add(output);
  }
}
