/** Processors of sampling: they narrow down what is drawn from. Each keeps at least `keep` tokens. */
import { logSumExp, type LogitsProcessor } from "./processors.ts";

/** Divides all scores: below 1 sharpens, above 1 flattens. */
export function temperature(value: number): LogitsProcessor {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / value;
  };
}

/** Of the 100 best, keeps those that hold up to this share of their entropy (Potraghloo et al. 2025), and the best. */
export function topH(share: number): LogitsProcessor {
  return (scores) => {
    const order = best(scores, Math.min(100, scores.length));
    const whole = logSumExp(Float32Array.from(order, (i) => scores[i]!));
    const terms = order.map((i) => {
      const log = scores[i]! - whole;
      return log === -Infinity ? 0 : -Math.exp(log) * log;
    });
    const limit = share * terms.reduce((a, b) => a + b, 0);
    let sum = 0;
    const kept = new Set(order.filter((_, rank) => (sum += terms[rank]!) <= limit || rank === 0));
    drop(scores, (i) => !kept.has(i));
  };
}

/** Keeps the `count` best (Fan et al. 2018, section 5.1) and what equals the last of them. */
export function topK(count: number, keep = 1): LogitsProcessor {
  const kept = Math.max(count, keep);
  return (scores) => {
    if (kept >= scores.length) return;
    const threshold = scores.toSorted()[scores.length - kept]!;
    drop(scores, (i) => scores[i]! < threshold);
  };
}

/** Keeps the fewest best that together have a probability of at least `mass` (Holtzman et al. 2020, section 3.1). */
export function topP(mass: number, keep = 1): LogitsProcessor {
  return (scores) => {
    if (mass >= 1) return;
    const whole = logSumExp(scores);
    const sorted = scores.filter((score) => score !== -Infinity).sort();
    const last = Math.max(sorted.length - keep, 0);
    let sum = 0;
    let first = 0;
    for (; first < last; first++) {
      sum += Math.exp(sorted[first]! - whole);
      if (sum > 1 - mass) break;
    }
    dropBelow(scores, sorted[first] ?? -Infinity, []);
  };
}

/** Keeps tokens with at least `share` of the best one's probability (Nguyen et al. 2024, section 3). */
export function minP(share: number, keep = 1): LogitsProcessor {
  return (scores) => {
    const [first, ...others] = best(scores, keep);
    const threshold = scores[first!]! + Math.log(share);
    dropBelow(scores, threshold, others);
  };
}

/** Keeps the tokens nearest to the entropy that together have a probability of `mass` (Meister et al. 2023). */
export function typicalP(mass: number, keep = 1): LogitsProcessor {
  return (scores) => {
    const whole = logSumExp(scores);
    const entropy = entropyOf(scores, whole);
    const distance = Float32Array.from(scores, (score) => Math.abs(whole - score - entropy));
    const order = ascending(distance);
    let sum = 0;
    let last = 0;
    for (; last < order.length - 1; last++) {
      sum += Math.exp(scores[order[last]!]! - whole);
      if (sum >= mass) break;
    }
    const threshold = distance[order[last]!]!;
    const nearest = new Set(order.slice(0, keep));
    drop(scores, (i) => distance[i]! > threshold && !nearest.has(i));
  };
}

/** Keeps tokens of at least this probability (Hewitt et al. 2022, section 4). */
export function epsilonCutoff(probability: number, keep = 1): LogitsProcessor {
  return (scores) => {
    dropBelow(scores, logSumExp(scores) + Math.log(probability), best(scores, keep));
  };
}

/** Keeps tokens of at least min(ε, √ε · exp(−entropy)) (Hewitt et al. 2022, section 4). */
export function etaCutoff(epsilon: number, keep = 1): LogitsProcessor {
  return (scores) => {
    const whole = logSumExp(scores);
    const eta = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(scores, whole)));
    dropBelow(scores, whole + Math.log(eta), best(scores, keep));
  };
}

function entropyOf(scores: Float32Array, whole: number): number {
  let entropy = 0;
  for (const score of scores) if (score !== -Infinity) entropy += Math.exp(score - whole) * (whole - score);
  return entropy;
}

/** The indices of the `count` best scores, best first. */
export function best(scores: Float32Array, count: number): number[] {
  if (count === 1) {
    let first = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[first]!) first = i;
    return [first];
  }
  const threshold = count >= scores.length ? -Infinity : scores.toSorted()[scores.length - count]!;
  const found: number[] = [];
  for (let i = 0; i < scores.length; i++) if (scores[i]! >= threshold) found.push(i);
  return found.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, count);
}

/** The indices of finite values, smallest first. */
function ascending(values: Float32Array): number[] {
  const finite: number[] = [];
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) finite.push(i);
  return finite.sort((a, b) => values[a]! - values[b]!);
}

function drop(scores: Float32Array, dropped: (i: number) => boolean): void {
  for (let i = 0; i < scores.length; i++) if (dropped(i)) scores[i] = -Infinity;
}

function dropBelow(scores: Float32Array, threshold: number, except: readonly number[]): void {
  const kept = except.map((i) => [i, scores[i]!] as const);
  for (let i = 0; i < scores.length; i++) if (scores[i]! < threshold) scores[i] = -Infinity;
  for (const [i, score] of kept) scores[i] = score;
}
