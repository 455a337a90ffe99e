/**
 * chrF (Popović 2015) and chrF++ (Popović 2017): the F-score of character n-grams, and for chrF++ of word n-grams too.
 * Equal to sacreBLEU 2 in score and printed line.
 */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, scoreOf, summedStatistics } from "./examples.ts";
import { checkParallel, checkWhole, splitWords } from "./lines.ts";
import { type NgramCounts, countCharacterNgrams, countNgrams } from "./ngrams.ts";
import type { Interval } from "./resampling.ts";
import { type ScoreFormat, scoreLine, signatureLine } from "./score-line.ts";

/** The options of chrF; every default is sacreBLEU's. */
export interface ChrfOptions {
  /** The longest character n-grams. Default 6. */
  readonly charOrder?: number | undefined;
  /** The longest word n-grams: 0 (default) is chrF, 2 is chrF++. */
  readonly wordOrder?: number | undefined;
  /** Recall counts beta times as much as precision. Default 2. */
  readonly beta?: number | undefined;
  /** Compare without regard to case. Default false. */
  readonly lowercase?: boolean | undefined;
  /** Count white space as characters. Default false. */
  readonly whitespace?: boolean | undefined;
}

/** A chrF score. */
export interface ChrfScore {
  /** `chrF2`, `chrF2++`: the number is beta, a plus for each order of words. */
  readonly name: string;
  /** From 0 to 100. */
  readonly score: number;
  /** `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:heed-…`. */
  readonly signature: string;
  /** `chrF2 = 61.37`. */
  format(options?: ScoreFormat): string;
}

interface ChrfSettings {
  readonly charOrder: number;
  readonly wordOrder: number;
  readonly beta: number;
  readonly lowercase: boolean;
  readonly whitespace: boolean;
}

function chrfSettings(options: ChrfOptions): ChrfSettings {
  const { charOrder = 6, wordOrder = 0, beta = 2, lowercase = false, whitespace = false } = options;
  checkWhole("charOrder", charOrder, 1);
  checkWhole("wordOrder", wordOrder, 0);
  if (!(beta > 0 && beta < Infinity)) throw new InputError(`beta is ${beta}; it must be a number above 0.`);
  return { charOrder, wordOrder, beta, lowercase, whitespace };
}

const PUNCTUATION = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

/** Words with one mark of ASCII punctuation split off: the one at the end, or else the one at the start. */
function wordsAndMarks(line: string): string[] {
  return splitWords(line).flatMap((word) => {
    if (word.length === 1) return [word];
    if (PUNCTUATION.has(word.at(-1)!)) return [word.slice(0, -1), word.at(-1)!];
    return PUNCTUATION.has(word[0]!) ? [word[0]!, word.slice(1)] : [word];
  });
}

/** Counts of all orders, characters first, then words. */
function allNgrams(line: string, settings: ChrfSettings): NgramCounts[] {
  const text = settings.lowercase ? line.toLowerCase() : line;
  const words = wordsAndMarks(text);
  return [
    ...countCharacterNgrams(settings.whitespace ? text : splitWords(text).join(""), settings.charOrder),
    ...Array.from({ length: settings.wordOrder }, (_, index) => countNgrams(words, index + 1)),
  ];
}

function sumCounts(counts: NgramCounts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** For each order: n-grams in the hypothesis (0 if the reference has none), in the reference, in both. */
function matchRow(hypothesis: readonly NgramCounts[], reference: readonly NgramCounts[]): number[] {
  return hypothesis.flatMap((counts, index) => {
    const others = reference[index]!;
    let matched = 0;
    for (const [ngram, count] of counts) matched += Math.min(count, others.get(ngram) ?? 0);
    return [others.size === 0 ? 0 : sumCounts(counts), sumCounts(others), matched];
  });
}

/** The F-score of precision and recall, each averaged over the orders that both sides are long enough for. */
function fScore(row: ArrayLike<number>, beta: number): number {
  let [precision, recall, orders] = [0, 0, 0];
  for (let at = 0; at < row.length; at += 3) {
    const [hypothesis, reference, matched] = [row[at]!, row[at + 1]!, row[at + 2]!];
    if (hypothesis === 0 || reference === 0) continue;
    precision += matched / hypothesis;
    recall += matched / reference;
    orders++;
  }
  if (precision + recall === 0) return 0;
  [precision, recall] = [precision / orders, recall / orders];
  return (100 * ((1 + beta ** 2) * precision * recall)) / (beta ** 2 * precision + recall);
}

/**
 * chrF's counts by sentence, for `bootstrap` and the paired tests. Of several references the one with the best F-score
 * counts.
 * @throws InputError as {@link chrf} does.
 */
export function chrfStatistics(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: ChrfOptions = {},
): ExampleStatistics {
  const settings = chrfSettings(options);
  checkParallel(hypotheses, references);
  const width = 3 * (settings.charOrder + settings.wordOrder);
  const rows = new Float64Array(hypotheses.length * width);
  for (const [index, hypothesis] of hypotheses.entries()) {
    const ngrams = allNgrams(hypothesis, settings);
    let best = -1;
    for (const stream of references) {
      const row = matchRow(ngrams, allNgrams(stream[index]!, settings));
      const score = fScore(row, settings.beta);
      if (score <= best) continue;
      best = score;
      rows.set(row, index * width);
    }
  }
  const score = (sums: Float64Array): number => fScore(sums, settings.beta);
  const metric = `${chrfName(settings)}|${chrfSignature(references.length, settings)}`;
  return summedStatistics(metric, width, rows, score);
}

function chrfName({ beta, wordOrder }: ChrfSettings): string {
  return `chrF${beta}${"+".repeat(wordOrder)}`;
}

function chrfSignature(references: number, settings: ChrfSettings, interval?: Interval): string {
  const fields = [
    ["case", settings.lowercase ? "lc" : "mixed"],
    ["eff", "yes"],
    ["nc", settings.charOrder],
    ["nw", settings.wordOrder],
    ["space", settings.whitespace ? "yes" : "no"],
  ] as const;
  return signatureLine(references, fields, interval);
}

/**
 * chrF of a corpus. `references` holds one array of lines for each reference translation.
 * @throws InputError where a stream's length differs (which one, how many lines), where there is nothing to score, and
 * for an order or beta that is out of range.
 */
export function chrf(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: ChrfOptions = {},
): ChrfScore {
  const settings = chrfSettings(options);
  const score = scoreOf(chrfStatistics(hypotheses, references, options));
  const signature = (interval?: Interval): string => chrfSignature(references.length, settings, interval);
  const name = chrfName(settings);
  return {
    name,
    score,
    signature: signature(),
    format: (format = {}) => scoreLine(name, score, "", signature, format),
  };
}
