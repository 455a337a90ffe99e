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
  /** Steps that count. Default: 10. */
  readonly steps?: number | undefined;
  /** Steps before them that do not. Default: 2. */
  readonly warmUp?: number | undefined;
  /** The sentences to train on; without them, random ids in sentences of 8 to 24 tokens. */
  readonly pairs?: readonly SentencePair[] | undefined;
}

/** Where the time of a mean training step goes; all times are in milliseconds. */
export interface StepProfile {
  readonly engine: string;
  /** By the clock, of each step with the making of its batch. */
  readonly steps: readonly number[];
  /** Tokens a second of the target that are not padding. */
  readonly tokensPerSecond: number;
  readonly rooms: readonly Room[];
  /** By op as executed, the longest first. */
  readonly ops: readonly NodeGroup[];
  /** By sublayer, over all layers, the longest first. */
  readonly parts: readonly NodeGroup[];
  /** By layer, in the order in which they run. */
  readonly layers: readonly NodeGroup[];
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
  let tokens = 0;
  for (let update = 1; update <= warmUp + steps; update++) {
    const started = performance.now();
    const batch = batches();
    const made = performance.now();
    const { targets } = await trainer.step(update, batch, LEARNING_RATE);
    if (update <= warmUp) continue;
    batchMilliseconds.push(made - started);
    stepMilliseconds.push(performance.now() - made);
    tokens += targets;
  }
  const programs = await model.engine.profile();
  const trainingProgram = TRAINING_STEP;
  const measured: MeasuredSteps = { programs, steps, warmUp, stepMilliseconds, batchMilliseconds, trainingProgram };
  const nodes = nodeShares(measured);
  const whole = stepMilliseconds.map((milliseconds, i) => milliseconds + batchMilliseconds[i]!);
  return {
    engine: model.engine.description,
    steps: whole,
    tokensPerSecond: (1000 * tokens) / whole.reduce((sum, step) => sum + step, 0),
    rooms: roomsOf(measured, nodes),
    ops: longestFirst(groupNodes(nodes, ({ op }) => op)),
    parts: longestFirst(groupNodes(nodes, ({ place }) => partOf(place))),
    layers: groupNodes(nodes, ({ place }) => layerOf(place)),
    nodes: longestFirst(nodes),
  };
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
