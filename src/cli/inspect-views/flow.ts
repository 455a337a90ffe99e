/** The way from tokens to what comes out: the list of its steps, and the matrix of one. */
import { barChartSvg, barChartText, numberedMapSvg, numberedMapText } from "../../figures/index.ts";
import type { AnswerOf } from "../../inspect/index.ts";
import { table } from "../terminal/index.ts";
import { readingOf, view } from "./view.ts";

type Steps = AnswerOf<"flow">;

/** How many steps are of each section, for a picture of the whole. */
function sections({ steps }: Steps): { title: string; bars: { name: string; value: number }[] } {
  const counts = new Map<string, number>();
  for (const { section, side, layer } of steps) {
    const name = section === "layer" ? `${side}, layer ${layer + 1}` : `${side}, ${section}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { title: "Steps of each section", bars: [...counts].map(([name, value]) => ({ name, value })) };
}

export const flowView = view<Steps>({
  about: "the steps from tokens to what comes out, with the names that --view tensor takes",
  query: "flow",
  question: readingOf,
  text: (answer, look) => {
    const rows = answer.steps.map(({ section, layer, side, role, name }) => {
      return [section === "layer" ? `layer ${layer + 1}` : section, side, role, name];
    });
    const list = table(rows, { header: ["section", "rows", "step", "name"] });
    return `${list}\n\n${barChartText({ ...sections(answer), ...look })}`;
  },
  svg: (answer) => barChartSvg(sections(answer)),
});

const matrixOf = ({ shape, window, tensors: { values } }: AnswerOf<"tensor">) => {
  const [rows, columns] = values.shape as [number, number];
  const part = `rows ${window.rows[0] + 1} to ${window.rows[1]}, columns ${window.columns[0] + 1} to ${window.columns[1]}`;
  return {
    title: `[${shape.join(" × ")}]: ${part}`,
    values: Array.from(values.data, Number),
    rows,
    columns,
    rowTitle: "row",
  };
};

export const tensorView = view<AnswerOf<"tensor">>({
  about: "one inner tensor by its name, behind the text; --head for one of several matrices",
  query: "tensor",
  question: ({ words: [name = "logits"], head, ...flags }) => ({
    ...readingOf({ ...flags, words: [] }),
    name,
    ...(head !== undefined && { head: head - 1 }),
  }),
  text: (answer, look) => numberedMapText({ ...matrixOf(answer), ...look }),
  svg: (answer) => numberedMapSvg(matrixOf(answer)),
});
