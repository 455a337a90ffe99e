/** One side of a comparison: a selection, and the names of what it shows. */
import type { AskOptions } from "../../source/source.ts";
import type { AnswerOf, ParameterSource } from "heed/inspect";
import { selectionUnder, type Selection, type Studio } from "../../state/studio.svelte.ts";

/** What is compared. */
export const subjects = ["attention", "heads", "answer", "weights"] as const;
export type What = (typeof subjects)[number];
export const titles: Readonly<Record<What, string>> = {
  attention: "One head",
  heads: "All heads",
  answer: "The answer",
  weights: "Weights",
};

/** The left side: what was pinned, or what is chosen here; where nothing was chosen, what is on the right. */
export function leftSelection(studio: Studio): Selection {
  const { place } = studio;
  const name = (): string => (place.get("pin") === undefined ? "left" : "pin");
  return selectionUnder(studio, name, () =>
    Object.fromEntries(Object.entries(place.values).filter(([key]) => key !== "left")),
  );
}

/** Names of an axis of two maps: one where both agree, else both. */
export const bothNames = (left: readonly string[], right: readonly string[]): string[] =>
  left.map((name, i) => (name === right[i] ? name : `${name} / ${right[i]!}`));

/** The parameters of a model, to be asked piece by piece. */
export const parametersOf = (studio: Studio, model: string, options: AskOptions): ParameterSource => ({
  list: () => studio.source.ask(model, "weights", {}, options),
  values: (question) => studio.source.ask(model, "values", question, options),
});

/** Tokens by id with the probability that each side gives them; undefined where a side did not list it. */
export interface TokenPair {
  readonly id: number;
  readonly text: string;
  readonly left: number | undefined;
  readonly right: number | undefined;
}

/** The most probable tokens of both sides, side by side. */
export function pairs(left: AnswerOf<"distribution">, right: AnswerOf<"distribution">, most: number): TokenPair[] {
  const table = (of: AnswerOf<"distribution">) => new Map(of.tokens.map((token) => [token.id, token]));
  const [one, other] = [table(left), table(right)];
  const top = (of: AnswerOf<"distribution">) => of.tokens.slice(0, most).map(({ id }) => id);
  const ids = [...new Set([...top(left), ...top(right)])];
  return ids
    .map((id) => ({
      id,
      text: (one.get(id) ?? other.get(id))!.text,
      left: one.get(id)?.probabilities[0],
      right: other.get(id)?.probabilities[0],
    }))
    .sort((a, b) => Math.max(b.left ?? 0, b.right ?? 0) - Math.max(a.left ?? 0, a.right ?? 0));
}
