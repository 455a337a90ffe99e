/**
 * The loop of PPO: answers are sampled and judged, the policy is trained on them for some epochs, and so on. What a run
 * will train on depends on what it has learned, so its batches cannot be known before, as those of `fit` are. All that is
 * drawn depends on the seed and the number of the round, so that a resumed run draws the same.
 */
import { ConfigError } from "../errors/index.ts";
import { openLog, type RunLog } from "../checkpoints/index.ts";
import type { Said } from "../data/index.ts";
import {
  answerFeeds,
  generalizedAdvantages,
  steeredCoefficient,
  tokenRewards,
  whitened,
  type AnsweredRow,
} from "../objectives/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { hash32, random, shuffle } from "../random/index.ts";
import type { Reward } from "../tasks/answers.ts";
import {
  judged,
  learningRate,
  START,
  trainerOf,
  type Batch,
  type FitJob,
  type FitOptions,
  type Position,
  type Scores,
  type Step,
  type StepResult,
  type Trainer,
} from "../training/index.ts";
import type { AlignConfig } from "./align-config.ts";
import { estimateOf, rewardsOf } from "./judge-policy.ts";
import { byTokens, type Measures, type PolicyPair, type Sampled } from "./policy-pair.ts";

/** The file of a run folder with some answers of each round. */
export const SAMPLES = "samples.jsonl";

/** What the loop works with. */
export interface PpoSetup {
  readonly pair: PolicyPair;
  readonly reward: Reward;
  readonly prompts: readonly Said[];
  readonly ppo: AlignConfig["ppo"];
  readonly seed: number;
  readonly maxTokens: number;
  readonly batchTokens: number;
}

/** Where a run stands, the weight of the KL included; `epoch` counts rounds. */
interface PpoPosition extends Position {
  readonly coefficient?: number | undefined;
}

/** An answer with all that is known of it before it is trained on. */
interface Rollout extends Sampled {
  readonly score: number;
  readonly measures: Measures;
}

/** The numbers of a rollout's tokens that an update reads. */
interface Targets {
  readonly row: AnsweredRow;
  readonly oldLogProbabilities: ArrayLike<number>;
  readonly oldValues: ArrayLike<number>;
  readonly advantages: ArrayLike<number>;
  readonly returns: ArrayLike<number>;
}

/**
 * Trains until the limit, the patience or the signal ends it; yields after each round, which is recorded and, where it is
 * due, saved before. Throws TrainingError where the loss is no longer finite, InputError where the reward is not.
 */
