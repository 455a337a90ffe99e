/** Named entities: a span counts only if its type and both ends are right. Equal to seqeval (Nakayama 2018). */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, checkEqual, meanStatistics, summedStatistics } from "./examples.ts";
import {
  type Average,
  type ClassScore,
  type MatchCounts,
  type PrecisionRecall,
  averagedScores,
  classScores,
} from "./precision-recall.ts";
import { type TagScheme, type TagSpan, readTags } from "./tag-spans.ts";

/** A sentence's tags, one a token. */
export type Tags = readonly string[];

/** How tags are read. */
export interface SpanOptions {
  /** Count only spans that obey this scheme (seqeval's strict mode); default: repair faulty tags. */
  readonly scheme?: TagScheme | undefined;
  /** The types; default: all that occur. Systems that are to be compared need the same. */
  readonly types?: readonly string[] | undefined;
}

/** The scores of tagged sentences. */
export interface SpanScores {
  readonly micro: PrecisionRecall;
  readonly macro: PrecisionRecall;
  readonly weighted: PrecisionRecall;
  /** Of each type, sorted by name. */
  readonly types: readonly ClassScore[];
  /** The share of tokens whose tag is right: high wherever most tags are O. */
  readonly tokenAccuracy: number;
  /** Faulty tags, repaired or (with a scheme) not counted. */
  readonly faults: { readonly gold: number; readonly predicted: number };
}

interface Sentence {
  readonly gold: readonly TagSpan[];
  readonly predicted: readonly TagSpan[];
}

interface ReadSentences {
  readonly sentences: readonly Sentence[];
  readonly types: readonly string[];
  readonly faults: { readonly gold: number; readonly predicted: number };
}

/**
 * Precision, recall and F1 of spans, over all (micro: the number that is reported for CoNLL-2003), by type, and
 * averaged over types.
 * @throws InputError where sentences or tags are missing on one side, and for a tag that is not of the scheme.
 */
export function spanScores(gold: readonly Tags[], predicted: readonly Tags[], options: SpanOptions = {}): SpanScores {
  const read = readSentences(gold, predicted, options);
  const width = 3 * read.types.length;
  const sums = new Float64Array(width);
  for (const sentence of read.sentences) sentenceRow(sentence, read.types).forEach((count, i) => (sums[i]! += count));
  const counts = countsOf(sums, read.types);
  const [goldTags, predictedTags] = [gold.flat(), predicted.flat()];
  const right = goldTags.filter((tag, i) => tag === predictedTags[i]).length;
  return {
    micro: averagedScores(counts, "micro"),
    macro: averagedScores(counts, "macro"),
    weighted: averagedScores(counts, "weighted"),
    types: classScores(counts),
    tokenAccuracy: right / goldTags.length,
    faults: read.faults,
  };
}

/**
 * What tagging is judged by: precision, recall and F1 over all spans, macro F1 over types, and the share of tokens that
 * are right. An example is a sentence.
 * @throws InputError as {@link spanScores} does.
 */
export function spanStatistics(
  gold: readonly Tags[],
  predicted: readonly Tags[],
  options: SpanOptions = {},
): ExampleStatistics[] {
  const { sentences, types } = readSentences(gold, predicted, options);
  const width = 3 * types.length;
  // Of sentences without any span there is still a number: 0.
  const rows = new Float64Array(sentences.length * Math.max(1, width));
  const labels = types;
  sentences.forEach((sentence, i) => {
    rows.set(sentenceRow(sentence, types), i * width);
  });
  const statistics = (name: string, average: Average, part: "precision" | "recall" | "f1"): ExampleStatistics => ({
    ...summedStatistics(name, Math.max(1, width), rows, (sums) => averagedScores(countsOf(sums, types), average)[part]),
    labels,
  });
  const right = gold.map((tags, i) => tags.filter((tag, at) => tag === predicted[i]![at]).length / tags.length);
  const lengths = gold.map((tags) => tags.length);
  return [
    statistics("F1", "micro", "f1"),
    statistics("precision", "micro", "precision"),
    statistics("recall", "micro", "recall"),
    statistics("F1, macro", "macro", "f1"),
    meanStatistics(right, lengths, "token accuracy"),
  ];
}

function readSentences(
  gold: readonly Tags[],
  predicted: readonly Tags[],
  { scheme, types: given }: SpanOptions,
): ReadSentences {
  checkEqual(gold.length, predicted.length, "gold sentence", "predicted sentence");
  const faults = { gold: 0, predicted: 0 };
  const types = new Set(given);
  const sentences = gold.map((tags, i) => {
    const others = predicted[i]!;
    if (others.length !== tags.length || tags.length === 0) {
      throw new InputError(
        `Sentence ${i + 1} has ${tags.length} gold tags and ${others.length} predicted ones. Give one of each a token.`,
      );
    }
    const [due, found] = [readTags(tags, scheme), readTags(others, scheme)];
    faults.gold += due.faults;
    faults.predicted += found.faults;
    for (const { type } of [...due.spans, ...found.spans]) types.add(type);
    return { gold: due.spans, predicted: found.spans };
  });
  return { sentences, types: [...types].sort(), faults };
}

/** Spans of each type that are right, predicted and due: `[3 · types]`. */
function sentenceRow({ gold, predicted }: Sentence, types: readonly string[]): Float64Array {
  const row = new Float64Array(3 * types.length);
  const keyOf = ({ type, start, end }: TagSpan): string => `${start} ${end} ${type}`;
  const due = new Set(gold.map(keyOf));
  for (const span of predicted) {
    const at = 3 * types.indexOf(span.type);
    row[at]! += due.has(keyOf(span)) ? 1 : 0;
    row[at + 1]! += 1;
  }
  for (const { type } of gold) row[3 * types.indexOf(type) + 2]! += 1;
  return row;
}

function countsOf(sums: Float64Array, types: readonly string[]): MatchCounts[] {
  return types.map((label, i) => ({
    label,
    correct: sums[3 * i]!,
    predicted: sums[3 * i + 1]!,
    gold: sums[3 * i + 2]!,
  }));
}
