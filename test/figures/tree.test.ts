/** Trees and rows of pieces: where things stand, and that nothing is said by color alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chipRowsSvg, treeLayout, treeMarks, treeSvg, treeText, type TreeNode } from "../../src/figures/index.ts";

const nodes: readonly TreeNode[] = [
  { label: "Jane", note: "-0.1", state: "kept", best: true },
  { label: "She", state: "kept" },
  { label: "<s>", state: "pruned" },
  { parent: 0, label: "visits", state: "kept", best: true },
  { parent: 1, label: "is", state: "pruned" },
  { parent: 3, label: "</s>", note: "-0.2", state: "finished", best: true },
  { parent: 3, label: "a&b", state: "pruned" },
];

describe("a tree", () => {
  it("gives leaves a row each, and others that of their first", () => {
    const { places, rows } = treeLayout(nodes);
    expect(rows).toBe(4);
    expect(places.map(({ column, row }) => [column, row])).toEqual([
      ...[[0, 0], [0, 2], [0, 3]],
      ...[[1, 0], [1, 2]],
      ...[[2, 0], [2, 1]],
    ]); // prettier-ignore
  });

  it("never puts two nodes at one place", () => {
    const parents = fc.array(fc.nat(30), { maxLength: 30 }).map((list) =>
      list.map((parent, i): TreeNode => {
        return { label: String(i), state: "kept", ...(parent < i && parent % 4 !== 0 && { parent }) };
      }),
    );
    fc.assert(
      fc.property(parents, (made) => {
        const { places, rows } = treeLayout(made);
        expect(new Set(places.map(({ column, row }) => `${column} ${row}`)).size).toBe(made.length);
        for (const { row } of places) expect(row).toBeLessThan(rows);
      }),
    );
  });

  it("as SVG draws a shape for each state, dashes what was given up, and escapes labels", () => {
    const svg = treeSvg({ title: "Beams", nodes });
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(2);
    expect(svg.match(/stroke-width="2.5"/g)).toHaveLength(2);
    expect(svg).toContain("a&amp;b");
    for (const mark of Object.values(treeMarks)) expect(svg).toContain(mark);
    expect(treeSvg({ title: "Nothing", nodes: [] })).toContain("A tree of 0 nodes");
  });

  it("as text has a line for each node that was not given up", () => {
    expect(treeText({ title: "Beams", nodes, width: 60 }).split("\n")).toEqual([
      "Beams",
      "● kept, ■ finished, ✕ given up",
      "├─● Jane  -0.1",
      "│ └─● visits",
      "│   ├─■ </s>  -0.2",
      "│   └─✕ a&b",
      "├─● She",
      "│ └─✕ is",
      "└─✕ <s>",
    ]);
  });
});

it("rows of pieces name their marks, and go on in the next line where they are long", () => {
  const chips = Array.from({ length: 80 }, (_, i) => ({ text: `piece${i}`, ...(i === 3 && { mark: "unknown" }) }));
  const svg = chipRowsSvg({ title: "Tokens", rows: [{ name: "tokens", chips }, { name: "none", chips: [] }] }); // prettier-ignore
  expect(svg).toContain("piece3 unknown");
  expect(svg.match(/stroke-dasharray/g)).toHaveLength(1);
  const ys = new Set([...svg.matchAll(/<rect [^>]*? y="([\d.]+)"/g)].map(([, y]) => y));
  expect(ys.size).toBeGreaterThan(3);
});