export async function* ppoLoop(setup: PpoSetup, job: FitJob, options: FitOptions): AsyncGenerator<Step, Trainer> {
  if ((options.group?.size ?? 1) > 1) {
    throw new ConfigError("PPO draws its own batches and does not share them: run it without mpirun.");
  }
  const { ppo } = setup;
  const { updates = Infinity, minutes = Infinity, signal, validateEvery = Infinity, saveEvery = Infinity } = options;
  const { run, write, validate, goal = { score: "reward", better: "higher" } as const } = job;
  const trainer = await trainerOf(job, options);
  let position: PpoPosition = run?.resumed?.position ?? START;
  const started = performance.now() - position.seconds * 1000;
  const elapsed = (): number => (performance.now() - started) / 1000;
  const progress = (update: number): number => Math.min(1, Math.max(update / updates, elapsed() / (60 * minutes)));
  const patient = (): boolean => position.sinceBest < (options.patience ?? Infinity);
  const samples = run && (await openSamples(run.folder, run.resumed?.position.update));
  const rateOf = (update: number): number => {
    const { schedule: kind = "linear", learningRate: peak, warmUp = 0 } = options;
    return learningRate({ kind, peak, warmUp, width: job.width }, update, progress(update - 1));
  };
  let over = position.update >= updates || position.seconds >= 60 * minutes || !patient();
  let saved = position.update;
  const save = async (score: number | undefined): Promise<void> => {
    if (run === undefined || write === undefined) return;
    await samples?.sync();
    await run.save(trainer, position, score, write);
    saved = position.update;
  };
  while (!over && signal?.aborted !== true) {
    const [round, before] = [position.epoch, position.update];
    const coefficient = position.coefficient ?? ppo.klCoefficient;
    const rollouts = await rollOut(setup, round);
    const results = await improve(setup, trainer, { rollouts, round, before, coefficient, rateOf });
    const [update, divergence] = [before + results.length, divergenceOfRound(rollouts)];
    const { targetKl: target, klGain: gain } = ppo;
    const next = target === undefined ? coefficient : steeredCoefficient(coefficient, divergence, { target, gain });
    position = { ...position, update, epoch: round + 1, index: 0, coefficient: next };
    over = update >= updates || elapsed() >= 60 * minutes;
    const passed = (every: number): boolean => Math.floor(update / every) > Math.floor(before / every);
    const last = over || isAborted(signal);
    const validation = validate && (last || passed(validateEvery)) ? await validate(trainer) : undefined;
    const score = validation?.[goal.score];
    if (score !== undefined) position = judged(position, score, goal);
    over ||= !patient();
    position = { ...position, seconds: elapsed() };
    const step: Step = {
      ...meanOf(results),
      ...{ update, epoch: round, learningRate: rateOf(update), progress: progress(update), seconds: position.seconds },
      reports: { ...figuresOf(rollouts), klCoefficient: coefficient, ...meanReports(results) },
      ...{ validation, position },
    };
    await writeSamples(samples, rollouts.slice(0, ppo.samples), update);
    await run?.record(step);
    const best = options.patience !== undefined && score !== undefined && position.sinceBest === 0;
    if (over || isAborted(signal) || passed(saveEvery) || best) await save(score);
    yield step;
  }
  // The signal may come while whoever iterates is busy with a step.
  if (saved !== position.update) await save(undefined);
  return trainer;
}

const isAborted = (signal: FitOptions["signal"]): boolean => signal?.aborted === true;

/** The prompts of a round: all in an order of each pass over them, one pass after the other. */
function promptsOf({ prompts, ppo, seed }: PpoSetup, round: number): Said[] {
  const orders = new Map<number, readonly number[]>();
  return Array.from({ length: ppo.rollouts }, (_, i) => {
    const place = round * ppo.rollouts + i;
    const pass = Math.floor(place / prompts.length);
    const order = orders.get(pass) ?? shuffle([...prompts.keys()], random(seed, "prompts", pass));
    orders.set(pass, order);
    return prompts[order[place % prompts.length]!]!;
  });
}

async function rollOut(setup: PpoSetup, round: number): Promise<Rollout[]> {
  const { pair, reward, seed, maxTokens, ppo } = setup;
  const draw = { seed: hash32(seed, "rollouts", round), maxTokens };
  const answers = (await pair.sample("policy", promptsOf(setup, round), draw)).flat();
  const scores = await rewardsOf(reward, answers);
  const measures = await pair.measure(answers.map(({ row }) => row));
  return answers.map((answer, i) => {
    const score = scores[i]! - (answer.finished ? 0 : ppo.unfinished);
    return { ...answer, score, measures: measures[i]! };
  });
}

interface Round {
  readonly rollouts: readonly Rollout[];
  readonly round: number;
  /** Updates done before. */
  readonly before: number;
  readonly coefficient: number;
  readonly rateOf: (update: number) => number;
}

