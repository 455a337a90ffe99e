/** Vectors on a terminal and as pictures: neighbors, analogies, projections. */
import { InputError } from "../../errors/index.ts";
import { barChartSvg, formatNumber, scatterSvg, scatterText, type Scatter } from "../../figures/index.ts";
import type { AnswerOf } from "../../inspect/index.ts";
import type { HostTensor } from "../../onnx/index.ts";
import { table } from "../terminal/index.ts";
import { readingOf, view, type ViewFlags } from "./view.ts";

/** All words of the command line. */
export const wordsOf = ({ text, words }: ViewFlags): string[] => [text, ...words].join(" ").split(/\s+/).filter((word) => word !== ""); // prettier-ignore
const floats = ({ data }: HostTensor): Float32Array => data as Float32Array;
const capital = (text: string): string => text.replace(/^./, (letter) => letter.toUpperCase());

type Found = AnswerOf<"neighbors">["neighbors"];

function list(found: Found, title: string, measure: string): string {
  const rows = found.map(({ label, id, value }) => [label, id === undefined ? "" : String(id), formatNumber(value)]);
  return `${title}\n\n${table(rows, { header: ["token", "id", measure], align: ["left", "right", "right"] })}`;
}

const bars = (found: Found, title: string): string =>
  barChartSvg({ title, bars: found.map(({ label, value }) => ({ name: label, value })) });

const titleOfNeighbors = ({ of, title }: AnswerOf<"neighbors">): string =>
  `Nearest to ${of.map(({ label }) => label).join(" ")} among ${title}`;
const measureOf = ({ metric }: AnswerOf<"neighbors">): string => (metric === "cosine" ? "cosine" : "distance");

/** With a layer, hidden states of the text; its token is then the one of `--token`. */
function neighborsQuestion(flags: ViewFlags): object {
  const { layer, token, method } = flags;
  const metric = method === undefined ? {} : { metric: method };
  if (layer !== undefined) {
    return { rows: { of: "hidden", readings: [readingOf(flags)], layer }, row: (token ?? 1) - 1, ...metric };
  }
  const [word, second] = wordsOf(flags);
  if (word !== undefined && second === undefined) return { word, ...metric };
  throw new InputError("Give one word whose neighbors to show; with --layer a text, and --token for its token.");
}

export const neighborsView = view<AnswerOf<"neighbors">>({
  about: "the tokens nearest to a word (--method cosine, euclidean); with --layer, those of a text nearest to --token",
  query: "neighbors",
  question: neighborsQuestion,
  text: (answer) => list(answer.neighbors, titleOfNeighbors(answer), measureOf(answer)),
  svg: (answer) => bars(answer.neighbors, titleOfNeighbors(answer)),
});

const titleOfAnalogy = ({ given }: AnswerOf<"analogy">): string => {
  const [a, b, c] = given.map(({ word }) => word);
  return `${a!} is to ${b!} as ${c!} is to`;
};

/** Says of which tokens words are made that are several. */
function piecesNote({ given }: AnswerOf<"analogy">): string {
  const several = given.filter(({ tokens }) => tokens.length > 1);
  const said = several.map(({ word, tokens }) => `"${word}" is ${tokens.map(({ label }) => label).join(" ")}`);
  return said.length === 0 ? "" : `\n\n${said.join("; ")}: means of several tokens.`;
}

export const analogyView = view<AnswerOf<"analogy">>({
  about: "three words a b c: a is to b as c is to which (--method add, multiply)",
  query: "analogy",
  question: (flags) => {
    const words = wordsOf(flags);
    if (words.length !== 3) throw new InputError(`An analogy needs three words, such as man woman king; got ${words.length}.`); // prettier-ignore
    return { words, ...(flags.method !== undefined && { method: flags.method }) };
  },
  text: (answer) => `${list(answer.found, titleOfAnalogy(answer), "score")}${piecesNote(answer)}`,
  svg: (answer) => bars(answer.found, titleOfAnalogy(answer)),
});

function scatterOf({ title, method, names, shares, tensors }: AnswerOf<"projection">): Scatter {
  const points = floats(tensors["points"]!);
  const axis = (i: number): string => `component ${i + 1}, ${(100 * shares![i]!).toFixed(1)} % of the variance`;
  const methods = { pca: "PCA", tsne: "t-SNE", umap: "UMAP" } as const;
  return {
    title: `${capital(title)}: ${methods[method]}`,
    points: names.map(({ label, kind }, i) => ({
      name: label,
      x: points[2 * i]!,
      y: points[2 * i + 1]!,
      group: kind,
    })),
    ...(shares !== undefined && { xTitle: axis(0), yTitle: axis(1) }),
  };
}

export const projectionView = view<AnswerOf<"projection">>({
  about: "vectors as points (--method pca, tsne, umap): of words, of frequent tokens, or with --layer those of a text",
  query: "projection",
  question: (flags) => {
    const { layer, method } = flags;
    const words = wordsOf(flags);
    const rows =
      layer === undefined
        ? { of: "table", ...(words.length > 0 ? { words } : { most: 200 }) }
        : { of: "hidden", readings: [readingOf(flags)], layer };
    return { rows, ...(method !== undefined && { method }) };
  },
  text: (answer, look) => scatterText({ ...scatterOf(answer), ...look }),
  svg: (answer) => scatterSvg(scatterOf(answer)),
});
