/**
 * T5's span corruption (Raffel et al.: "Exploring the limits of transfer learning with a unified text-to-text
 * Transformer", 2020, sections 3.1.4 and 3.3.4, figure 2): spans of a text are replaced by sentinels, and what is to be
 * written are the spans behind their sentinels.
 */
import { InputError } from "../errors/index.ts";
import type { Random } from "../random/index.ts";
import { chosen } from "./document-noise.ts";

/** How much of a text is corrupted. */
export interface SpanCorruption {
  /** The share of tokens in spans. Default: 0.15. */
  readonly density?: number | undefined;
  /** The mean length of a span. Default: 3. */
  readonly meanLength?: number | undefined;
  /**
   * Whether a part of the tokens before the first span, drawn at random, stands behind the last one instead. The published
   * code always ends with a span, which of a short text leaves out its end and nothing else. Default: true.
   */
  readonly roll?: boolean | undefined;
}

/** How many tokens of a text of some length are corrupted, and in how many spans. */
export interface SpanCounts {
  readonly corrupted: number;
  readonly spans: number;
}

/** What a model reads and what it is to write, without end tokens. */
export interface CorruptedText {
  readonly input: number[];
  readonly target: number[];
}

/**
 * At least one token is corrupted and at least one is not, and as many spans are laid as have room between tokens that
 * stay. Throws InputError for a text of fewer than two tokens, and for shares that are none.
 */
export function spanCounts(length: number, { density = 0.15, meanLength = 3 }: SpanCorruption = {}): SpanCounts {
  if (!(density > 0 && density < 1 && meanLength >= 1)) {
    throw new InputError(
      `Spans are a share of ${density} of a text, ${meanLength} tokens long; expected a share between 0 and 1 and a ` +
        `length of at least 1.`,
    );
  }
  if (length < 2) throw new InputError(`A text of ${length} tokens cannot be corrupted in part; it needs at least 2.`);
  const corrupted = Math.min(Math.max(rounded(length * density), 1), length - 1);
  const spans = Math.min(Math.max(rounded(corrupted / meanLength), 1), corrupted, length - corrupted);
  return { corrupted, spans };
}

/** To the nearest whole number, halves to the even one, as the published code rounds. */
function rounded(x: number): number {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 === 1 ? nearest - 1 : nearest;
}

/** The lengths of what is read and written, with an end token each, and one sentinel more at the end of the target. */
export function corruptedLengths(length: number, corruption: SpanCorruption = {}): { input: number; target: number } {
  const { corrupted, spans } = spanCounts(length, corruption);
  return { input: length - corrupted + spans + 1, target: corrupted + spans + 2 };
}

/** The most tokens of a text whose corrupted form is at most `input` tokens long, its end token included. */
export function longestText(input: number, corruption: SpanCorruption = {}): number {
  let length = Math.max(2, input - 1);
  if (corruptedLengths(length, corruption).input > input) {
    throw new InputError(`No text fits into ${input} tokens once it is corrupted; allow at least 3.`);
  }
  while (corruptedLengths(length + 1, corruption).input <= input) length++;
  return length;
}

/** Whether each token is in a span. No two spans touch. */
export function spanMask(length: number, corruption: SpanCorruption, generator: Random): Uint8Array {
  const { corrupted, spans } = spanCounts(length, corruption);
  const hidden = randomSegments(corrupted, spans, generator);
  const kept = randomSegments(length - corrupted, spans, generator);
  const mask = new Uint8Array(length);
  let place = corruption.roll === false ? 0 : -generator.below(kept[0]! + 1);
  for (let span = 0; span < spans; span++) {
    place += kept[span]!;
    mask.fill(1, place, place + hidden[span]!);
    place += hidden[span]!;
  }
  return mask;
}

/** `items` cut into `segments` parts of at least one each, all ways equally likely. */
function randomSegments(items: number, segments: number, generator: Random): number[] {
  const begins = chosen(items - 1, segments - 1, generator);
  const lengths = [1];
  for (const begin of begins) {
    if (begin === 1) lengths.push(1);
    else lengths[lengths.length - 1]!++;
  }
  return lengths;
}

/**
 * A text with each span replaced by the next sentinel, and the spans, each behind its sentinel, with one more sentinel
 * at the end (figure 2; the published code leaves that last one out). Throws InputError where there are too few.
 */
export function corruptSpans(
  ids: readonly number[],
  sentinels: readonly number[],
  corruption: SpanCorruption,
  generator: Random,
): CorruptedText {
  const { spans } = spanCounts(ids.length, corruption);
  if (spans + 1 > sentinels.length) {
    throw new InputError(
      `A text of ${ids.length} tokens has ${spans} spans, and the tokenizer has ${sentinels.length} sentinels for them ` +
        `and the end. Cut texts shorter (maxLength).`,
    );
  }
  const mask = spanMask(ids.length, corruption, generator);
  const [input, target]: [number[], number[]] = [[], []];
  let span = 0;
  for (const [i, id] of ids.entries()) {
    if (mask[i] === 0) {
      input.push(id);
      continue;
    }
    if (mask[i - 1] !== 1) {
      input.push(sentinels[span]!);
      target.push(sentinels[span++]!);
    }
    target.push(id);
  }
  target.push(sentinels[span]!);
  return { input, target };
}
