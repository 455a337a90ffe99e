/** Functions that change the scores of the next token. They stand in a list and run one after another. */

/**
 * Changes the scores of one row in place: logits in greedy search and sampling, log-probabilities in beam search.
 * −∞ rules a token out.
 * @param scores One a token of the vocabulary.
 * @param history The row's tokens so far, prompt included.
 */
export type LogitsProcessor = (scores: Float32Array, history: readonly number[]) => void;

/** Divides positive and multiplies negative scores of tokens that are there already (Keskar et al. 2019, section 4.1). */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, history) => {
    for (const id of new Set(history)) {
      const score = scores[id];
      if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
    }
  };
}

/** Divides all scores: below 1 sharpens, above 1 flattens. */
export function temperature(value: number): LogitsProcessor {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / value;
  };
}

/** Keeps the `count` best (Fan et al. 2018, section 5.1) and what equals the last of them. */
export function topK(count: number): LogitsProcessor {
  return (scores) => {
    if (count >= scores.length) return;
    dropBelow(scores, scores.toSorted()[scores.length - count]!);
  };
}

/** Keeps the fewest best that together have a probability of at least `mass` (Holtzman et al. 2020, section 3.1). */
export function topP(mass: number): LogitsProcessor {
  return (scores) => {
    if (mass >= 1) return;
    const sorted = scores.toSorted();
    const best = sorted.at(-1)!;
    let total = 0;
    for (const score of sorted) total += Math.exp(score - best);
    let sum = 0;
    let last = sorted.length - 1;
    for (; last > 0; last--) {
      sum += Math.exp(sorted[last]! - best);
      if (sum >= mass * total) break;
    }
    dropBelow(scores, sorted[last]!);
  };
}

/** Keeps tokens with at least `share` of the best one's probability (Nguyen et al. 2024, section 3). */
export function minP(share: number): LogitsProcessor {
  return (scores) => {
    let best = -Infinity;
    for (const score of scores) best = Math.max(best, score);
    dropBelow(scores, best + Math.log(share));
  };
}

function dropBelow(scores: Float32Array, threshold: number): void {
  for (let i = 0; i < scores.length; i++) if (scores[i]! < threshold) scores[i] = -Infinity;
}

/** log Σ exp, computed without overflow. */
export function logSumExp(scores: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > largest) largest = scores[i]!;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - largest);
  return largest + Math.log(sum);
}
