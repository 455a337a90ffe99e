/** How good a tuned policy is, beside the untuned one and the best of several of its answers. */
import type { Said } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { AnsweredRow } from "../objectives/index.ts";
import { random, shuffle } from "../random/index.ts";
import type { Answered, Reward } from "../tasks/answers.ts";
import type { PolicyPair, Sampled } from "./policy-pair.ts";

/** What judges answers, and how it is freed. */
export interface Judge {
  readonly reward: Reward;
  readonly dispose: () => Promise<void>;
}

/** What policies are judged on. */
export interface JudgeOptions {
  /** Held-out prompts; one answer to each is sampled. */
  readonly prompts: readonly Said[];
  /** Judges the answers; without it only distance and length are measured. */
  readonly reward?: Reward | undefined;
  /** Held-out text, whose perplexity must not suffer. */
  readonly texts: readonly AnsweredRow[];
  /** Of how many answers of the untuned policy the best is taken; below 2 it is left out. */
  readonly bestOf: number;
  readonly maxTokens: number;
  readonly seed: number;
}

/** A mean with its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
}

/** What one way of answering comes to. */
export interface JudgedPolicy {
  readonly name: string;
  readonly reward?: Estimate | undefined;
  /** Of the reward over the untuned policy's, prompt by prompt. */
  readonly gain?: Estimate | undefined;
  /** Divergence from the reference in nats a token, on the policy's own answers. */
  readonly divergence: number;
  /** Perplexity of the held-out text over that of the reference; undefined where there is no text. */
  readonly perplexityRatio?: number | undefined;
  /** Tokens of an answer, end token included. */
  readonly length: number;
  /** The share of answers that came to their end. */
  readonly finished: number;
  readonly answers: readonly Sampled[];
}

/** Rewards of answers. Throws InputError unless there is one finite number for each. */
export async function rewardsOf(reward: Reward, answers: readonly Answered[]): Promise<Float64Array> {
  const scores = Float64Array.from(await reward(answers));
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  const fits = scores.length === answers.length;
  if (fits && bad < 0) return scores;
  const got = fits ? `${scores[bad]!} for answer ${bad + 1}` : `${scores.length} numbers for ${answers.length} answers`;
  throw new InputError(`The reward gave ${got}; it must give one finite number for each answer.`);
}

/** The untuned policy, the best of several of its answers, and the tuned one, on the same prompts. */
export async function judgePolicy(pair: PolicyPair, options: JudgeOptions): Promise<JudgedPolicy[]> {
  const { prompts, reward, texts, bestOf, maxTokens, seed } = options;
  const sampling = { seed, maxTokens };
  const untuned = await pair.sample("reference", prompts, { ...sampling, sequences: Math.max(bestOf, 1) });
  const tuned = (await pair.sample("policy", prompts, sampling)).flat();
  const firsts = untuned.map(([first]) => first!);
  const judged = await judgedOf("tuned", tuned, reward);
  const base = await judgedOf("untuned", firsts, reward);
  const perplexityRatio = await ratioOf(pair, texts);
  const divergence = await divergenceOf(pair, tuned);
  const rows = [withGain({ ...base, divergence: 0, perplexityRatio: perplexityRatio && 1 }, base)];
  if (bestOf > 1 && reward !== undefined) {
    const scores = await rewardsOf(reward, untuned.flat());
    const best = untuned.map((answers, row) => {
      const own = scores.subarray(row * bestOf, (row + 1) * bestOf);
      return answers[own.indexOf(Math.max(...own))]!;
    });
    const chosen = await judgedOf(`best of ${bestOf}`, best, reward);
    // The most that choosing one of n can add for a whole answer (Stiennon et al. 2020, appendix G.3).
    const nats = Math.log(bestOf) - (bestOf - 1) / bestOf;
    rows.push(withGain({ ...chosen, divergence: nats / chosen.length, perplexityRatio: undefined }, base));
  }
  return [...rows, withGain({ ...judged, divergence, perplexityRatio }, base)];
}

type Part = Omit<JudgedPolicy, "divergence" | "perplexityRatio" | "gain"> & { readonly scores?: Float64Array };

async function judgedOf(name: string, answers: readonly Sampled[], reward: Reward | undefined): Promise<Part> {
  const length = meanOf(answers.map(({ row }) => row.answer.length));
  const finished = meanOf(answers.map((one) => Number(one.finished)));
  const scores = reward && (await rewardsOf(reward, answers));
  return { name, answers, length, finished, ...(scores && { scores, reward: estimateOf(scores) }) };
}

function withGain(
  { scores, ...judged }: Part & Pick<JudgedPolicy, "divergence" | "perplexityRatio">,
  { scores: base }: Part,
): JudgedPolicy {
  return { ...judged, gain: scores && base && estimateOf(scores.map((score, i) => score - base[i]!)) };
}

/** Nats a token by which the policy differs from the reference where its answers lead it. */
export async function divergenceOf(pair: PolicyPair, answers: readonly Sampled[]): Promise<number> {
  const measures = await pair.measure(answers.map(({ row }) => row));
  return meanOf(measures.flatMap(({ divergence }) => Array.from(divergence)));
}

async function ratioOf(pair: PolicyPair, texts: readonly AnsweredRow[]): Promise<number | undefined> {
  if (texts.length === 0) return undefined;
  const measures = await pair.measure(texts);
  const mean = (of: "logProbabilities" | "reference"): number => meanOf(measures.flatMap((one) => Array.from(one[of])));
  return Math.exp(mean("reference") - mean("logProbabilities"));
}

/** The mean of numbers, with its standard error. */
export function estimateOf(values: ArrayLike<number>): Estimate {
  const mean = meanOf(values);
  const squares = Array.from(values, (value) => (value - mean) ** 2).reduce((sum, x) => sum + x, 0);
  return { mean, error: Math.sqrt(squares / Math.max(values.length - 1, 1) / values.length) };
}

const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** The judgements as scores by name, for records and last lines. */
export function scoresOfPolicies(judged: readonly JudgedPolicy[]): Record<string, number> {
  const tuned = judged.at(-1)!;
  const scores: Record<string, number | undefined> = {
    reward: tuned.reward?.mean,
    "standard error": tuned.reward?.error,
    "gain over untuned": tuned.gain?.mean,
    "its standard error": tuned.gain?.error,
  };
  for (const { name, reward } of judged.slice(0, -1)) scores[name] = reward?.mean;
  scores["KL per token"] = tuned.divergence;
  scores["perplexity ratio"] = tuned.perplexityRatio;
  scores["answer tokens"] = tuned.length;
  return Object.fromEntries(Object.entries(scores).flatMap(([name, x]) => (x === undefined ? [] : [[name, x]])));
}

/** Some of the prompts, by the seed. */
export const somePrompts = (prompts: readonly Said[], count: number, seed: number): Said[] =>
  shuffle([...prompts], random(seed, "judged prompts")).slice(0, count);
