/** BLEU taken apart: clipped n-gram matches, the brevity penalty, and which sentences pull it down. */
import { z } from "zod";
import {
  bleuStatistics,
  bootstrap,
  explainBleu,
  lengthSlices,
  sentenceBleu,
  sliceScores,
  wordSlices,
  type SliceScore,
} from "../../evaluation/index.ts";
import { InputError, Stopped } from "../../errors/index.ts";
import type { ReadableFolder } from "../../files/index.ts";
import { TextTranslator } from "../../tasks/convert.ts";
import type { Model } from "../../tasks/model.ts";
import { translateAll } from "../../tasks/translate.ts";
import { pairsInput, pairsOf, type ExamplePair } from "../examples.ts";
import { query, type QueryContext } from "../query.ts";
import type { Subject } from "../subject.ts";

/** Sentences whose n-grams are listed; all are counted. */
const LISTED = 200;
/** Names of files that may hold examples: tables, and texts by language; not notes, nor the log of a run. */
const TEXTS = /^(?!log\.jsonl$).*\.(tsv|csv|jsonl|ndjson|txt|(?!md)[a-z]{2})(\.gz)?$/;

export const bleu = query({
  about:
    "BLEU of translations taken apart: n-gram matches with clipping by sentence, brevity penalty, the score of each " +
    "sentence, slices by length and word, with bootstrap intervals. What was not translated yet is translated first.",
  input: pairsInput.extend({
    beams: z.int().positive().max(16).default(5),
    lowercase: z.boolean().default(false),
    /** Slices of the pairs whose source has one of these words. */
    words: z.array(z.string().min(1)).max(50).default([]),
    /** Resamples of each interval. */
    samples: z.int().positive().max(10_000).default(1000),
  }),
  answer: async (subject, { beams, lowercase, words, samples, ...given }, context) => {
    const pairs = await pairsOf(subject, given, context);
    const hypotheses = await hypothesesOf(subject, pairs, beams, context);
    const targets = pairs.map(({ target }) => target);
    const explained = explainBleu(hypotheses, [targets], { lowercase, sentences: Math.min(LISTED, pairs.length) });
    const statistics = bleuStatistics(hypotheses, [targets], { lowercase });
    const { sentences, ...parts } = explained;
    const lengths = pairs.map(({ source }) => source.split(/\s+/).filter((word) => word !== "").length);
    const slices = [
      ...lengthSlices(lengths, 4, "words"),
      ...wordSlices(pairs.map(({ source }) => source), words), // prettier-ignore
    ];
    return {
      ...parts,
      interval: pairs.length > 1 ? bootstrap(statistics, { samples }) : undefined,
      slices: shownSlices(sliceScores(statistics, slices, { samples })),
      sentences: pairs.map(({ source, target }, i) => {
        const { score, precisions, brevityPenalty, counts, totals } = sentenceBleu(hypotheses[i]!, [target], {
          lowercase,
        });
        const { hypothesis, references, referenceLength, orders } = sentences[i] ?? {};
        return {
          ...{ source, target, hypothesis: hypotheses[i]!, score, precisions, brevityPenalty, counts, totals },
          /** The tokens that are counted, and the n-grams of each order with how often the reference has them. */
          tokens: hypothesis,
          referenceTokens: references?.[0],
          ...{ referenceLength, orders },
        };
      }),
    };
  },
});

export const data = query({
  about: "The files that a model can be judged on: those beside it, and those of the folders of data that are open.",
  input: z.strictObject({}),
  answer: async ({ folder }, _, { data: folders = {} }) => {
    const filesOf = async (place: ReadableFolder): Promise<string[]> =>
      (await place.list()).filter(({ kind, name }) => kind === "file" && TEXTS.test(name)).map(({ name }) => name);
    const all: { folder: string | undefined; files: string[] }[] = [];
    if (folder !== undefined) all.push({ folder: undefined, files: await filesOf(folder) });
    for (const [name, place] of Object.entries(folders)) all.push({ folder: name, files: await filesOf(place) });
    return { folders: all.filter(({ files }) => files.length > 0) };
  },
});

/** What the model makes of the sources; where all hypotheses are given, they are taken as they are. */
async function hypothesesOf(
  subject: Subject,
  pairs: readonly ExamplePair[],
  beams: number,
  { stop, progress }: QueryContext,
): Promise<string[]> {
  if (pairs.every(({ hypothesis }) => hypothesis !== undefined)) return pairs.map(({ hypothesis }) => hypothesis!);
  const sources = pairs.map(({ source }) => source);
  const { translator, model, tokenizer } = subject;
  if (translator !== undefined) {
    const told = (done: number): void => progress?.(done, pairs.length, "sentences");
    const found = await translateAll(translator, sources, { beams, batch: 16, stop, progress: told });
    if (stop?.aborted === true) throw new Stopped();
    return found.map(([best]) => best!.text);
  }
  if (model.architecture.task !== "conditional-generation" || tokenizer === undefined) {
    throw new InputError(
      `${model.architecture.className} does not translate. Give a hypothesis with each pair, or open a model that does.`,
    );
  }
  const writer = new TextTranslator(model as Model<"conditional-generation">, tokenizer);
  const found = await writer.translate(sources, { numBeams: beams, truncate: true, stop });
  return found.map(([best]) => best!.text);
}

/** Slices as JSON has them: a score that is not defined is left out. */
export function shownSlices(slices: readonly SliceScore[]) {
  return slices.map(({ name, examples, score, interval }) => ({
    ...{ name, examples, score: Number.isNaN(score) ? undefined : score },
    low: interval?.low,
    high: interval?.high,
  }));
}
