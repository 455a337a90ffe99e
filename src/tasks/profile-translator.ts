/** Where the time of a translator's training step goes. */
import { InputError } from "../errors/index.ts";
import {
  groupNodes,
  layerOf,
  nodeShares,
  partOf,
  roomsOf,
  type MeasuredSteps,
  type NodeGroup,
  type NodeShare,
  type Room,
} from "../insight/index.ts";
import { random } from "../random/index.ts";
import { START, TRAINING_STEP, type Epoch } from "../training/index.ts";
import {
  encodeAll,
  epochsOf,
  makeTrainer,
  type Encoded,
  type SentencePair,
  type TrainOptions,
} from "./train-translator.ts";
import type { Translator } from "./translator.ts";

/** What is measured. */
export interface ProfileOptions extends Pick<TrainOptions, "batchTokens" | "optimizer" | "seed"> {
  /** Steps that are measured. Default: 10. */
  readonly steps?: number | undefined;
  /** Steps before them that are not. Default: 2. */
  readonly warmUp?: number | undefined;
  /** The sentences to train on; without them, random ids in sentences of 8 to 24 tokens. */
  readonly pairs?: readonly SentencePair[] | undefined;
}

/** Where the time of a training step goes, in the mean of the quicker half of the steps; times are in milliseconds. */
export interface StepProfile {
  readonly engine: string;
  /** By the clock, of each step with the making of its batch. */
  readonly steps: readonly number[];
  /** How many of them count. */
  readonly counted: number;
  /** The mean of those that count. */
  readonly milliseconds: number;
  /** Tokens a second of the target that are not padding. */
  readonly tokensPerSecond: number;
  readonly rooms: readonly Room[];
  /** By op as executed, the longest first. */
  readonly ops: readonly NodeGroup[];
  /** By sublayer, over all layers, the longest first. */
  readonly parts: readonly NodeGroup[];
  /** By layer, in the order in which they run. */
  readonly layers: readonly NodeGroup[];
  /** By op, sublayer and pass together, the longest first. */
  readonly costs: readonly NodeGroup[];
  readonly nodes: readonly NodeShare[];
}

/** Small enough that the weights, which are not saved, stay what they are. */
const LEARNING_RATE = 1e-7;

/**
 * Trains a few steps and says where their time went. The translator's engine must have been opened with `profile`, and
 * measures nothing afterwards. Throws EngineError where the engine cannot measure.
 */
export async function profileTranslator(model: Translator, options: ProfileOptions = {}): Promise<StepProfile> {
  const { steps = 10, warmUp = 2, pairs } = options;
  const examples = pairs === undefined ? randomExamples(model) : encodeAll(model, pairs, "training", undefined);
  if (examples.length === 0) throw new InputError("There is no sentence pair to train on. Give at least one.");
  const trainer = await makeTrainer(model, options);
  const batches = endless(epochsOf(model, examples, options));
  const stepMilliseconds: number[] = [];
  const batchMilliseconds: number[] = [];
  const tokens: number[] = [];
  for (let update = 1; update <= warmUp + steps; update++) {
    const started = performance.now();
    const batch = batches();
    const made = performance.now();
    tokens.push((await trainer.step(update, batch, LEARNING_RATE)).targets);
    stepMilliseconds.push(performance.now() - made);
    batchMilliseconds.push(made - started);
  }
  const programs = await model.engine.profile();
  const whole = stepMilliseconds.map((milliseconds, i) => milliseconds + batchMilliseconds[i]!);
  const counted = quickerHalf(whole, tokens, warmUp);
  const trainingProgram = TRAINING_STEP;
  const measured: MeasuredSteps = { programs, counted, stepMilliseconds, batchMilliseconds, trainingProgram };
  const nodes = nodeShares(measured);
  const of = (values: readonly number[]): number => counted.reduce((sum, step) => sum + values[step]!, 0);
  return {
    engine: model.engine.description,
    steps: whole.slice(warmUp),
    counted: counted.length,
    milliseconds: of(whole) / counted.length,
    tokensPerSecond: (1000 * of(tokens)) / of(whole),
    rooms: roomsOf(measured, nodes),
    ops: longestFirst(groupNodes(nodes, ({ op }) => op)),
    parts: longestFirst(groupNodes(nodes, ({ place }) => partOf(place))),
    layers: groupNodes(nodes, ({ place }) => layerOf(place)),
    costs: longestFirst(groupNodes(nodes, ({ op, place, phase }) => `${op}, ${phase} of ${partOf(place)}`)),
    nodes: longestFirst(nodes),
  };
}

/** What else runs on a machine only makes steps slower: of those after the warm-up, the half with less time a token. */
function quickerHalf(milliseconds: readonly number[], tokens: readonly number[], warmUp: number): number[] {
  const steps = [...milliseconds.keys()].slice(warmUp);
  const perToken = (step: number): number => milliseconds[step]! / tokens[step]!;
  const ordered = [...steps].sort((a, b) => perToken(a) - perToken(b));
  return ordered.slice(0, Math.ceil(steps.length / 2)).sort((a, b) => a - b);
}

function longestFirst<T extends { readonly milliseconds: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** One batch after another, over as many epochs as it takes. */
function endless(epochOf: (number: number) => Epoch): () => ReturnType<Epoch["batch"]> {
  let { epoch: number, index } = START;
  let epoch = epochOf(number);
  return () => {
    if (index >= epoch.length) [epoch, index] = [epochOf(++number), 0];
    return epoch.batch(index++);
  };
}

/** Pairs of 8 to 24 tokens, enough for some batches. */
function randomExamples({ config }: Translator): Encoded[] {
  const generator = random(1, "profile");
  const row = (): Int32Array =>
    Int32Array.from({ length: 8 + generator.below(17) }, () => generator.below(config.vocabulary));
  return Array.from({ length: 10_000 }, () => ({ source: row(), target: row() }));
}
