/**
 * BLEU (Papineni, Roukos, Ward and Zhu 2002): the geometric mean of clipped n-gram precisions, times a penalty for
 * output that is shorter than the references. Equal to sacreBLEU 2 (Post 2018) in score, parts and printed line.
 */
import {
  type BleuOptions,
  type BleuParts,
  type BleuSettings,
  bleuParts,
  bleuSegment,
  bleuSettings,
  percent,
  segmentRow,
} from "./bleu-steps.ts";
import { checkParallel } from "./lines.ts";
import type { Interval } from "./resampling.ts";
import { type ScoreFormat, fixed, scoreLine, signatureLine } from "./score-line.ts";
import { type ExampleStatistics, sumRows, summedStatistics } from "./examples.ts";

/** A BLEU score with all that it was computed from. */
export interface BleuScore {
  /** From 0 to 100. */
  readonly score: number;
  /** In percent, smoothed, by order: `[maxOrder]`. All 0 where no n-gram matches at all. */
  readonly precisions: readonly number[];
  /** n-grams that are in a reference, each at most as often as in the reference that has it most: `[maxOrder]`. */
  readonly counts: readonly number[];
  /** n-grams in the hypotheses: `[maxOrder]`. */
  readonly totals: readonly number[];
  /** 1, or exp(1 - referenceLength / systemLength) where the output is shorter than the references. */
  readonly brevityPenalty: number;
  /** Tokens in the hypotheses. */
  readonly systemLength: number;
  /** Tokens in the references, of each sentence the one that is nearest in length (of two, the shorter). */
  readonly referenceLength: number;
  /** systemLength / referenceLength; 0 where the references are empty. */
  readonly ratio: number;
  /** `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:heed-…`: scores compare only under the same signature. */
  readonly signature: string;
  /** `BLEU = 41.02 72.1/48.0/34.2/24.8 (BP = 0.987 ratio = 0.987 hyp_len = 12100 ref_len = 12258)`. */
  format(options?: ScoreFormat): string;
}

/**
 * BLEU's counts by sentence, for `bootstrap` and the paired tests.
 * @throws InputError as {@link bleu} does.
 */
export function bleuStatistics(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions = {},
): ExampleStatistics {
  const settings = bleuSettings(options);
  checkParallel(hypotheses, references);
  const width = 2 + 2 * settings.maxOrder;
  const rows = new Float64Array(hypotheses.length * width);
  for (const [index, hypothesis] of hypotheses.entries()) {
    const lines = references.map((stream) => stream[index]!);
    rows.set(segmentRow(bleuSegment(hypothesis, lines, settings)), index * width);
  }
  const score = (sums: Float64Array): number => bleuParts(sums, settings).score;
  const metric = `BLEU|${bleuSignature(references.length, settings)}`;
  return summedStatistics(metric, width, rows, score);
}

/**
 * BLEU of a corpus. `references` holds one array of lines for each reference translation; line i of each belongs to
 * hypothesis i. A match counts if any of the references has it.
 * @throws InputError where a stream's length differs (which one, how many lines), where there is nothing to score, and
 * for an option outside its choices.
 */
export function bleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: BleuOptions = {},
): BleuScore {
  const settings = bleuSettings(options);
  const { rows, width } = bleuStatistics(hypotheses, references, options);
  const sums = sumRows(rows, width);
  return bleuScore(bleuParts(sums, settings), references.length, settings);
}

/**
 * BLEU of one sentence. Orders that the sentence is too short for are left out unless `effectiveOrder` is false.
 * @throws InputError where there is no reference, and for an option outside its choices.
 */
export function sentenceBleu(hypothesis: string, references: readonly string[], options: BleuOptions = {}): BleuScore {
  const { effectiveOrder = true } = options;
  return bleu(
    [hypothesis],
    references.map((reference) => [reference]),
    { ...options, effectiveOrder },
  );
}

/** The score that {@link bleu} returns, from its parts. */
export function bleuScore(parts: BleuParts, references: number, settings: BleuSettings): BleuScore {
  const { score, counts, totals, systemLength, referenceLength } = parts;
  const precisions = parts.terms.map(percent);
  const ratio = referenceLength === 0 ? 0 : systemLength / referenceLength;
  const signature = (interval?: Interval): string => bleuSignature(references, settings, interval);
  const details =
    `${precisions.map((precision) => fixed(precision, 1)).join("/")} (BP = ${fixed(parts.brevityPenalty, 3)} ` +
    `ratio = ${fixed(ratio, 3)} hyp_len = ${systemLength} ref_len = ${referenceLength})`;
  return {
    score,
    precisions,
    counts,
    totals,
    brevityPenalty: parts.brevityPenalty,
    systemLength,
    referenceLength,
    ratio,
    signature: signature(),
    format: (options = {}) => scoreLine("BLEU", score, details, signature, options),
  };
}

function bleuSignature(references: number, settings: BleuSettings, interval?: Interval): string {
  const { lowercase, effectiveOrder, tokenize, smoothing, smoothingValue } = settings;
  const fields = [
    ["case", lowercase ? "lc" : "mixed"],
    ["eff", effectiveOrder ? "yes" : "no"],
    ["tok", tokenize],
    ["smooth", smoothingValue === undefined ? smoothing : `${smoothing}[${fixed(smoothingValue, 2)}]`],
  ] as const;
  return signatureLine(references, fields, interval);
}
