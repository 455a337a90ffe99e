/** Why an answer, on a terminal and as pictures: lens, attribution, salience, rollout, ablation, patching. */
import { InputError } from "../../errors/index.ts";
import {
  barChartSvg,
  barChartText,
  formatNumber,
  heatGridSvg,
  heatGridText,
  stackedSvg,
  textGridSvg,
  truncate,
  type BarChart,
  type HeatGrid,
} from "../../figures/index.ts";
import type { AnswerOf } from "../../inspect/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { table } from "../terminal/index.ts";
import { askedOf, readingOf, view, type ViewFlags } from "./view.ts";

type Found = AnswerOf<"lens">["answer"];

/** "cat" at token 3: 41%. */
const shownAnswer = ({ each, position, text, probability }: Found): string =>
  `"${text}"${each === "token" ? ` at token ${position + 1}` : ""}, ${(100 * probability).toFixed(1)}%`;

const numbers = ({ data }: HostTensor): number[] => Array.from(data, Number);
const method = ({ method: named }: ViewFlags): { method?: string } => (named === undefined ? {} : { method: named });
const layerNames = (layers: number): string[] => [
  "embeddings",
  ...Array.from({ length: layers - 1 }, (_, i) => `layer ${i + 1}`),
];

export const lensView = view<AnswerOf<"lens">>({
  about: "what each layer would answer at each place, through the model's own output layer",
  query: "lens",
  question: (flags) => ({ ...readingOf(flags), ...askedOf(flags), keep: 1 }),
  text: ({ answer, layers, positions, read, best, tensors }) => {
    const [shares, ranks] = [numbers(tensors.probabilities), numbers(tensors.ranks)];
    const rows = read.map((token, place) => [
      token,
      ...Array.from({ length: layers }, (_, layer) => {
        const at = layer * positions + place;
        return `${truncate(best[at]!, 12)} ${Math.round(100 * shares[at]!)}% #${ranks[at]! + 1}`;
      }),
    ]);
    const note = "% of the best answer of a layer; # is the place of the model's final answer in it.";
    return `${table(rows, { header: ["read", ...layerNames(layers)] })}\n\nAnswer: ${shownAnswer(answer)}. ${note}`;
  },
  svg: ({ layers, read, best, tensors }) =>
    textGridSvg({
      title: "What each layer would answer",
      ...{
        rows: layerNames(layers),
        columns: read,
        texts: best,
        values: numbers(tensors.probabilities),
        range: [0, 1],
      },
      ...{ rowTitle: "layer", columnTitle: "what is read; in the cells the best answer and its probability" },
    }),
});

function attributionBars({ answer, embeddings, sublayers, remainder, logit }: AnswerOf<"attribution">): BarChart {
  const about = answer.against === undefined ? "" : ` against "${answer.against.text}"`;
  return {
    title: `Shares of the logit ${formatNumber(logit, 4)} of ${shownAnswer(answer)}${about}`,
    bars: [
      { name: "embeddings", value: embeddings },
      ...sublayers.map(({ layer, kind, share, heads }) => ({
        ...{ name: `layer ${layer + 1}, ${kind}`, value: share },
        note: heads.map((one, i) => `${i + 1}: ${formatNumber(one, 3)}`).join("  "),
      })),
      { name: "biases", value: remainder, note: "of norms and head" },
    ],
  };
}

export const attributionView = view<AnswerOf<"attribution">>({
  about: "what each part of each layer wrote of the answer's logit",
  query: "attribution",
  question: (flags) => ({ ...readingOf(flags), ...askedOf(flags) }),
  text: (answer, look) => barChartText({ ...attributionBars(answer), ...look }),
  svg: (answer) => barChartSvg(attributionBars(answer)),
});

/** A chart for each method and side; of an image a map. */
function salienceCharts({
  answer,
  sides,
  methods,
}: AnswerOf<"saliency">): ({ readonly bars: BarChart } | { readonly map: HeatGrid })[] {
  return methods.flatMap(({ method: named, values, score, baseline }) =>
    sides.map(({ side, labels, grid }, i) => {
      const sum = baseline === null ? "" : `; they add up to ${formatNumber(score - baseline, 4)} but for the steps`;
      const title = `${named}, ${side}, for ${shownAnswer(answer)}${sum}`;
      if (grid !== null) {
        const count = (size: number): string[] => Array.from({ length: size }, (_, k) => String(k + 1));
        const scale = named === "gradient" ? "sequential" : "diverging";
        return { map: { title, rows: count(grid.rows), columns: count(grid.columns), values: values[i]!, scale } };
      }
      return { bars: { title, bars: labels.map((name, k) => ({ name, value: values[i]![k]! })) } };
    }),
  );
}

