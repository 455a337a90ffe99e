/** Counting parameters: by formula, and in the model itself. */
import { lesson, type Control, type Settings } from "../lesson.ts";
import { countsOf, formulas, ofOneLayer, type Sizes } from "../models/parameters.ts";
import { bars } from "./pictures.ts";

const first: Sizes = { layers: 2, width: 64, vocabulary: 1000, positions: 128 };
const asked: Sizes = { ...first, width: 128 };
const slider = (name: keyof Sizes, label: string, low: number, high: number, step: number): Control<unknown> => ({
  ...{ kind: "slider", name, label, low, high, step },
  first: first[name],
});
const controls = [
  slider("layers", "Layers L", 1, 12, 1),
  slider("width", "Width d", 32, 512, 32),
  slider("vocabulary", "Vocabulary V", 500, 8000, 500),
];
const sizesOf = (set: Settings): Sizes => ({
  ...first,
  layers: Number(set["layers"]),
  width: Number(set["width"]),
  vocabulary: Number(set["vocabulary"]),
});
const count = (number: number): string => number.toLocaleString("en");

export default lesson({
  make: () => Promise.resolve(undefined),
  cards: [
    {
      title: "By formula and by counting",
      controls,
      text: () => [
        "A decoder in the style of GPT-2: V tokens, P = 128 positions, L layers of width d. Attention has four matrices of d · d, the feed-forward network two of d · 4 d, each with biases; a norm has 2 d. The output layer is the embedding once more and costs nothing.",
        "Formula and model must agree: the right column asks the model function for its parameters.",
      ],
      picture: (_, set) => {
        const sizes = sizesOf(set);
        const { parts, total } = countsOf(sizes);
        const counted = (part: string): number =>
          parts
            .filter((one) => one.part === (part === "token embeddings" ? "embeddings" : part))
            .reduce((sum, one) => sum + one.count, 0);
        const rows = formulas(sizes).map(({ part, formula, count: own }) => [
          part,
          formula,
          count(own),
          count(counted(part)),
        ]);
        return {
          kind: "table",
          title: `${count(total)} parameters`,
          table: { columns: ["part", "formula", "by formula", "counted"], rows },
        };
      },
      question: {
        kind: "number",
        ask: () => `How many parameters has one layer of width ${asked.width}?`,
        right: () => ofOneLayer(asked),
        why: () =>
          `12 d² + 13 d with d = ${asked.width} is ${count(12 * asked.width ** 2 + 13 * asked.width)}; counted: ${count(ofOneLayer(asked))}.`,
      },
    },
    {
      title: "Where they are",
      controls,
      text: () => ["Small models are mostly vocabulary; wide and deep ones mostly feed-forward."],
      picture: (_, set) =>
        bars(
          "Parameters by part",
          countsOf(sizesOf(set)).parts.map(({ part, count: value }) => ({ name: part, value })),
          count,
        ),
      question: {
        kind: "choice",
        ask: () => "With 12 layers of width 512 and 8,000 tokens, which part has the most parameters?",
        options: () => countsOf(first).parts.map(({ part }) => part),
        right: () => {
          const { parts } = countsOf({ ...first, layers: 12, width: 512, vocabulary: 8000 });
          const most = Math.max(...parts.map((one) => one.count));
          return parts.findIndex((one) => one.count === most);
        },
        why: () => {
          const { parts } = countsOf({ ...first, layers: 12, width: 512, vocabulary: 8000 });
          return parts
            .map(({ part, share }) => `${part} ${Math.round(100 * share)} %`)
            .join(", ")
            .concat(".");
        },
      },
    },
  ],
});
