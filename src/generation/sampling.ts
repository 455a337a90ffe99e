/** The options of sampling as processors, and the drawing. */
import { random } from "../random/index.ts";
import type { SamplingOptions } from "./options.ts";
import { logSumExp, type LogitsProcessor } from "./processors.ts";
import { requireValue } from "./rules.ts";
import { epsilonCutoff, etaCutoff, minP, temperature, topH, topK, topP, typicalP } from "./warpers.ts";

/** How many of the most probable tokens are drawn from where nobody says: as in Hugging Face's `generate`. */
const TOP_K = 50;

/** A processor with the option that it comes from. */
export interface Warper {
  readonly name: keyof SamplingOptions;
  readonly warp: LogitsProcessor;
}

/** What narrows the draw down. */
export interface Sampling {
  readonly warpers: readonly Warper[];
  /** So many of the best tokens are all that can be drawn; undefined where it may be any. */
  readonly candidates: number | undefined;
}

/**
 * The processors in the order in which they act. They keep at least `keep` tokens. Throws InputError for values outside
 * their range.
 */
export function samplingOf(options: SamplingOptions, keep: number): Sampling {
  const warpers: Warper[] = [];
  const add = (
    name: keyof SamplingOptions,
    value: number | undefined,
    [valid, range]: readonly [(value: number) => boolean, string],
    make: ((value: number) => LogitsProcessor) | undefined,
  ): void => {
    if (value === undefined) return;
    requireValue(name, value, valid, range);
    if (make !== undefined) warpers.push({ name, warp: make(value) });
  };
  const { topK: count = TOP_K, typicalP: typical, epsilonCutoff: epsilon, etaCutoff: eta } = options;
  const share = [(value: number) => value >= 0 && value <= 1, "a number from 0 to 1"] as const;
  const part = [(value: number) => value > 0 && value <= 1, "a number above 0, up to 1"] as const;
  const cutoff = [(value: number) => value >= 0 && value < 1, "a number from 0, below 1"] as const;
  const positive = [
    (value: number) => value > 0 && value < Infinity,
    "a number above 0; greedy search is what 0 would mean",
  ] as const;
  const whole = [(value: number) => Number.isInteger(value) && value >= 0, "a whole number from 0 on"] as const;
  add("temperature", options.temperature, positive, temperature);
  add("topH", options.topH, part, topH);
  add("topK", count, whole, count === 0 ? undefined : (value) => topK(value, keep));
  add("topP", options.topP, share, (value) => topP(value, keep));
  add("minP", options.minP, share, (value) => minP(value, keep));
  add("typicalP", typical, part, typical === 1 ? undefined : (value) => typicalP(value, keep));
  add("epsilonCutoff", epsilon, cutoff, epsilon === 0 ? undefined : (value) => epsilonCutoff(value, keep));
  add("etaCutoff", eta, cutoff, eta === 0 ? undefined : (value) => etaCutoff(value, keep));
  // Top-h looks at 100 tokens before top-k does.
  const narrow = count > 0 && options.topH === undefined;
  return { warpers, candidates: narrow ? Math.max(count, keep) : undefined };
}

/** The index where the running sum of exp(scores) passes the share `uniform` of the whole. */
export function draw(scores: Float32Array, uniform: number): number {
  const whole = logSumExp(scores);
  let sum = 0;
  let last = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] === -Infinity) continue;
    last = i;
    sum += Math.exp(scores[i]! - whole);
    if (uniform < sum) return i;
  }
  return last;
}

/**
 * Keys whose largest ones are a draw without replacement, each with a probability by its score: scores with Gumbel noise
 * (Kool, van Hoof and Welling 2019, section 2).
 */
export function gumbelKeys(scores: ArrayLike<number>, ...stream: (number | string)[]): Float64Array {
  const generator = random(...stream);
  return Float64Array.from(scores, (score) => score - Math.log(-Math.log(1 - generator.uniform())));
}
