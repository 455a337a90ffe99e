import { visibleToken } from "./display-width.ts";
import { seriesColor } from "./scales.ts";
import { element, figure, fitText, hairline, Palette, textElement, textWidth, theme, type, type Svg } from "./svg.ts";
import { treeLayout, treeMarks, type Tree, type TreeNode } from "./tree.ts";

const [margin, rowHeight, widest] = [20, 20, 110];

/**
 * A tree from left to right as an SVG file. What was kept has a dot, what is finished a square and what was given up a
 * cross on a dashed line; the way to the result is drawn thick.
 */
export function treeSvg({ title, nodes }: Tree): string {
  const palette = new Palette();
  const { places, rows } = treeLayout(nodes);
  const labels = nodes.map(({ label }) => fitText(visibleToken(label), 12, widest));
  const columns = Math.max(0, ...places.map(({ column }) => column + 1));
  // A column is as wide as what it holds.
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(
      ...nodes.map(({ note = "" }, i) =>
        places[i]!.column === column ? 54 + textWidth(labels[i]!, 12) + textWidth(note, 10) : 0,
      ),
    ),
  );
  const lefts = widths.map((_, column) => widths.slice(0, column).reduce((sum, width) => sum + width, margin));
  const top = margin + 34;
  const point = (node: number): readonly [x: number, y: number] => [
    lefts[places[node]!.column]! + 8,
    top + (places[node]!.row + 0.5) * rowHeight,
  ];
  const best = palette.stroke("best", seriesColor("light", 0), seriesColor("dark", 0));
  const lines = nodes.flatMap(({ parent, state, best: onWay }, node): Svg[] => {
    if (parent === undefined) return [];
    const [from, to] = [point(parent), point(node)];
    const start = from[0] + 12 + textWidth(labels[parent]!, 12) + textWidth(nodes[parent]!.note ?? "", 10) + 6;
    const bend = (start + to[0] - 6) / 2;
    const d = `M${start} ${from[1]}C${bend} ${from[1]} ${bend} ${to[1]} ${to[0] - 6} ${to[1]}`;
    const look = onWay === true ? { ...hairline, ...best, "stroke-width": 2.5 } : hairline;
    return [element("path", { ...look, d, ...(state === "pruned" && { "stroke-dasharray": "3 3" }) })];
  });
  const marks = nodes.map((node, i) => mark(node, labels[i]!, point(i), palette));
  const width = Math.max(margin + textWidth(title, 16), (lefts.at(-1) ?? 0) + (widths.at(-1) ?? 0)) + margin;
  const counts = (state: TreeNode["state"]): number => nodes.filter((node) => node.state === state).length;
  const way = nodes.flatMap((node, i) => (node.best === true ? [labels[i]!] : []));
  const legend = `${treeMarks.kept} kept   ${treeMarks.finished} finished   ${treeMarks.pruned} given up`;
  return figure({
    ...{ width, height: top + rows * rowHeight + margin, title, palette },
    description:
      `A tree of ${nodes.length} nodes: ${counts("kept")} kept, ${counts("finished")} finished, ` +
      `${counts("pruned")} given up. The way to the result: ${way.join(" ")}.`,
    body: [
      textElement("text", { x: margin, y: margin + 10, ...type("ink", 15), "font-weight": 600 }, title),
      textElement("text", { x: margin, y: margin + 28, ...type("quiet", 11) }, legend),
      ...lines,
      ...marks,
    ],
  });
}

function mark(
  { state, note = "", best }: TreeNode,
  label: string,
  [x, y]: readonly [number, number],
  palette: Palette,
): Svg {
  const tone = state === "pruned" ? "quiet" : "ink";
  const color = palette.fill(state, seriesColor("light", state === "finished" ? 2 : 0), seriesColor("dark", state === "finished" ? 2 : 0)); // prettier-ignore
  const shapes: Readonly<Record<TreeNode["state"], Svg>> = {
    kept: element("circle", { cx: x, cy: y, r: 4, ...color }),
    finished: element("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, ...color }),
    pruned: element("path", {
      ...hairline,
      stroke: theme.quiet.light,
      d: `M${x - 3} ${y - 3}L${x + 3} ${y + 3}M${x - 3} ${y + 3}L${x + 3} ${y - 3}`,
    }),
  };
  const weight = best === true ? { "font-weight": 600 } : {};
  return element("g", { class: "node" }, [
    shapes[state],
    textElement("text", { x: x + 10, y: y + 4, ...type(tone, 12), ...weight }, label),
    ...(note === ""
      ? []
      : [textElement("text", { x: x + 16 + textWidth(label, 12), y: y + 4, ...type("quiet", 10) }, note)]),
  ]);
}
