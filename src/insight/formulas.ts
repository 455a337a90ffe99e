/** Where the numbers of parameters come from: products of a model's sizes, in letters and in numbers. */
import type { PartUnit } from "./parameters.ts";

/** One size of a model and the letter that papers have for it. */
export interface Dimension {
  readonly symbol: string;
  readonly value: number;
  readonly meaning: string;
}

/** How many parameters a part has, as a formula. */
export interface CountFormula {
  /** `4·D² + 4·D` */
  readonly letters: string;
  /** `4·768² + 4·768` */
  readonly numbers: string;
}

type Config = Readonly<Record<string, unknown>>;

/**
 * The sizes that a config names, by letter: D the width, F the width of the feed-forward layer, V the vocabulary, P the
 * positions, and a few more. `part` chooses between encoder and decoder, text and image.
 */
export function dimensionsOf(config: Config, part = ""): Dimension[] {
  const side = /^(encoder|decoder|text|vision) /.exec(part)?.[1];
  const own = side === undefined ? config : { ...config, ...(config[side] as Config | undefined) };
  const size = (...names: readonly string[]): number | undefined =>
    names.map((name) => own[name]).find((value): value is number => typeof value === "number" && value > 0);
  const capital = (name: string): string => `${side ?? "encoder"}${name}`;
  const [width, heads] = [size("width"), size("heads", capital("Heads"))];
  const headWidth = size("headWidth") ?? (width !== undefined && heads ? width / heads : undefined);
  const inner = headWidth !== undefined && heads ? headWidth * heads : undefined;
  const shared = size("sharedHeads");
  const [image, patch] = [size("imageSize"), size("patch")];
  const found: (readonly [string, number | undefined, string])[] = [
    ["D", width, "width"],
    ["F", size("feedForward", capital("FeedForward")) ?? (width && 4 * width), "width of the feed-forward layer"],
    ["A", inner === width ? undefined : inner, "width of all heads together"],
    ["G", shared && headWidth && shared !== heads ? shared * headWidth : undefined, "width of keys and of values"],
    ["V", size("vocabulary"), "vocabulary"],
    ["E", size("embeddingWidth", "wordWidth"), "width of the embeddings"],
    ["P", size("maxPositions"), "positions"],
    ["S", size("segments"), "token types"],
    ["B", size("buckets"), "buckets of distances"],
    ["H", heads, "heads"],
    ["C", Array.isArray(own["labels"]) ? own["labels"].length : undefined, "classes"],
    ["U", size("common"), "width of the common space"],
    ["N", image && patch ? Math.floor(image / patch) ** 2 : undefined, "patches"],
    ["p", patch, "side of a patch"],
    ["c", size("channels"), "colors"],
  ];
  return found.flatMap(([symbol, value, meaning]) => (value === undefined ? [] : [{ symbol, value, meaning }]));
}

/** Which letters a part's sizes may be: models have sizes that are equal by chance. */
const LETTERS: readonly (readonly [RegExp, string])[] = [
  [/patch embeddings$/, "Dpc"],
  [/positions$/, "DPNBHE"],
  [/token types$/, "DSE"],
  [/embedding projection$/, "DE"],
  [/embeddings$/, "VED"],
  [/attention$/, "DAG"],
  [/feed-forward$/, "DF"],
  [/norms$/, "DE"],
  [/output layer$/, "VDE"],
  [/common space$/, "UD"],
  [/head$/, "CDH"],
];

/** How the number of a unit's parameters comes about. What no letter stands for stays a number. */
export function countFormula(
  { part, parameters }: Pick<PartUnit, "part" | "parameters">,
  config: Config,
): CountFormula {
  const [, allowed] = LETTERS.find(([pattern]) => pattern.test(part)) ?? [, "DEF"];
  const sizes = dimensionsOf(config, part).filter(({ symbol }) => allowed!.includes(symbol));
  const ordered = Array.from(allowed!).flatMap((letter) => sizes.filter(({ symbol }) => symbol === letter));
  const terms = new Map<string, { times: number; readonly letters: string; readonly numbers: string }>();
  for (const { shape } of parameters) {
    const { times, factors } = readShape(shape, ordered);
    factors.sort((a, b) => rankOf(a.letters) - rankOf(b.letters));
    const letters = powers(factors.map(({ letters: one }) => one));
    const before = terms.get(letters);
    const numbers = powers(factors.map(({ value }) => String(value)));
    terms.set(letters, { times: (before?.times ?? 0) + times, letters, numbers });
  }
  const written = (of: "letters" | "numbers"): string =>
    [...terms.values()]
      .map(({ times, [of]: product }) =>
        product === "" ? String(times) : times === 1 ? product : `${times}·${product}`,
      )
      .join(" + ");
  return { letters: written("letters"), numbers: written("numbers") };
}

interface Factor {
  readonly letters: string;
  readonly value: number;
}

/** The most parts that are kept in one matrix: queries, keys and values are three. */
const TOGETHER = 4;
/** Tables of positions have a few places more than the config says. */
const RESERVED = 2;

function readShape(shape: readonly number[], sizes: readonly Dimension[]): { times: number; factors: Factor[] } {
  let times = 1;
  const factors: Factor[] = [];
  for (const length of shape) {
    if (length === 1) continue;
    const exact = sizes.find(({ value }) => value === length);
    const more = sizes.find(
      ({ symbol, value }) => "PN".includes(symbol) && length > value && length <= value + RESERVED,
    );
    const multiple = sizes.find(({ value }) => length % value === 0 && length / value <= TOGETHER);
    if (exact !== undefined) factors.push({ letters: exact.symbol, value: length });
    else if (more !== undefined) factors.push({ letters: `(${more.symbol}+${length - more.value})`, value: length });
    else if (multiple !== undefined) {
      times *= length / multiple.value;
      factors.push({ letters: multiple.symbol, value: multiple.value });
    } else factors.push({ letters: String(length), value: length });
  }
  return { times, factors };
}

const RAISED = ["", "", "²", "³", "⁴"];

/** Rows before columns: V·D, D·F. */
const ORDER = "VPNSBCUEDAGFHpc";
const rankOf = (factor: string): number => ORDER.indexOf(factor.replace("(", "")[0]!) >>> 0;

/** Equal factors as powers. */
function powers(factors: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const factor of factors) counts.set(factor, (counts.get(factor) ?? 0) + 1);
  return [...counts].map(([factor, count]) => `${factor}${RAISED[count] ?? `^${count}`}`).join("·");
}