/** Some epochs of updates on the answers of a round. */
async function improve(
  { pair, ppo, seed, batchTokens }: PpoSetup,
  trainer: Trainer,
  { rollouts, round, before, coefficient, rateOf }: Round,
): Promise<StepResult[]> {
  const { architecture } = pair.text.model;
  const all = targetsOf(rollouts, ppo, coefficient);
  const results: StepResult[] = [];
  for (let epoch = 0; epoch < ppo.epochs; epoch++) {
    const order = shuffle([...all.keys()], random(seed, "minibatches", round, epoch));
    for (let start = 0; start < order.length; start += ppo.minibatch) {
      const some = order.slice(start, start + ppo.minibatch).map((i) => all[i]!);
      const parts = byTokens(
        some.map(({ row }) => row),
        batchTokens,
      );
      const batch = parts.map((numbers): Batch => {
        const targets = numbers.map((i) => some[i]!);
        const feeds = {
          ...answerFeeds(
            architecture,
            targets.map(({ row }) => row),
          ),
          ...numbersOf(targets),
        };
        return { feeds, targets: feeds["answerIds"]!.shape[0]!, examples: numbers };
      });
      const update = before + results.length + 1;
      results.push(await trainer.step(update, batch, rateOf(update)));
    }
  }
  return results;
}

function targetsOf(rollouts: readonly Rollout[], ppo: AlignConfig["ppo"], coefficient: number): Targets[] {
  const found = rollouts.map(({ score, measures: { logProbabilities, reference, values } }) =>
    generalizedAdvantages(tokenRewards(logProbabilities, reference, score, coefficient), values, ppo),
  );
  const advantages = whitened(found.map((one) => one.advantages));
  return rollouts.map(({ row, measures: { logProbabilities, values } }, i) => {
    const { returns } = found[i]!;
    return { row, oldLogProbabilities: logProbabilities, oldValues: values, advantages: advantages[i]!, returns };
  });
}

/** The inputs of `proximalPolicy` beside the rows: the tokens of all answers, one after the other. */
function numbersOf(targets: readonly Targets[]): Record<string, HostTensor> {
  const names = ["oldLogProbabilities", "oldValues", "advantages", "returns"] as const;
  const entries = names.map((name) => {
    const data = Float32Array.from(targets.flatMap((one) => Array.from(one[name])));
    return [name, { dtype: "float32" as const, shape: [data.length], data }];
  });
  return Object.fromEntries(entries) as Record<string, HostTensor>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const tokensOf = (rollouts: readonly Rollout[], of: keyof Measures): number[] =>
  rollouts.flatMap(({ measures }) => Array.from(measures[of]));

const divergenceOfRound = (rollouts: readonly Rollout[]): number => mean(tokensOf(rollouts, "divergence"));

/** What a round's answers were like, before it was learned from them. */
function figuresOf(rollouts: readonly Rollout[]): Record<string, number> {
  const { mean: reward, error } = estimateOf(rollouts.map(({ score }) => score));
  return {
    ...{ reward, rewardError: error },
    kl: divergenceOfRound(rollouts),
    entropy: mean(tokensOf(rollouts, "entropy")),
    length: mean(rollouts.map(({ row }) => row.answer.length)),
    finished: mean(rollouts.map(({ finished }) => Number(finished))),
  };
}

function meanOf(results: readonly StepResult[]): Pick<StepResult, "loss" | "gradientNorm" | "targets"> {
  const all = (of: "loss" | "gradientNorm" | "targets"): number[] => results.map((result) => result[of]);
  return { loss: mean(all("loss")), gradientNorm: mean(all("gradientNorm")), targets: sum(all("targets")) };
}

function meanReports(results: readonly StepResult[]): Scores {
  const names = Object.keys(results[0]?.reports ?? {});
  return Object.fromEntries(names.map((name) => [name, mean(results.map(({ reports }) => reports![name]!))]));
}

async function openSamples(folder: Parameters<typeof openLog>[0], resumedAt: number | undefined): Promise<RunLog> {
  if (resumedAt === undefined) await folder.remove(SAMPLES);
  return openLog(folder, SAMPLES, resumedAt === undefined ? undefined : { step: resumedAt });
}

async function writeSamples(log: RunLog | undefined, some: readonly Rollout[], step: number): Promise<void> {
  for (const { prompt, answer, finished, score, measures } of some) {
    const kl = mean(Array.from(measures.divergence));
    await log?.write({ step, prompt, answer, finished, reward: score, kl });
  }
}