export const saliencyView = view<AnswerOf<"saliency">>({
  about:
    "how much the answer depends on each token or patch (--method gradient, gradient-x-input or integrated-gradients)",
  query: "saliency",
  question: (flags) => {
    return { ...readingOf(flags), ...askedOf(flags), ...(flags.method !== undefined && { methods: [flags.method] }) };
  },
  text: (answer, look) =>
    salienceCharts(answer)
      .map((one) => ("map" in one ? heatGridText({ ...one.map, ...look }) : barChartText({ ...one.bars, ...look })))
      .join("\n\n"),
  svg: (answer) =>
    stackedSvg(
      "Salience",
      salienceCharts(answer).map((one) => ("map" in one ? heatGridSvg(one.map) : barChartSvg(one.bars))),
    ),
});

function rolloutGrids({ title, layer, rows, columns, tensors }: AnswerOf<"rollout">): HeatGrid[] {
  const axes = { rows, columns, rowTitle: "token", columnTitle: "where it came from", range: [0, 1] as const };
  return [
    { ...axes, title: `Rollout of ${title} up to layer ${layer + 1}`, values: numbers(tensors.mixes) },
    { ...axes, title: `${title} of layer ${layer + 1}, mean of its heads`, values: numbers(tensors.attention) },
  ];
}

export const rolloutView = view<AnswerOf<"rollout">>({
  about: "how much of each input token attention has carried into each token, beside a layer's own weights",
  query: "rollout",
  question: (flags) => ({ ...readingOf(flags), ...(flags.layer !== undefined && { layer: flags.layer - 1 }) }),
  text: (answer, look) =>
    rolloutGrids(answer)
      .map((grid) => heatGridText({ ...grid, ...look }))
      .join("\n\n"),
  svg: (answer) =>
    stackedSvg(
      "Attention rollout",
      rolloutGrids(answer).map((grid) => heatGridSvg(grid)),
    ),
});

function ablationGrid({ answer, method: how, of, rows, columns, tensors }: AnswerOf<"ablation">): HeatGrid {
  return {
    title: `Change of the probability of ${shownAnswer(answer)}, without each of ${of} (${how})`,
    ...{ rows, columns, values: numbers(tensors.probabilityChange), scale: "diverging" },
  };
}

export const ablateView = view<AnswerOf<"ablation">>({
  about:
    "the answer without each head; words behind the text: heads, parts, layers or positions (--method zero or mean)",
  query: "ablation",
  question: (flags) => ({
    ...{ ...readingOf(flags), ...askedOf(flags), ...method(flags) },
    ...(flags.words.length > 0 && { what: flags.words[0] }),
  }),
  text: (answer, look) => heatGridText({ ...ablationGrid(answer), ...look, showValues: true }),
  svg: (answer) => heatGridSvg({ ...ablationGrid(answer), showValues: true, cell: 40 }),
});

function patchingGrid({ answer, of, rows, columns, clean, corrupted, tensors }: AnswerOf<"patching">): HeatGrid {
  const [from, to] = [corrupted, clean].map(({ logit }) => formatNumber(logit, 3));
  return {
    title: `How much of ${shownAnswer(answer)} comes back by ${of} (logit ${from} to ${to})`,
    ...{ rows, columns, values: numbers(tensors.restored), scale: "diverging", range: [-1, 1] },
  };
}

export const patchView = view<AnswerOf<"patching">>({
  about:
    "how much of the answer comes back from each state of the clean text while a corrupted one, given behind it, is read",
  query: "patching",
  question: (flags) => {
    const { words } = flags;
    if (words.length === 0) {
      throw new InputError(
        "Give the corrupted text behind the clean one: heed inspect MODEL CLEAN CORRUPTED --view patch.",
      );
    }
    return { ...readingOf(flags), ...askedOf(flags), corrupted: { text: words.join(" ") } };
  },
  text: (answer, look) => heatGridText({ ...patchingGrid(answer), ...look, showValues: true }),
  svg: (answer) => heatGridSvg({ ...patchingGrid(answer), showValues: true, cell: 40 }),
});
