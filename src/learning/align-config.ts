/** The config of a run that learns from preferences. */
import { z } from "zod";
import { fitSection, type FitDefaults } from "./fit-config.ts";
import { modelKey, tokenizerKey } from "./model-source.ts";

/** How is learned from preferences. */
export const alignMethods = ["reward", "ppo", "dpo"] as const;
/** The name of a method. */
export type AlignMethod = (typeof alignMethods)[number];

const whole = z.int().positive();
const share = z.number().min(0).max(1);
const weight = z.number().min(0);

const dpo = z.strictObject({
  /** How strongly the policy is held to the reference. */
  beta: z.number().positive().default(0.1),
  /** The share of pairs that may be the wrong way round. */
  labelSmoothing: z.number().min(0).lt(0.5).default(0),
});

const ppo = z.strictObject({
  /** Answers that are sampled before each round of updates, and those of one update. */
  rollouts: whole.default(64),
  minibatch: whole.default(16),
  /** How often each round goes through its answers. */
  epochs: whole.default(4),
  /** What a nat of distance from the reference costs at a token, in units of the reward. */
  klCoefficient: weight.default(0.1),
  /** Nats a token that the coefficient is steered to; it stays as it is where this is not given. */
  targetKl: z.number().positive().optional(),
  /** How fast it is steered: 0.1 changes it by at most 2 % a round. */
  klGain: z.number().positive().default(0.1),
  gamma: share.default(1),
  lambda: share.default(0.95),
  clip: z.number().positive().default(0.2),
  valueClip: z.number().positive().default(0.2),
  valueWeight: weight.default(0.1),
  entropyWeight: weight.default(0),
  /** What the learning rate of the value head is multiplied by. */
  valueRate: z.number().positive().default(1),
  /** Taken off the reward of an answer that did not come to its end. */
  unfinished: weight.default(0),
  /** Answers of each round that go to samples.jsonl. */
  samples: z.int().min(0).default(4),
});

const judge = z.strictObject({
  /** Held-out prompts, at most. */
  prompts: whole.default(128),
  /** Of how many answers of the untuned model the best is taken, to compare with. */
  bestOf: z.int().min(0).default(4),
});

const defaults: FitDefaults = { learningRate: 1e-5, batchTokens: 4096, weightDecay: 0 };
const shape = {
  method: z.enum(alignMethods),
  model: modelKey,
  tokenizer: tokenizerKey,
  /** Preferences to learn from, and others to judge on; without these a share of the prompts is held out. */
  data: z.array(z.string()).default([]),
  validation: z.array(z.string()).default([]),
  holdOut: z.number().min(0).max(0.5).default(0.1),
  /** Further prompts for PPO. */
  prompts: z.array(z.string()).default([]),
  /** Held-out text, a line each, whose perplexity must not suffer. Default: the held-out answers. */
  texts: z.array(z.string()).default([]),
  /** A reward model's folder: what PPO learns from, and what answers are judged by. */
  reward: z.string().optional(),
  seed: z.int().min(0).default(1),
  /** The most tokens of a prompt with its answer; what is longer is cut. Default: what the model reads. */
  maxLength: whole.optional(),
  /** The most tokens of an answer that is sampled. */
  maxTokens: whole.default(48),
  dpo: dpo.prefault({}),
  ppo: ppo.prefault({}),
  judge: judge.prefault({}),
  training: fitSection(defaults),
};

export const alignSchema = z.strictObject(shape);
/** The config of a run that learns from preferences. */
export type AlignConfig = z.infer<typeof alignSchema>;

/** The keys of the config and of its sections, for messages. */
export const alignKeys = {
  "": Object.keys(shape),
  dpo: Object.keys(dpo.shape),
  ppo: Object.keys(ppo.shape),
  judge: Object.keys(judge.shape),
  training: Object.keys(shape.training.unwrap().shape),
};
