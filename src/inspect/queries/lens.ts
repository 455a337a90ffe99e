/** The logit lens: what each layer would answer at each place. */
import { z } from "zod";
import { logitLens } from "../../insight/index.ts";
import { answerInput, enteredLabels, settledAnswer, sideOf, textOfAnswer } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput } from "../reading.ts";

export const lens = query({
  about:
    "The logit lens (nostalgebraist 2020): the best answers of each layer at each place, through the model's own output " +
    "layer, and where the final answer stands among them.",
  input: readingInput.extend({
    answer: answerInput.optional(),
    /** How many of the best answers are given. */
    keep: z.int().min(1).max(20).default(5),
    /** Whether the answer is followed at all places; by default each place's own is. */
    follow: z.boolean().default(false),
  }),
  answer: async (subject, { answer, keep, follow, ...given }) => {
    const reading = await read(subject, given);
    const { answered, found } = await settledAnswer(subject, reading, answer);
    const { output } = answered;
    const made = await logitLens(subject.model, reading.feeds, { output, keep, follow: follow ? answered.index : -1 });
    const { stream, layers, positions, kept } = made;
    const text = (index: number): string => textOfAnswer(subject, reading, answered, index);
    const rows = answered.each === "row" ? ["the whole"] : enteredLabels(subject, reading, sideOf(subject, stream));
    const shape = [layers, positions];
    return {
      ...{ answer: found, stream, layers, positions, kept },
      /** What is read at each place. */
      read: rows,
      /** The best answers [layers, positions, kept] and the followed ones [positions], as texts. */
      best: Array.from(made.tokens, text),
      followed: Array.from(made.followed, text),
      tensors: {
        probabilities: { dtype: "float32" as const, shape: [...shape, kept], data: made.probabilities },
        ranks: { dtype: "int32" as const, shape, data: made.ranks },
        followedProbabilities: { dtype: "float32" as const, shape, data: made.followedProbabilities },
        followedLogits: { dtype: "float32" as const, shape, data: made.followedLogits },
      },
    };
  },
});
