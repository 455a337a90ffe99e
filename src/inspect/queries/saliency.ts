/** Gradient salience: what an answer's score depends on, token by token, by several methods side by side. */
import { z } from "zod";
import { salience, salienceBaselines, salienceMethods, type SideSalience } from "../../insight/index.ts";
import { answerInput, enteredLabels, settledAnswer } from "../asked-answer.ts";
import { query } from "../query.ts";
import { read, readingInput, type Reading } from "../reading.ts";
import type { Subject } from "../subject.ts";

export const saliency = query({
  about:
    "Salience of each token or patch for an answer's score: the norm of the gradient, gradient times input, integrated " +
    "gradients (Sundararajan et al. 2017), which add up to the score's difference to a baseline.",
  input: readingInput.extend({
    answer: answerInput.optional(),
    methods: z
      .array(z.enum(salienceMethods))
      .min(1)
      .default([...salienceMethods]),
    steps: z.int().min(1).max(1000).default(32),
    baseline: z.enum(salienceBaselines).default("mean"),
  }),
  answer: async (subject, { answer, methods, steps, baseline, ...given }, watch) => {
    const reading = await read(subject, given);
    const { answered, found } = await settledAnswer(subject, reading, answer);
    const results = [];
    for (const method of methods) {
      const {
        sides,
        score,
        baseline: from,
      } = await salience(subject.model, reading.feeds, answered, {
        ...{ method, steps, baseline, ...watch },
      });
      results.push({
        method,
        score,
        baseline: from ?? null,
        values: sides.map(({ values }) => Array.from(values)),
        sides,
      });
    }
    const [first] = results;
    return {
      answer: found,
      sides: first!.sides.map((side) => ({ side: side.side, ...labelsOf(subject, reading, side) })),
      methods: results.map(({ method, score, baseline: from, values }) => ({ method, score, baseline: from, values })),
    };
  },
});

/** The names of what was read; of an image without the class token, with its grid. */
function labelsOf(subject: Subject, reading: Reading, { side }: SideSalience) {
  const grid = side === "image" ? reading.axes.image?.grid : undefined;
  const labels = enteredLabels(subject, reading, side);
  if (grid === undefined) return { labels, grid: null };
  const { rows, columns, before } = grid;
  return { labels: labels.slice(before), grid: { rows, columns } };
}
