/** What a model knows of places, on a terminal and as pictures. */
import { InputError } from "../../errors/index.ts";
import {
  lineChartSvg,
  lineChartText,
  numberedMapSvg,
  numberedMapText,
  smallMultiplesSvg,
  stackedSvg,
  type LineChart,
  type NumberedMap,
} from "../../figures/index.ts";
import type { AnswerOf } from "../../inspect/index.ts";
import { wordsOf } from "./embeddings.ts";
import { view, type ViewLook } from "./view.ts";

type Answer = AnswerOf<"positions">;
type Shown = NonNullable<Answer["shown"]>;

const NONE = "This model has no positions: it cannot tell the order of its tokens.";
const floats = ({ tensors }: Answer, name: string): Float32Array => tensors[name]!.data as Float32Array;
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));

/** A tensor [rows, columns] as a map with zero in the middle of its scale. */
function mapOf(
  answer: Answer,
  name: string,
  words: Pick<NumberedMap, "title" | "rowTitle" | "columnTitle">,
): NumberedMap {
  const [rows, columns] = answer.tensors[name]!.shape as [number, number];
  const values = floats(answer, name);
  const reach = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  return { ...words, values, rows, columns, scale: "diverging", range: [-reach, reach] };
}

/** The maps of an answer. */
function mapsOf(answer: Answer, { kind, title }: Shown): NumberedMap[] {
  if (kind === "buckets") return [];
  if (kind === "rotary") {
    return [mapOf(answer, "cosines", { title: `${title}: cosines`, rowTitle: "place", columnTitle: "pair" })];
  }
  const place = kind === "patches" ? "patch" : kind === "relative-sinusoidal" ? "distance" : "place";
  return [
    mapOf(answer, "values", { title, rowTitle: place, columnTitle: "dimension" }),
    mapOf(answer, "cosines", { title: `${title}: cosines of ${place} with ${place}`, rowTitle: place, columnTitle: place }), // prettier-ignore
  ];
}

/** The curves of an answer. */
function chartsOf(answer: Answer, { kind, title, heads = 0 }: Shown): (LineChart & { readonly title: string })[] {
  if (kind === "buckets") {
    const x = answer.tensors["distances"]!.data as Int32Array;
    const biases = floats(answer, "biases");
    const series = Array.from({ length: heads }, (_, head) => {
      return { name: `head ${head + 1}`, x, y: biases.subarray(head * x.length, (head + 1) * x.length) };
    });
    return [{ title, series, xTitle: "key's place minus query's", yTitle: "added to the score" }];
  }
  if (kind !== "rotary") return [];
  const names = { byDistance: "as used", unscaledByDistance: "without scaling" };
  const series = Object.entries(names)
    .filter(([tensor]) => answer.tensors[tensor] !== undefined)
    .map(([tensor, name]) => {
      const y = floats(answer, tensor);
      return { name, x: Array.from(y.keys()), y };
    });
  return [{ title: `${title}: product by distance`, series, xTitle: "distance", yTitle: "share of the product" }];
}

export const positionsView = view<Answer>({
  about: "how places are told apart: tables, biases by distance, rotary angles; a number says which of several",
  query: "positions",
  question: (flags) => {
    const [number = "1"] = wordsOf(flags);
    if (/^[1-9]\d*$/.test(number)) return { which: Number(number) - 1, count: 64 };
    throw new InputError(`"${number}" is no number of positions; they are counted from 1.`);
  },
  text: (answer, look) => (answer.shown === undefined ? NONE : textOf(answer, answer.shown, look)),
  svg: (answer) => {
    if (answer.shown === undefined) throw new InputError(NONE);
    return svgOf(answer, answer.shown);
  },
});

function textOf(answer: Answer, shown: Shown, look: ViewLook): string {
  const titles = answer.encodings.map(({ title }, i) => `${i + 1}: ${title}`);
  return [
    ...(titles.length > 1 ? [titles.join("; ")] : []),
    ...chartsOf(answer, shown).map((chart) => lineChartText({ ...chart, ...look, height: 16 })),
    ...mapsOf(answer, shown).map((map) => numberedMapText({ ...map, ...look })),
  ].join("\n\n");
}

function svgOf(answer: Answer, shown: Shown): string {
  if (shown.grid !== undefined) return patchGrids(answer, shown.grid);
  const figures = [
    ...chartsOf(answer, shown).map((chart) => lineChartSvg(chart)),
    ...mapsOf(answer, shown).map((map) => numberedMapSvg(map)),
  ];
  return figures.length === 1 ? figures[0]! : stackedSvg(shown.title, figures);
}

/** Figure 7 of the ViT paper: for each patch how alike its position is to all others. */
function patchGrids(answer: Answer, { rows, columns }: { readonly rows: number; readonly columns: number }): string {
  const cosines = floats(answer, "cosines");
  const size = rows * columns;
  const panels = Array.from({ length: size }, (_, patch) => ({
    name: `${Math.floor(patch / columns) + 1}, ${(patch % columns) + 1}`,
    values: cosines.subarray(patch * size, (patch + 1) * size),
  }));
  return smallMultiplesSvg({
    title: "Cosines between positions of patches",
    rows: numbered(rows),
    columns: numbered(columns),
    rowTitle: "row",
    columnTitle: "column",
    panels,
    perRow: columns,
    range: [-1, 1],
    scale: "diverging",
  });
}
