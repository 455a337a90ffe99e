/** The distribution of the next token on its way through the processors, one after another. */
import type { HostTensor } from "../onnx/index.ts";
import type { GenerationOptions } from "./options.ts";
import { planOf } from "./plan.ts";
import { logSumExp } from "./processors.ts";
import { applyRule, type Rule } from "./rules.ts";

/** The distribution as one processor left it. */
export interface DistributionStage {
  /** The option that the processor comes from; "model" for what the model gave. */
  readonly processor: "model" | keyof GenerationOptions;
  /** As the processor left them; −∞ for a token that is ruled out. */
  readonly scores: Float32Array;
  /** exp(score) / Σ exp(score). */
  readonly probabilities: Float32Array;
  /** −Σ p · log p, in nats. */
  readonly entropy: number;
  /** How many tokens are possible. */
  readonly kept: number;
  /** The probability, before the processor, of what it ruled out. */
  readonly removed: number;
  /** How far probability moved: half of Σ |after − before|, from 0 to 1. */
  readonly moved: number;
}

/** What was written so far. */
export interface WrittenSoFar {
  /** Ids that the model was given: a prompt, or what a decoder starts from. */
  readonly prompt: readonly number[];
  /** Ids that came behind it. */
  readonly written?: readonly number[] | undefined;
  /** What an encoder read. */
  readonly source?: readonly number[] | undefined;
}

/**
 * What sampling by these options would draw from, stage by stage: the model's distribution, and the one behind each
 * processor in the order in which `generate` runs them, penalties first, then those of sampling. Nothing is run but the
 * processors. A processor that is switched off is left out; top-k is off unless it is given.
 * @param logits One a token of the vocabulary: what the model gives behind the last id.
 * @throws InputError where an option is outside its range.
 */
export function distributionStages(
  logits: Float32Array,
  { prompt, written = [], source }: WrittenSoFar,
  options: GenerationOptions = {},
): DistributionStage[] {
  const growing = source === undefined ? "inputIds" : "decoderInputIds";
  const feeds = { ...(source && { inputIds: row(source) }), [growing]: row(prompt) };
  const { rules, sampling } = planOf({ growing }, feeds, { topK: 0, ...options, doSample: true });
  const history = [...prompt, ...written];
  const moment = { place: 0, step: written.length };
  const stages = [stageOf("model", logits)];
  const add = (name: keyof GenerationOptions, process: (scores: Float32Array) => void): void => {
    const before = stages.at(-1)!;
    const scores = before.scores.slice();
    process(scores);
    stages.push(stageOf(name, scores, before));
  };
  const acts = (rule: Rule): boolean => rule.kind === "process" || rule.at(moment);
  for (const rule of rules.filter(acts))
    add(rule.name, (scores) => {
      applyRule(rule, [{ scores, history }], moment);
    });
  for (const { name, warp } of sampling!.warpers)
    add(name, (scores) => {
      warp(scores, history);
    });
  for (const rule of sampling!.last)
    add(rule.name, (scores) => {
      applyRule(rule, [{ scores, history }], moment);
    });
  return stages;
}

function stageOf(
  processor: DistributionStage["processor"],
  scores: Float32Array,
  before?: DistributionStage,
): DistributionStage {
  const whole = logSumExp(scores);
  const probabilities = scores.map((score) => Math.exp(score - whole));
  let [entropy, kept, removed, moved] = [0, 0, 0, 0];
  for (const [id, p] of probabilities.entries()) {
    const was = before?.probabilities[id] ?? p;
    moved += Math.abs(p - was) / 2;
    if (scores[id] === -Infinity) removed += was;
    else {
      kept++;
      if (p > 0) entropy -= p * (scores[id]! - whole);
    }
  }
  return { processor, scores, probabilities, entropy, kept, removed, moved };
}

const row = (ids: readonly number[]): HostTensor => ({
  dtype: "int32",
  shape: [1, ids.length],
  data: Int32Array.from(ids),
});
