/** Trees of decisions, such as a beam search: what grew out of what, what was kept and what was given up. */

/** A node: what it adds, and what became of it. */
export interface TreeNode {
  /** The place of the node that it grew out of; undefined for the first ones. */
  readonly parent?: number | undefined;
  readonly label: string;
  /** A score, as it is to be read. */
  readonly note?: string | undefined;
  readonly state: "kept" | "finished" | "pruned";
  /** Whether it lies on the way to the result. */
  readonly best?: boolean | undefined;
}

/** A tree, or several side by side. A node stands behind the one that it grew out of. */
export interface Tree {
  readonly title: string;
  readonly nodes: readonly TreeNode[];
}

/** How each state is marked, so that no color is needed to tell them apart. */
export const treeMarks = { kept: "●", finished: "■", pruned: "✕" } as const;

/** Where a node is drawn: columns from the root on, rows from the top. */
export interface TreePlace {
  readonly column: number;
  readonly row: number;
}

/**
 * A place for each node: leaves one row each, in the order of their parents, and every other node beside the first that
 * grew out of it.
 */
export function treeLayout(nodes: readonly TreeNode[]): {
  readonly places: readonly TreePlace[];
  readonly rows: number;
} {
  const children = nodes.map((): number[] => []);
  const roots: number[] = [];
  for (const [node, { parent }] of nodes.entries()) (parent === undefined ? roots : children[parent]!).push(node);
  const places = Array.from({ length: nodes.length }, () => ({ column: 0, row: 0 }));
  let rows = 0;
  const place = (node: number, column: number): number => {
    const below = children[node]!;
    const own = below.map((child) => place(child, column + 1));
    const row = own[0] ?? rows++;
    places[node] = { column, row };
    return row;
  };
  for (const root of roots) place(root, 0);
  return { places, rows };
}
