/** What all pictures of "why" share: the answer that is asked about, as the address has it. */
import type { AnswerOf, QuestionOf } from "heed/inspect";
import type { Selection, Summary } from "../../state/studio.svelte.ts";

/** The answer that a query was about. */
export type Found = AnswerOf<"lens">["answer"];

/** The part of a question that says which answer is meant. */
export function askedAnswer(selection: Selection, { reads }: Summary): Pick<QuestionOf<"lens">, "answer"> {
  const choice = (name: string): string | number | undefined => {
    const text = selection.get(name);
    // Where there are no words for tokens their numbers stand for them.
    return text !== undefined && !reads.tokenizer && /^\d+$/.test(text) ? Number(text) : text;
  };
  const [position, token, against] = [selection.number("at"), choice("answer"), choice("against")];
  if (position === undefined && token === undefined && against === undefined) return {};
  return {
    answer: {
      ...(position !== undefined && { position }),
      ...(token !== undefined && { token }),
      ...(against !== undefined && { against }),
    },
  };
}

/** Whether an answer stands at a token, or behind it, as that of a model that writes. */
export const whereOf = ({ task }: Summary): "at" | "behind" =>
  task === "causal-lm" || task === "conditional-generation" ? "behind" : "at";

/** In words: “apple” at place 7. */
export function shown({ text, each, position, against }: Found): string {
  const place = each === "token" ? ` at place ${position + 1}` : "";
  return `“${text}”${against === undefined ? "" : ` against “${against.text}”`}${place}`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 && share > 0 ? 1 : 0)} %`;

/** The largest distance from zero, for a scale that has zero in its middle. */
export const reach = (values: ArrayLike<number>): number => {
  let most = 1e-9;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
};

/** Where a signed value is on a scale from −most to most. */
export const signedPlace = (value: number, most: number): number => Math.max(0, Math.min(1, 0.5 + value / most / 2));
