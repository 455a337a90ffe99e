/** Functions that change the scores of the next token. They stand in a list and run one after another. */

/**
 * Changes the scores of one row in place: logits in greedy search and sampling, log-probabilities in beam search.
 * −∞ rules a token out.
 * @param scores One a token of the vocabulary.
 * @param history The row's tokens so far, prompt and its padding included.
 */
export type LogitsProcessor = (scores: Float32Array, history: readonly number[]) => void;

/**
 * Divides positive and multiplies negative scores of tokens that are there already (Keskar et al. 2019, section 4.1).
 * The first `skip` tokens, padding, do not count.
 */
export function repetitionPenalty(penalty: number, skip = 0): LogitsProcessor {
  return (scores, history) => {
    penalize(scores, skip === 0 ? history : history.slice(skip), penalty);
  };
}

/** The scores of tokens of the encoder's input, as if each had come with the inverse penalty. */
export function encoderRepetitionPenalty(penalty: number, encoderIds: ArrayLike<number>): LogitsProcessor {
  const ids = Array.from(encoderIds);
  return (scores) => {
    penalize(scores, ids, 1 / penalty);
  };
}

function penalize(scores: Float32Array, ids: readonly number[], penalty: number): void {
  for (const id of new Set(ids)) {
    const score = scores[id];
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
  }
}

/** Rules out what would complete a run of `size` tokens that is there already. */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, history) => {
    const prefix = history.length + 1 - size;
    if (prefix < 1) return;
    for (let start = 0; start + size <= history.length; start++) {
      let same = true;
      for (let i = 0; same && i < size - 1; i++) same = history[start + i] === history[prefix + i];
      if (same) ruleOut(scores, history[start + size - 1]!);
    }
  };
}

/** Rules out what would complete a run of `size` tokens of the encoder's input. */
export function encoderNoRepeatNgram(size: number, encoderIds: ArrayLike<number>): LogitsProcessor {
  const next = new Map<string, number[]>();
  const ids = Array.from(encoderIds);
  for (let start = 0; start + size <= ids.length; start++) {
    const prefix = ids.slice(start, start + size - 1).join();
    next.set(prefix, [...(next.get(prefix) ?? []), ids[start + size - 1]!]);
  }
  return (scores, history) => {
    if (history.length < size - 1) return;
    for (const id of next.get(history.slice(history.length + 1 - size).join()) ?? []) ruleOut(scores, id);
  };
}

const ruleOut = (scores: Float32Array, id: number): void => {
  if (id < scores.length) scores[id] = -Infinity;
};

/** Adds to the score of a sequence's last token where the tokens before it have just come. */
export function sequenceBias(biases: readonly (readonly [readonly number[], number])[]): LogitsProcessor {
  // Of a single token that stands there twice, the last one counts.
  const single = new Map(biases.filter(([ids]) => ids.length === 1).map(([[id], bias]) => [id!, bias]));
  const longer = biases.filter(([ids]) => ids.length > 1);
  return (scores, history) => {
    for (const [id, bias] of single) scores[id] = scores[id]! + bias;
    for (const [ids, bias] of longer) {
      const start = history.length - ids.length + 1;
      if (start < 0 || !ids.slice(0, -1).every((id, i) => id === history[start + i])) continue;
      scores[ids.at(-1)!] = scores[ids.at(-1)!]! + bias;
    }
  };
}

/** From `start` tokens on, raises the scores of the end tokens by |score| · (factor^steps − 1). */
export function exponentialDecay(start: number, factor: number, endIds: Iterable<number>): LogitsProcessor {
  const ids = [...endIds];
  return (scores, history) => {
    if (history.length <= start) return;
    for (const id of ids) {
      const score = scores[id]!;
      if (Number.isFinite(score)) scores[id] = score + Math.abs(score) * (factor ** (history.length - start) - 1);
    }
  };
}

const LARGEST = 3.4028234663852886e38;

/** NaN becomes 0, and what is infinite the largest float32. */
export const finiteScores: LogitsProcessor = (scores) => {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (Number.isNaN(score)) scores[i] = 0;
    else if (score === Infinity || score === -Infinity) scores[i] = score > 0 ? LARGEST : -LARGEST;
  }
};

/** Scores become log-probabilities. */
export const normalizedScores: LogitsProcessor = (scores) => {
  const whole = logSumExp(scores);
  for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! - whole;
};

/** log Σ exp, computed without overflow. */
export function logSumExp(scores: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > largest) largest = scores[i]!;
  if (largest === -Infinity) return largest;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - largest);
  return largest + Math.log(sum);
}
