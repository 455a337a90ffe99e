/** What a model writes and why it is hard, on a terminal and as pictures: distribution, beams, tokens, errors. */
import {
  barChartSvg,
  barChartText,
  chipRowsSvg,
  formatNumber,
  heatGridSvg,
  treeSvg,
  treeText,
  type BarChart,
  type ChipRows,
  type HeatGrid,
  type Tree,
} from "../../figures/index.ts";
import type { AnswerOf } from "../../inspect/index.ts";
import { table } from "../terminal/index.ts";
import { readingOf, view } from "./view.ts";

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Settings behind the text, as `temperature=0.7 topK=50`. */
function settingsOf(words: readonly string[]): Record<string, number | string> {
  const pairs = words.map((word) => word.split("="));
  return Object.fromEntries(
    pairs.map(([name, value = ""]) => [name!, value === "" || Number.isNaN(Number(value)) ? value : Number(value)]),
  );
}

function distributionGrid({ kind, stages, tokens }: AnswerOf<"distribution">): HeatGrid {
  return {
    title: `The distribution of the ${kind === "mask" ? "masked" : "next"} token behind each processor`,
    rows: tokens.map(({ text }) => text),
    columns: stages.map(({ processor }) => processor),
    values: tokens.map(({ probabilities }) => probabilities),
    range: [0, 1],
    rowTitle: "token",
    columnTitle: "processor",
  };
}

export const distributionView = view<AnswerOf<"distribution">>({
  about: "the next token behind each processor; words behind the text: temperature=0.7 topK=50 topP=0.9 minP=0.05 …",
  query: "distribution",
  question: ({ text, token, words }) => ({
    ...{ text, settings: settingsOf(words) },
    ...(token !== undefined && { position: token - 1 }),
  }),
  text: (answer) => {
    const names = answer.stages.map(({ processor }) => processor);
    const shares = answer.tokens.map(({ text, probabilities }) => [
      text,
      ...probabilities.map((p) => (p === 0 ? "out" : percent(p))),
    ]);
    const rows = answer.stages.map(({ processor, kept, removed, moved, entropy }) => {
      return [processor, kept, percent(removed), percent(moved), formatNumber(entropy, 3)];
    });
    const header = ["processor", "possible", "ruled out", "moved", "entropy, nats"];
    const right = (width: number) => ({ align: ["left" as const, ...Array.from({ length: width }, () => "right" as const)] }); // prettier-ignore
    const tokens = table(shares, { header: ["token", ...names], ...right(names.length) });
    return `${distributionGrid(answer).title}\n\n${tokens}\n\n${table(rows, { header, ...right(4) })}`;
  },
  svg: (answer) => heatGridSvg({ ...distributionGrid(answer), showValues: true, cell: 46 }),
});

function beamPicture({ beams, nodes, results }: AnswerOf<"beamTree">): Tree {
  const way = new Set<number>();
  for (let at = results[0]?.node; at !== undefined; at = nodes[at]!.parent) way.add(at);
  return {
    title: `Beam search with ${beams} beams: “${results[0]?.text ?? ""}”`,
    nodes: nodes.map(({ parent, text, score, state, node }) => {
      return { parent, label: text, note: formatNumber(score, 3), state, best: way.has(node) };
    }),
  };
}

export const beamsView = view<AnswerOf<"beamTree">>({
  about: "a beam search step by step; words behind the text: beams=4 lengthPenalty=1 newTokens=20",
  query: "beamTree",
  question: ({ text, words }) => ({ text, ...settingsOf(words) }),
  text: (answer, look) => {
    const rows = answer.results.map(({ score, finished, text }, i) => {
      return [i + 1, formatNumber(score, 4), finished ? text : `${text} (cut off)`];
    });
    return `${treeText({ ...beamPicture(answer), ...look })}\n\n${table(rows, { header: ["", "score", "text"] })}`;
  },
  svg: (answer) => treeSvg(beamPicture(answer)),
});

type Words = AnswerOf<"tokens">["own"]["words"];

function tokenRows({ text, own }: AnswerOf<"tokens">): ChipRows {
  const markOf = ({ unknown, byte, added }: { unknown: boolean; byte: boolean; added?: boolean }) =>
    unknown ? "unknown" : byte ? "byte" : added === true ? "added" : undefined;
  return {
    title: `“${text}” by ${own.algorithm} with ${own.vocabulary} tokens`,
    rows: [
      { name: "normalized", chips: own.normalized.map((part) => ({ text: part.text })) },
      { name: "words", chips: own.words.map((word) => ({ text: word.text })) },
      { name: "tokens", chips: own.tokens.map((token) => ({ text: token.token, mark: markOf(token) })) },
      { name: "ids", chips: own.tokens.map(({ id }) => ({ text: String(id) })) },
    ],
  };
}

/** One line a step: merges with their ranks, matches with what was tried, pieces with their scores. */
function stepLines(words: Words): string[] {
  return words.flatMap(({ text, steps }) => {
    if (steps.kind === "merges" && steps.merges.length > 0) {
      const lines = steps.merges.map(({ rank, symbols }) => `  merge ${rank + 1}: ${symbols.join(" · ")}`);
      return [`${text}: ${steps.symbols.join(" · ")}`, ...lines];
    }
    if (steps.kind === "matches") {
      return [
        `${text}:`,
        ...steps.matches.map(({ piece, tried }) => {
          return `  ${piece ?? "nothing fits: unknown"}${tried.length > 0 ? ` (not in the vocabulary: ${tried.join(", ")})` : ""}`;
        }),
      ];
    }
    if (steps.kind !== "path") return [];
    const parts = steps.path.map(({ piece, score }) => `${piece} ${formatNumber(score, 3)}`);
    return [`${text}: ${parts.join(" · ")} = ${formatNumber(steps.score, 4)}, of ${steps.candidates.length} pieces`];
  });
}

export const tokensView = view<AnswerOf<"tokens">>({
  about: "a text on its way to tokens: normalized, cut into words, merged, with ids",
  query: "tokens",
  question: ({ text, method }) => ({ text, ...(method !== undefined && { side: method }) }),
  text: (answer) => {
    const { title, rows } = tokenRows(answer);
    const lines = rows.map(({ name, chips }) => {
      return `${name}: ${chips.map(({ text, mark }) => (mark === undefined ? text : `${text} (${mark})`)).join(" | ")}`;
    });
    return [title, ...lines, "", ...stepLines(answer.own.words)].join("\n");
  },
  svg: (answer) => chipRowsSvg(tokenRows(answer)),
});

function lossBars({ tokens, perplexity, nats }: AnswerOf<"perplexity">): BarChart {
  return {
    title: `Loss of each token, in nats: mean ${formatNumber(nats, 3)}, perplexity ${formatNumber(perplexity, 3)}`,
    bars: tokens.map(({ text, loss, expected, id }) => ({
      ...{ name: text, value: loss },
      ...(expected.id !== id && { note: `expected ${expected.text}` }),
    })),
  };
}

export const errorsView = view<AnswerOf<"perplexity">>({
  about: "the loss of each token of a text, and what the model expected where it is another one (--target)",
  query: "perplexity",
  question: readingOf,
  text: (answer, look) => barChartText({ ...lossBars(answer), ...look }),
  svg: (answer) => barChartSvg(lossBars(answer)),
});
