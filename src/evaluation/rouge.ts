/**
 * ROUGE (Lin 2004): how much of a reference summary's words, pairs of words and word order a summary has. Equal to the
 * Python package rouge-score.
 */
import { type ExampleStatistics, meanStatistics } from "./examples.ts";
import { checkParallel } from "./lines.ts";
import { countNgrams } from "./ngrams.ts";
import { porterStem } from "./porter.ts";

export const ROUGE_TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"] as const;
/** Single words, pairs of words, the longest common subsequence of the text, and that of its sentences joined. */
export type RougeType = (typeof ROUGE_TYPES)[number];

/** From 0 to 1. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** How texts are compared. */
export interface RougeOptions {
  /** Compare stems (Porter's) of words longer than three letters, as published results do. Default false. */
  readonly stemmer?: boolean | undefined;
}

/**
 * ROUGE of one summary; of several references, for each type the one with the highest F1 counts. For `rougeLsum` a line
 * is a sentence.
 * @throws InputError where there is no reference.
 */
export function rougeScores(
  hypothesis: string,
  references: readonly string[],
  options: RougeOptions = {},
): Record<RougeType, RougeScore> {
  checkParallel(
    [hypothesis],
    references.map((reference) => [reference]),
  );
  const all = references.map((reference) => rougeOf(hypothesis, reference, options));
  const best = (type: RougeType): RougeScore =>
    all.map((scores) => scores[type]).reduce((most, one) => (one.f1 > most.f1 ? one : most));
  return { rouge1: best("rouge1"), rouge2: best("rouge2"), rougeL: best("rougeL"), rougeLsum: best("rougeLsum") };
}

/**
 * What summaries are judged by: the mean F1 of each type, from 0 to 1. `references` holds one array of texts for each
 * reference; text i of each belongs to hypothesis i.
 * @throws InputError where a reference has not as many texts, and where there are none.
 */
export function rougeStatistics(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  options: RougeOptions = {},
): ExampleStatistics[] {
  checkParallel(hypotheses, references);
  const scores = hypotheses.map((hypothesis, i) => {
    return rougeScores(
      hypothesis,
      references.map((texts) => texts[i]!),
      options,
    );
  });
  return ROUGE_TYPES.map((type) =>
    meanStatistics(
      scores.map((one) => one[type].f1),
      undefined,
      type,
    ),
  );
}

function rougeOf(hypothesis: string, reference: string, options: RougeOptions): Record<RougeType, RougeScore> {
  const [found, due] = [wordsOf(hypothesis, options), wordsOf(reference, options)];
  const ngrams = (n: number): RougeScore => {
    const [own, others] = [countNgrams(found, n), countNgrams(due, n)];
    let common = 0;
    for (const [ngram, count] of own) common += Math.min(count, others.get(ngram) ?? 0);
    return scoreOfCounts(common, Math.max(0, found.length - n + 1), Math.max(0, due.length - n + 1));
  };
  return {
    rouge1: ngrams(1),
    rouge2: ngrams(2),
    rougeL: scoreOfCounts(commonPlaces(due, found).length, found.length, due.length),
    rougeLsum: summaryScore(sentencesOf(hypothesis, options), sentencesOf(reference, options)),
  };
}

/** Runs of a–z and 0–9 in the lower-cased text; other scripts have none. */
function wordsOf(text: string, { stemmer = false }: RougeOptions): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return stemmer ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : words;
}

function sentencesOf(text: string, options: RougeOptions): string[][] {
  return text.split("\n").map((line) => wordsOf(line, options));
}

function scoreOfCounts(common: number, found: number, due: number): RougeScore {
  const [precision, recall] = [common / Math.max(1, found), common / Math.max(1, due)];
  return { precision, recall, f1: common === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/**
 * The places in the reference of a longest common subsequence. Of several the one that rouge-score reads out of the
 * table, from the end: for `rougeLsum` the choice makes a difference.
 */
function commonPlaces(reference: readonly string[], found: readonly string[]): number[] {
  const width = found.length + 1;
  const lengths = new Uint32Array((reference.length + 1) * width);
  for (let i = 1; i <= reference.length; i++) {
    for (let j = 1; j < width; j++) {
      const same = reference[i - 1] === found[j - 1];
      lengths[i * width + j] = same
        ? lengths[(i - 1) * width + j - 1]! + 1
        : Math.max(lengths[(i - 1) * width + j]!, lengths[i * width + j - 1]!);
    }
  }
  const places: number[] = [];
  for (let i = reference.length, j = found.length; i > 0 && j > 0;) {
    if (reference[i - 1] === found[j - 1]) {
      places.unshift(i - 1);
      i--;
      j--;
    } else if (lengths[i * width + j - 1]! > lengths[(i - 1) * width + j]!) j--;
    else i--;
  }
  return places;
}

/**
 * Lin 2004, section 3.2: of each sentence of the reference the words that are in a longest common subsequence with any
 * sentence of the summary; none counts more often than it occurs in either text (as in ROUGE 1.5.5).
 */
function summaryScore(found: readonly string[][], due: readonly string[][]): RougeScore {
  const [foundLeft, dueLeft] = [countNgrams(found.flat(), 1), countNgrams(due.flat(), 1)];
  let common = 0;
  for (const sentence of due) {
    const places = new Set(found.flatMap((other) => commonPlaces(sentence, other)));
    for (const place of places) {
      const word = sentence[place]!;
      const [left, wanted] = [foundLeft.get(word) ?? 0, dueLeft.get(word) ?? 0];
      if (left === 0 || wanted === 0) continue;
      common++;
      foundLeft.set(word, left - 1);
      dueLeft.set(word, wanted - 1);
    }
  }
  return scoreOfCounts(common, found.flat().length, due.flat().length);
}
