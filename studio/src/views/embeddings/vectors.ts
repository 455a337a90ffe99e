/** What the address says of the vectors that are shown, as questions. */
import type { AnswerOf, QuestionOf } from "heed/inspect";
import type { Selection, Summary } from "../../state/studio.svelte.ts";

export type Projection = AnswerOf<"projection">;
export type Name = Projection["names"][number];
export type VectorsQuestion = NonNullable<QuestionOf<"projection">["rows"]>;

/** Which vectors: the table of tokens, the tokens of the text at a layer, or a mean for each of several texts. */
export const spaces = ["table", "hidden", "mean"] as const;
export type Space = (typeof spaces)[number];

/** The space that is shown; a model of images has no table, and one that reads no text has no texts. */
export function spaceOf(selection: Selection, { reads }: Summary): Space {
  const asked = spaces.find((space) => space === selection.get("space"));
  if (!reads.text) return "hidden";
  return asked ?? "table";
}

/** So many tokens at first: enough to see, and few enough for names. */
export const FIRST = 300;

/** Words of a list, cut at commas, semicolons and line ends. */
export const wordsIn = (text: string): string[] =>
  text
    .split(/[,;\n]/)
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** The hidden states that are shown: 0 below the first layer, else behind the chosen layer. */
export const stateOf = (selection: Selection): number => selection.number("state") ?? selection.layer + 1;

/** The vectors to show, as the query takes them. */
export function vectorsQuestion(selection: Selection, space: Space): VectorsQuestion {
  if (space === "table") {
    const words = wordsIn(selection.get("list") ?? "");
    const most = selection.number("most") ?? (words.length === 0 ? FIRST : undefined);
    return {
      of: "table",
      ...sideOf(selection),
      ...(words.length > 0 && { words }),
      ...(most !== undefined && { most }),
    };
  }
  const states = selection.get("states");
  const layer = stateOf(selection);
  const texts = (selection.get("texts") ?? "").split("\n").filter((line) => line.trim() !== "");
  const readings = space === "mean" && texts.length > 0 ? texts.map((text) => ({ text })) : [selection.reading];
  return { of: "hidden", readings, layer, mean: space === "mean", ...(states !== undefined && { states }) };
}

/** Among which vectors neighbors are looked for: of a table all tokens, else those that are shown. */
export function amongQuestion(selection: Selection, space: Space): VectorsQuestion {
  return space === "table" ? { of: "table", ...sideOf(selection) } : vectorsQuestion(selection, space);
}

function sideOf(selection: Selection): { side?: "source" | "target" | "text" } {
  const side = (["source", "target"] as const).find((one) => one === selection.get("side"));
  return side === undefined ? {} : { side };
}

/** Whose neighbors are listed: `id:7`, `row:3` or `word:king` in the address. */
export type Near = { readonly id: number } | { readonly row: number } | { readonly word: string };

export function nearOf(selection: Selection): Near | undefined {
  const [kind, ...rest] = (selection.get("near") ?? "").split(":");
  const value = rest.join(":");
  if (value === "") return undefined;
  if (kind === "word") return { word: value };
  if (!/^\d+$/.test(value)) return undefined;
  return kind === "id" ? { id: Number(value) } : kind === "row" ? { row: Number(value) } : undefined;
}
