/**
 * Attention as word alignment. All matrices here are target × source: row t says where the model looked in the source
 * when it predicted target word t, so the decoder's cross-attention at the position that predicts the word (with a start
 * token before the target, row 0 is the one that predicts the first token).
 */
import { InputError } from "../errors/index.ts";
import { type Share, share } from "./token-scores.ts";

/** The sub-words of a word: from `start` up to and not including `end`. */
export type Span = readonly [start: number, end: number];

/** A pair of corresponding words, source first (as in the Pharaoh format `0-0 1-2`). */
export type WordLink = readonly [source: number, target: number];

/**
 * Attention between words from attention between sub-words: weights to the sub-words of a source word are summed,
 * weights from the sub-words of a target word are averaged, so that rows keep their sum (Clark et al. 2019, section 4.1).
 * Sub-words outside all spans are left out; give a special token a span of its own to keep it among the words.
 * @param attention `[target sub-words][source sub-words]`
 * @returns `[target spans][source spans]`
 * @throws InputError for a span that is empty or reaches outside the matrix.
 */
export function mergeAttention(
  attention: readonly ArrayLike<number>[],
  sourceSpans: readonly Span[],
  targetSpans: readonly Span[],
): number[][] {
  checkSpans("target", targetSpans, attention.length);
  for (const row of attention) checkSpans("source", sourceSpans, row.length);
  return targetSpans.map(([start, end]) =>
    sourceSpans.map(([from, to]) => {
      let sum = 0;
      for (let t = start; t < end; t++) {
        for (let s = from; s < to; s++) sum += attention[t]![s]!;
      }
      return sum / (end - start);
    }),
  );
}

function checkSpans(side: string, spans: readonly Span[], length: number): void {
  for (const [index, [start, end]] of spans.entries()) {
    if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= length) continue;
    throw new InputError(
      `The ${side} span ${index} is [${start}, ${end}), but the attention has ${length} ${side} sub-words. ` +
        `A span must hold at least one sub-word and end at ${length} or before.`,
    );
  }
}

/**
 * The share of target words whose largest weight is on a source word that corresponds to them. Target words without a
 * link are not counted. A largest weight shared with a word that does not correspond is no hit, so even attention
 * scores nothing.
 * @param attention `[target words][source words]`
 * @param gold the corresponding words
 * @param options `targets`: count these target words only, for example the content words
 * @throws InputError for a link outside the matrix.
 */
export function alignmentAccuracy(
  attention: readonly ArrayLike<number>[],
  gold: Iterable<WordLink>,
  { targets }: { readonly targets?: Iterable<number> | undefined } = {},
): Share {
  const linked = new Map<number, Set<number>>();
  for (const [source, target] of gold) {
    const row = attention[target];
    if (row === undefined || !(source >= 0 && source < row.length)) {
      throw new InputError(
        `The link ${source}-${target} (source-target) lies outside the attention of ${attention.length} target words ` +
          `by ${attention[0]?.length ?? 0} source words. Links count words from 0, source first.`,
      );
    }
    linked.set(target, (linked.get(target) ?? new Set()).add(source));
  }
  const counted = targets === undefined ? undefined : new Set(targets);
  let [correct, total] = [0, 0];
  for (const [target, sources] of linked) {
    if (counted !== undefined && !counted.has(target)) continue;
    total++;
    const weights = Array.from(attention[target]!);
    const largest = Math.max(...weights);
    if (weights.every((weight, source) => weight < largest || sources.has(source))) correct++;
  }
  return share(correct, total);
}
