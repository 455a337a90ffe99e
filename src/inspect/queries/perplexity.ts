/** How surprising the tokens of a text are: loss and perplexity, and where they are largest. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { bootstrap, meanNats, meanStatistics, perplexity as perplexityOf } from "../../evaluation/index.ts";
import { maskedSurprises, tokenSurprises, type Surprises } from "../../insight/index.ts";
import { query, type QueryContext } from "../query.ts";
import { read, readingInput, type Axis, type Reading, type ReadingInput } from "../reading.ts";
import type { Subject } from "../subject.ts";
import { shownToken } from "../writing.ts";
import { maskOf } from "./generation.ts";

export const perplexity = query({
  about:
    "The loss of every token of a text under a model that writes or fills in words, what it expected instead, the " +
    "perplexity, and the hardest tokens.",
  input: readingInput.extend({
    /** So many of the hardest tokens are named. */
    hardest: z.int().nonnegative().max(1000).default(10),
  }),
  answer: async (subject, { hardest, ...given }, context) => {
    const reading = await read(subject, given);
    const { axis, first, judged } = await judge(subject, reading, given, context);
    const { nats, entropy, best } = judged;
    const tokenizer = subject.tokenizer?.target;
    const losses = [{ nats: mean(nats), tokens: nats.length }];
    const places = [...nats.keys()].sort((a, b) => nats[b]! - nats[a]!);
    const { low, high } = bootstrap(meanStatistics(nats, undefined, "nats"));
    return {
      /** Places count the tokens of the text; the first of a decoder alone has nothing in front of it. */
      tokens: Array.from(nats, (loss, i) => ({
        place: first[i]!,
        id: axis.ids[first[i]!]!,
        text: axis.labels[first[i]!]!,
        loss,
        probability: Math.exp(-loss),
        entropy: entropy[i]!,
        expected: shownToken(tokenizer, best[i]!),
      })),
      hardest: places.slice(0, hardest).map((i) => first[i]!),
      nats: meanNats(losses),
      perplexity: perplexityOf(losses),
      /** 95 % of resamples of the tokens lie between these perplexities. */
      low: Math.exp(low),
      high: Math.exp(high),
      target: reading.target,
    };
  },
});

interface Judged {
  readonly axis: Axis;
  /** The place of each judged token in the axis. */
  readonly first: readonly number[];
  readonly judged: Surprises;
}

async function judge(
  subject: Subject,
  { feeds, axes }: Reading,
  given: ReadingInput,
  { progress }: QueryContext,
): Promise<Judged> {
  const { model, tokenizer, architecture } = subject;
  const axis = axes.target ?? axes.text!;
  const all = [...axis.ids.keys()];
  if (architecture.task === "masked-lm") {
    if (tokenizer === undefined) {
      throw new InputError(`This ${architecture.className} came without a tokenizer, which names the mask.`);
    }
    const { id: mask } = maskOf(model, tokenizer);
    // Tokens that a template adds are no part of the text.
    const added = tokenizer.encode(given.pair === undefined ? given.text : [given.text, given.pair]).specialTokensMask;
    const places = all.filter((place) => added[place] !== 1);
    const told = (done: number): void => progress?.(done, places.length, "tokens");
    return { axis, first: places, judged: await maskedSurprises(model, feeds, places, mask, told) };
  }
  if (architecture.task === "conditional-generation") {
    return { axis, first: all, judged: await tokenSurprises(model, feeds, axis.ids) };
  }
  if (architecture.task !== "causal-lm") {
    throw new InputError(`${architecture.className} gives no probabilities of words. Open a language model.`);
  }
  if (all.length < 2)
    throw new InputError("The text has a single token, which nothing stands in front of. Write more.");
  return { axis, first: all.slice(1), judged: await tokenSurprises(model, feeds, axis.ids.slice(1)) };
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
