/** The steps of BLEU: counting n-grams sentence by sentence, and the arithmetic on the sums. */
import { InputError } from "../errors/index.ts";
import { BLEU_TOKENIZATIONS, type BleuTokenization, tokenizeForBleu } from "./bleu-tokens.ts";
import { checkChoice, checkWhole } from "./lines.ts";
import { type NgramCounts, countNgrams } from "./ngrams.ts";

/**
 * What is done about an order without a match, after Chen and Cherry 2014: `exp` (method 3) halves the precision that
 * one match would give, again for every further order; `floor` (method 1) puts a small number for the count; `add-k`
 * (method 2) adds k to count and total of the orders above 1; `none` lets the score be 0.
 */
export const BLEU_SMOOTHINGS = ["exp", "floor", "add-k", "none"] as const;
/** The name of a smoothing. */
export type BleuSmoothing = (typeof BLEU_SMOOTHINGS)[number];

/** The options of BLEU; every default is sacreBLEU's. */
export interface BleuOptions {
  /** Default `13a`. */
  readonly tokenize?: BleuTokenization | undefined;
  /** Compare without regard to case. Default false. */
  readonly lowercase?: boolean | undefined;
  /** The longest n-grams that are counted. Default 4. */
  readonly maxOrder?: number | undefined;
  /** Default `exp`. */
  readonly smoothing?: BleuSmoothing | undefined;
  /** The count for `floor` (default 0.1) or the k of `add-k` (default 1). */
  readonly smoothingValue?: number | undefined;
  /** Leave out the orders that the hypotheses are too short for. Default false; true for single sentences. */
  readonly effectiveOrder?: boolean | undefined;
}

const SMOOTHING_VALUES: Readonly<Record<BleuSmoothing, number | undefined>> = {
  exp: undefined,
  floor: 0.1,
  "add-k": 1,
  none: undefined,
};

/** The options with defaults filled in. */
export interface BleuSettings {
  readonly tokenize: BleuTokenization;
  readonly lowercase: boolean;
  readonly maxOrder: number;
  readonly smoothing: BleuSmoothing;
  readonly smoothingValue: number | undefined;
  readonly effectiveOrder: boolean;
}

/** @throws InputError for a value outside the choices. */
export function bleuSettings(options: BleuOptions): BleuSettings {
  const { tokenize = "13a", lowercase = false, maxOrder = 4, smoothing = "exp", effectiveOrder = false } = options;
  checkChoice("tokenize", tokenize, BLEU_TOKENIZATIONS);
  checkChoice("smoothing", smoothing, BLEU_SMOOTHINGS);
  checkWhole("maxOrder", maxOrder, 1);
  const fallback = SMOOTHING_VALUES[smoothing];
  const smoothingValue = options.smoothingValue ?? fallback;
  if (smoothingValue !== undefined && (fallback === undefined || !(smoothingValue > 0))) {
    throw new InputError(
      `smoothingValue is ${smoothingValue} with smoothing "${smoothing}"; it must be above 0, and goes with "floor" or "add-k" only.`,
    );
  }
  return { tokenize, lowercase, maxOrder, smoothing, smoothingValue, effectiveOrder };
}

/** The tokens of one sentence and its references, and the n-grams of every order. */
export interface BleuSegment {
  readonly hypothesis: readonly string[];
  readonly references: readonly (readonly string[])[];
  /** By order, from 1: `[maxOrder]`. */
  readonly hypothesisNgrams: readonly NgramCounts[];
  /** By reference and order: `[references][maxOrder]`. */
  readonly referenceNgrams: readonly (readonly NgramCounts[])[];
  /** The length of the reference that is nearest in length to the hypothesis; of two, the shorter. */
  readonly referenceLength: number;
}

/** Tokenizes and counts one sentence. */
export function bleuSegment(hypothesis: string, references: readonly string[], settings: BleuSettings): BleuSegment {
  const tokens = (line: string): string[] => tokenizeForBleu(line, settings.tokenize, settings.lowercase);
  const orders = Array.from({ length: settings.maxOrder }, (_, index) => index + 1);
  const hypothesisTokens = tokens(hypothesis);
  const referenceTokens = references.map(tokens);
  const far = (length: number): number => Math.abs(length - hypothesisTokens.length);
  return {
    hypothesis: hypothesisTokens,
    references: referenceTokens,
    hypothesisNgrams: orders.map((order) => countNgrams(hypothesisTokens, order)),
    referenceNgrams: referenceTokens.map((reference) => orders.map((order) => countNgrams(reference, order))),
    referenceLength: referenceTokens
      .map((reference) => reference.length)
      .reduce((best, length) =>
        far(length) < far(best) || (far(length) === far(best) && length < best) ? length : best,
      ),
  };
}

