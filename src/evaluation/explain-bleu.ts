/** BLEU step by step, as numbers: the n-grams of the first sentences, then the sums, the penalty and the score. */
import { type BleuScore, bleuScore, bleuStatistics } from "./bleu.ts";
import {
  type BleuOptions,
  type BleuSegment,
  bleuParts,
  bleuSegment,
  bleuSettings,
  mostInReferences,
} from "./bleu-steps.ts";
import type { BleuTokenization } from "./bleu-tokens.ts";
import { sumRows } from "./examples.ts";
import { checkWhole } from "./lines.ts";

/** The options of `bleu`, and how many sentences are taken apart. */
export interface ExplainBleuOptions extends BleuOptions {
  /** How many sentences are taken apart, from the first one. Default 3. */
  readonly sentences?: number | undefined;
}

/** One n-gram of a hypothesis. */
export interface ExplainedNgram {
  readonly ngram: string;
  /** How often the hypothesis has it. */
  readonly count: number;
  /** How often each reference has it. */
  readonly inReferences: readonly number[];
  /** How often the reference that has it most often has it. */
  readonly most: number;
  /** min(count, most): what counts as a match. */
  readonly clipped: number;
}

/** The n-grams of one order in one sentence. */
export interface ExplainedOrder {
  readonly order: number;
  readonly ngrams: readonly ExplainedNgram[];
  /** The sum of the clipped counts. */
  readonly matched: number;
  /** The n-grams in the hypothesis. */
  readonly total: number;
}

/** One sentence with its n-grams counted. */
export interface ExplainedSentence {
  readonly hypothesis: readonly string[];
  readonly references: readonly (readonly string[])[];
  /** The length of the reference that is nearest in length to the hypothesis; of two, the shorter. */
  readonly referenceLength: number;
  readonly orders: readonly ExplainedOrder[];
}

/** One order's precision over the whole corpus. */
export interface ExplainedPrecision {
  readonly order: number;
  readonly matched: number;
  readonly total: number;
  /** The fraction that goes into the mean: matched / total, or what smoothing made of it. */
  readonly numerator: number;
  readonly denominator: number;
  readonly smoothed: boolean;
  /** In percent. */
  readonly precision: number;
}

/** How a corpus BLEU comes about, as plain data. */
export interface BleuExplanation {
  readonly tokenize: BleuTokenization;
  readonly lowercase: boolean;
  readonly segments: number;
  readonly references: number;
  /** The first sentences, taken apart. */
  readonly sentences: readonly ExplainedSentence[];
  readonly precisions: readonly ExplainedPrecision[];
  /** How many orders the mean is over: fewer than all only with `effectiveOrder` and very short output. */
  readonly averagedOrders: number;
  /** Of the precisions, in percent. */
  readonly geometricMean: number;
  readonly systemLength: number;
  readonly referenceLength: number;
  readonly brevityPenalty: number;
  /** brevityPenalty · geometricMean, from 0 to 100. */
  readonly score: number;
  readonly signature: string;
  /** The line that `bleu(…).format()` gives. */
  readonly line: string;
}

/**
 * Takes BLEU apart: what {@link bleu} counts and computes, step by step. `formatBleuExplanation` makes text of it.
 * @throws InputError as {@link bleu} does.
 */
export function explainBleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: ExplainBleuOptions = {},
): BleuExplanation {
  const settings = bleuSettings(options);
  const { sentences = 3 } = options;
  checkWhole("sentences", sentences, 0);
  const { rows, width } = bleuStatistics(hypotheses, references, options);
  const parts = bleuParts(sumRows(rows, width), settings);
  const score: BleuScore = bleuScore(parts, references.length, settings);
  const { tokenize, lowercase } = settings;
  const { averagedOrders, geometricMean, systemLength, referenceLength, brevityPenalty } = parts;
  return {
    tokenize,
    lowercase,
    segments: hypotheses.length,
    references: references.length,
    sentences: hypotheses.slice(0, sentences).map((hypothesis, index) => {
      const lines = references.map((stream) => stream[index]!);
      return explainSentence(bleuSegment(hypothesis, lines, settings));
    }),
    precisions: parts.terms.map((term, index) => ({
      order: index + 1,
      matched: parts.counts[index]!,
      total: parts.totals[index]!,
      ...term,
      precision: score.precisions[index]!,
    })),
    averagedOrders,
    geometricMean,
    systemLength,
    referenceLength,
    brevityPenalty,
    score: score.score,
    signature: score.signature,
    line: score.format(),
  };
}

function explainSentence(segment: BleuSegment): ExplainedSentence {
  const orders = segment.hypothesisNgrams.map((counts, index) => {
    const ngrams = Array.from(counts, ([ngram, count]): ExplainedNgram => {
      const most = mostInReferences(ngram, index + 1, segment);
      const inReferences = segment.referenceNgrams.map((byOrder) => byOrder[index]!.get(ngram) ?? 0);
      return { ngram, count, inReferences, most, clipped: Math.min(count, most) };
    });
    const sum = (key: "count" | "clipped"): number => ngrams.reduce((total, ngram) => total + ngram[key], 0);
    return { order: index + 1, ngrams, matched: sum("clipped"), total: sum("count") };
  });
  const { hypothesis, references, referenceLength } = segment;
  return { hypothesis, references, referenceLength, orders };
}
