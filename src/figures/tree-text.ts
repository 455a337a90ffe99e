import { paint } from "./color.ts";
import { printable, truncate, visibleToken } from "./display-width.ts";
import type { TextOptions } from "./heat-grid-text.ts";
import { treeMarks, type Tree, type TreeNode } from "./tree.ts";

/** So many of what was given up at one place are named. */
const NAMED = 6;

/** A tree for a terminal, one line a node; what was given up shares a line. The way to the result is bold. */
export function treeText({ title, nodes, width = 80, colorDepth = "none" }: Tree & TextOptions): string {
  const children = nodes.map((): number[] => []);
  const roots: number[] = [];
  for (const [node, { parent }] of nodes.entries()) (parent === undefined ? roots : children[parent]!).push(node);
  const lines: string[] = [];
  const say = ({ label, note, state }: TreeNode): string =>
    `${treeMarks[state]} ${visibleToken(label)}${note === undefined ? "" : `  ${note}`}`;
  const walk = (level: readonly number[], indent: string): void => {
    const shown = level.filter((node) => nodes[node]!.state !== "pruned");
    const gone = level
      .filter((node) => nodes[node]!.state === "pruned")
      .map((node) => visibleToken(nodes[node]!.label));
    const more = gone.length > NAMED ? `, and ${gone.length - NAMED} more` : "";
    const last = gone.length > 0 ? `${treeMarks.pruned} ${gone.slice(0, NAMED).join(", ")}${more}` : undefined;
    for (const [i, node] of shown.entries()) {
      const ends = i === shown.length - 1 && last === undefined;
      const line = truncate(`${indent}${ends ? "└─" : "├─"}${say(nodes[node]!)}`, width);
      lines.push(paint(line, colorDepth, nodes[node]!.best === true ? { bold: true } : {}));
      walk(children[node]!, `${indent}${ends ? "  " : "│ "}`);
    }
    if (last !== undefined) lines.push(truncate(`${indent}└─${last}`, width));
  };
  walk(roots, "");
  const legend = `${treeMarks.kept} kept, ${treeMarks.finished} finished, ${treeMarks.pruned} given up`;
  return [paint(printable(title), colorDepth, { bold: true }), legend, ...lines].join("\n");
}