/** How often the reference that has `ngram` most often has it. */
export function mostInReferences(ngram: string, order: number, segment: BleuSegment): number {
  let most = 0;
  for (const byOrder of segment.referenceNgrams) most = Math.max(most, byOrder[order - 1]!.get(ngram) ?? 0);
  return most;
}

/** A row of statistics: system length, reference length, clipped matches by order, n-grams by order. */
export function segmentRow(segment: BleuSegment): number[] {
  const matched = segment.hypothesisNgrams.map((ngrams, index) => {
    let clipped = 0;
    for (const [ngram, count] of ngrams) clipped += Math.min(count, mostInReferences(ngram, index + 1, segment));
    return clipped;
  });
  const length = segment.hypothesis.length;
  const totals = segment.hypothesisNgrams.map((_, index) => Math.max(0, length - index));
  return [length, segment.referenceLength, ...matched, ...totals];
}

/** One order's precision, numerator / denominator, and whether smoothing changed it. */
export interface PrecisionTerm {
  readonly numerator: number;
  readonly denominator: number;
  readonly smoothed: boolean;
}

/** The arithmetic of BLEU after all counting. */
export interface BleuParts {
  readonly score: number;
  readonly counts: readonly number[];
  readonly totals: readonly number[];
  readonly terms: readonly PrecisionTerm[];
  /** How many orders the geometric mean is over. */
  readonly averagedOrders: number;
  /** In percent. */
  readonly geometricMean: number;
  readonly brevityPenalty: number;
  readonly systemLength: number;
  readonly referenceLength: number;
}

/** BLEU from summed rows of {@link bleuStatistics}. */
export function bleuParts(sums: Float64Array, settings: BleuSettings): BleuParts {
  const { maxOrder } = settings;
  const [systemLength, referenceLength] = [sums[0]!, sums[1]!];
  const counts = Array.from(sums.subarray(2, 2 + maxOrder));
  const totals = Array.from(sums.subarray(2 + maxOrder));
  const terms = precisionTerms(counts, totals, settings);
  const averagedOrders = settings.effectiveOrder
    ? Math.max(1, terms.findLastIndex((t) => t.denominator > 0) + 1)
    : maxOrder;
  const geometricMean = meanOfTerms(terms.slice(0, averagedOrders));
  const penalty = brevityPenalty(systemLength, referenceLength);
  return {
    score: penalty * geometricMean,
    counts,
    totals,
    terms,
    averagedOrders,
    geometricMean,
    brevityPenalty: penalty,
    systemLength,
    referenceLength,
  };
}

function brevityPenalty(systemLength: number, referenceLength: number): number {
  if (systemLength >= referenceLength) return 1;
  return systemLength > 0 ? Math.exp(1 - referenceLength / systemLength) : 0;
}

function precisionTerms(counts: readonly number[], totals: readonly number[], settings: BleuSettings): PrecisionTerm[] {
  const { smoothing, smoothingValue = 0 } = settings;
  // Without a single match nothing is smoothed: the score is 0, whatever the method.
  if (counts.every((count) => count === 0)) {
    return totals.map((total) => ({ numerator: 0, denominator: total, smoothed: false }));
  }
  let halvings = 1;
  return counts.map((count, index) => {
    const added = smoothing === "add-k" && index > 0 ? smoothingValue : 0;
    const [numerator, denominator] = [count + added, totals[index]! + added];
    if (numerator > 0 || denominator === 0) return { numerator, denominator, smoothed: added > 0 };
    if (smoothing === "exp") return { numerator: 1, denominator: denominator * (halvings *= 2), smoothed: true };
    if (smoothing === "floor") return { numerator: smoothingValue, denominator, smoothed: true };
    return { numerator, denominator, smoothed: false };
  });
}

/** A precision in percent; 0 where there are no n-grams. */
export function percent({ numerator, denominator }: PrecisionTerm): number {
  return denominator === 0 ? 0 : (100 * numerator) / denominator;
}

function meanOfTerms(terms: readonly PrecisionTerm[]): number {
  const logs = terms.map((term) => Math.log(percent(term)));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / terms.length);
}
