/**
 * How BART damages a text that it then learns to write as it was (Lewis et al.: "BART: Denoising sequence-to-sequence
 * pre-training", 2020, section 2.2 and figure 2). Each is a function of token ids without special tokens; what is random
 * comes from the generator that is given, so the same generator gives the same damage.
 */
import { InputError } from "../errors/index.ts";
import { shuffle, type Random } from "../random/index.ts";

/** How much of a text a kind of noise takes, from 0 to 1. */
export interface NoiseShare {
  readonly share: number;
}

/** A place in a text, for noises that put a token there. */
export interface MaskNoise extends NoiseShare {
  /** The id of the mask token. */
  readonly mask: number;
}

/** Spans whose lengths are drawn. */
export interface InfillingNoise extends MaskNoise {
  /** Of the Poisson distribution of the spans' lengths. Default: 3. */
  readonly meanLength?: number | undefined;
}

/** A text whose spans were replaced, and what was done to it. */
export interface Infilled {
  readonly ids: number[];
  /** Tokens that are gone. */
  readonly removed: number;
  /** Mask tokens that stand for one token or more. */
  readonly spans: number;
  /** Mask tokens that stand for nothing. */
  readonly insertions: number;
}

/** How many of `length` tokens a share is, to the nearest whole number. */
function countOf(length: number, { share }: NoiseShare): number {
  if (share >= 0 && share <= 1) return Math.round(share * length);
  throw new InputError(`The share of a text that noise takes is ${share}; expected a number from 0 to 1.`);
}

/** `count` of the numbers below `size`, each at most once, all choices equally likely: whether each is chosen. */
export function chosen(size: number, count: number, generator: Random): Uint8Array {
  const flags = new Uint8Array(size);
  const places = Array.from({ length: size }, (_, i) => i);
  for (let i = 0; i < Math.min(count, size); i++) {
    const j = i + generator.below(size - i);
    flags[places[j]!] = 1;
    places[j] = places[i]!;
  }
  return flags;
}

/** Token masking: a share of the tokens becomes the mask token, as in BERT. */
export function tokenMasking(ids: readonly number[], { mask, ...noise }: MaskNoise, generator: Random): number[] {
  const flags = chosen(ids.length, countOf(ids.length, noise), generator);
  return ids.map((id, i) => (flags[i] === 1 ? mask : id));
}

/** Token deletion: a share of the tokens is gone without a trace, so that the model must find out where. */
export function tokenDeletion(ids: readonly number[], noise: NoiseShare, generator: Random): number[] {
  const flags = chosen(ids.length, countOf(ids.length, noise), generator);
  return ids.filter((_, i) => flags[i] === 0);
}

/**
 * Text infilling: spans whose lengths are drawn from a Poisson distribution, together a share of the tokens, become a
 * single mask token each; a span of length 0 inserts one. All ways to lay the spans are equally likely; the last span is
 * cut where the share is reached.
 */
export function textInfilling(
  ids: readonly number[],
  { mask, meanLength = 3, ...noise }: InfillingNoise,
  generator: Random,
): Infilled {
  if (!(meanLength >= 1)) throw new InputError(`The mean length of spans is ${meanLength}; expected at least 1.`);
  const removed = countOf(ids.length, noise);
  const spans: number[] = [];
  let insertions = 0;
  for (let left = removed; left > 0;) {
    const length = Math.min(poisson(meanLength, generator), left);
    if (length === 0) insertions++;
    else spans.push(length);
    left -= length;
  }
  // What is kept, and the spans between it, as one row of slots; then the insertions between those.
  const slots = ids.length - removed + spans.length;
  const isSpan = chosen(slots, spans.length, generator);
  const isInsertion = chosen(slots + insertions, insertions, generator);
  const noisy: number[] = [];
  for (let place = 0, slot = 0, span = 0, from = 0; place < slots + insertions; place++) {
    if (isInsertion[place] === 1) {
      noisy.push(mask);
      continue;
    }
    if (isSpan[slot++] === 1) {
      noisy.push(mask);
      from += spans[span++]!;
    } else noisy.push(ids[from++]!);
  }
  return { ids: noisy, removed, spans: spans.length, insertions };
}

/** Sentence permutation: the sentences of a document in random order. */
export function sentencePermutation<T>(sentences: readonly T[], generator: Random): T[] {
  return shuffle([...sentences], generator);
}

/** Document rotation: a token is drawn, and the document begins with it; what stood before it comes at the end. */
export function documentRotation(ids: readonly number[], generator: Random): number[] {
  if (ids.length === 0) return [];
  const start = generator.below(ids.length);
  return [...ids.slice(start), ...ids.slice(0, start)];
}

/** A draw from a Poisson distribution (Knuth, The Art of Computer Programming, volume 2, section 3.4.1, algorithm Q). */
export function poisson(mean: number, generator: Random): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = generator.uniform(); product > least; product *= generator.uniform()) count++;
  return count;
}

/** Which noises a text gets, and how much of each; what is left out is not done. */
export interface DocumentNoise {
  /** The share of tokens in spans that become single masks. BART's own: 0.3. */
  readonly infill?: number | undefined;
  /** The mean length of those spans. */
  readonly meanLength?: number | undefined;
  /** The share of tokens that become masks, one each. */
  readonly mask?: number | undefined;
  /** The share of tokens that are left out. */
  readonly delete?: number | undefined;
  /** The probability that a document's sentences are permuted. BART's own: 1. */
  readonly permute?: number | undefined;
  /** The probability that a document is rotated. */
  readonly rotate?: number | undefined;
}

/**
 * All noises that are asked for, on the sentences of one document: permutation, then infilling, masking and deletion of
 * what is left, then rotation.
 */
export function addNoise(
  sentences: readonly (readonly number[])[],
  noise: DocumentNoise,
  maskId: number,
  generator: Random,
): number[] {
  const { infill = 0, meanLength, mask = 0, delete: deleted = 0, permute = 0, rotate = 0 } = noise;
  let ids = (generator.uniform() < permute ? sentencePermutation(sentences, generator) : sentences).flat();
  if (infill > 0) ids = textInfilling(ids, { share: infill, meanLength, mask: maskId }, generator).ids;
  if (mask > 0) ids = tokenMasking(ids, { share: mask, mask: maskId }, generator);
  if (deleted > 0) ids = tokenDeletion(ids, { share: deleted }, generator);
  return generator.uniform() < rotate ? documentRotation(ids, generator) : ids;
}
