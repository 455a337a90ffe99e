/** Masked and causal: one set of weights, two masks. */
import { lesson } from "../lesson.ts";
import { mean, PREDICTED, sentences, trainTwoMasks, type TwoMasks } from "../models/masks.ts";
import { bars, map } from "./pictures.ts";

const places = sentences[0]!.slice(1);
const roles = ["who", "eats", "what", "with", "the tool"];
const at = (rows: readonly (readonly number[])[], place: number): number => mean(rows.map((row) => row[place]!));
/** By how much the right side helps at each place, in nats. */
const helps = ({ causal, masked }: TwoMasks): number[] =>
  Array.from({ length: PREDICTED }, (_, place) => at(causal, place) - at(masked, place));

export default lesson<TwoMasks>({
  trains: `One small model learns ${sentences.length} sentences behind both masks at once: a few seconds.`,
  make: trainTwoMasks,
  cards: [
    {
      title: "Who may be seen",
      text: () => [
        "A decoder writes from left to right, so a causal mask hides what comes later. An encoder reads all at once, and learns by filling in words that were replaced with [mask].",
        "The weights here are the same; only the mask is another.",
      ],
      controls: [{ kind: "choice", name: "mask", label: "Mask", options: () => ["causal", "none"] }],
      picture: ({ seenCausally, seenFreely }, { mask }) =>
        map(
          `Attention, ${mask === 1 ? "no mask" : "causal mask"}`,
          ["query", sentences[0]!],
          ["key", sentences[0]!],
          mask === 1 ? seenFreely : seenCausally,
        ),
      question: {
        kind: "number",
        ask: () => `Behind the causal mask, how many of the six tokens can “${sentences[0]![3]!}” see?`,
        right: ({ seenCausally }) => seenCausally[3]!.filter((weight) => weight > 0).length,
        why: ({ seenCausally }) =>
          `Its weights are ${seenCausally[3]!.map((weight) => weight.toFixed(2)).join(", ")}: itself and what came before.`,
      },
    },
    {
      title: "What it is worth to see the rest",
      text: ({ causalPerplexity, maskedPerplexity }) => [
        `In “${sentences[0]!.slice(1).join(" ")}” the tool tells what is eaten. Each word's surprise is −log p; e to the mean of all is the perplexity: ${causalPerplexity.toFixed(2)} behind the causal mask, ${maskedPerplexity.toFixed(2)} with both sides.`,
      ],
      controls: [{ kind: "choice", name: "mask", label: "Mask", options: () => ["causal", "[mask], both sides"] }],
      picture: (r, { mask }) =>
        bars(
          `Mean surprise in nats, ${mask === 1 ? "both sides seen" : "causal"}`,
          roles.map((name, place) => ({ name, value: at(mask === 1 ? r.masked : r.causal, place) })),
        ),
      question: {
        kind: "choice",
        ask: () => "Which word gains most from seeing what follows it?",
        options: () => roles.map((role, i) => `${role} (${places[i]!})`),
        right: (r) => helps(r).indexOf(Math.max(...helps(r))),
        why: (r) =>
          `Nats saved: ${helps(r)
            .map((saved, i) => `${roles[i]!} ${saved.toFixed(2)}`)
            .join(", ")}.`,
      },
    },
  ],
});
