/** The numbers that PPO learns from, of one answer at a time: rewards of tokens, advantages, and the weight of the KL. */

/**
 * The reward of each token of an answer (Ziegler et al. 2019, equation 2): the score of the whole answer at its last
 * token, and everywhere −β (log π − log π_ref), what it costs to leave the reference.
 */
export function tokenRewards(
  logProbabilities: ArrayLike<number>,
  reference: ArrayLike<number>,
  score: number,
  coefficient: number,
): Float64Array {
  const last = logProbabilities.length - 1;
  return Float64Array.from(logProbabilities, (value, i) => {
    return -coefficient * (value - reference[i]!) + (i === last ? score : 0);
  });
}

/** What each token was worth. */
export interface Advantages {
  /** How much better each token did than its state was valued. */
  readonly advantages: Float64Array;
  /** What the states should have been valued: advantages + values. */
  readonly returns: Float64Array;
}

/**
 * Generalized advantages of an answer that has ended (Schulman et al. 2016, equation 16): Σ (γλ)^l δ_(t+l), with
 * δ_t = r_t + γ V_(t+1) − V_t, and V = 0 behind the end.
 */
export function generalizedAdvantages(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  { gamma, lambda }: { readonly gamma: number; readonly lambda: number },
): Advantages {
  const advantages = new Float64Array(rewards.length);
  let later = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    const next = t + 1 < rewards.length ? values[t + 1]! : 0;
    later = rewards[t]! + gamma * next - values[t]! + gamma * lambda * later;
    advantages[t] = later;
  }
  return { advantages, returns: advantages.map((advantage, t) => advantage + values[t]!) };
}

/** The numbers of all answers, moved and scaled so that together they have mean 0 and variance 1. */
export function whitened(all: readonly Float64Array[]): Float64Array[] {
  const count = all.reduce((sum, { length }) => sum + length, 0);
  const mean = all.reduce((sum, one) => sum + one.reduce((total, x) => total + x, 0), 0) / count;
  const variance = all.reduce((sum, one) => sum + one.reduce((total, x) => total + (x - mean) ** 2, 0), 0) / count;
  const scale = 1 / Math.sqrt(variance + 1e-8);
  return all.map((one) => one.map((x) => (x - mean) * scale));
}

/**
 * The weight of the KL after a batch, where it is steered to a target (Ziegler et al. 2019, section 2.2):
 * β (1 + gain · clip(KL / target − 1, −0.2, 0.2)).
 */
export function steeredCoefficient(
  coefficient: number,
  divergence: number,
  { target, gain }: { readonly target: number; readonly gain: number },
): number {
  const error = Math.min(0.2, Math.max(-0.2, divergence / target - 1));
  return coefficient * (1 + gain * error);
}
