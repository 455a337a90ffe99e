/** What the tests of training share: a small translator with dropout everywhere, and batches for it. */
import { smallConfig, translating } from "../models/programs.ts";
import { random } from "../../src/random/index.ts";
import { adam } from "../../src/training/optimizers.ts";
import type { Batch, Objective, TrainerOptions } from "../../src/training/trainer.ts";

const PADDING = 0;
const IGNORED = -100;

export const dropouts = { dropout: 0.2, attentionDropout: 0.2, activationDropout: 0.2 };
export const smallTranslator = (settings: Parameters<typeof smallConfig>[0] = dropouts): Objective =>
  translating(smallConfig({ encoderLayers: 1, decoderLayers: 1, ...settings }));

export const settings: TrainerOptions = {
  optimizer: adam(),
  weightDecay: 0.01,
  clipNorm: 1,
  movingAverage: 0,
  seed: 7,
};

export interface Pair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/** Sentences of 2 to 9 tokens. */
export function pairs(count: number, seed = 1): Pair[] {
  const generator = random(seed, "pairs");
  const sentence = (): number[] => Array.from({ length: 2 + generator.below(8) }, () => 3 + generator.below(20));
  return Array.from({ length: count }, () => ({ source: sentence(), target: sentence() }));
}

/** The pairs at these places of the whole batch, padded to the longest among them. */
export function part(all: readonly Pair[], examples: readonly number[]): Batch {
  const chosen = examples.map((i) => all[i]!);
  const rows = (sides: readonly (readonly number[])[], fill: number) => {
    const length = Math.max(...sides.map((side) => side.length));
    const data = Int32Array.from(sides.flatMap((side) => [...side, ...Array<number>(length - side.length).fill(fill)]));
    return { dtype: "int32" as const, shape: [sides.length, length], data };
  };
  const targets = chosen.map(({ target }) => target);
  const feeds = {
    source: rows(
      chosen.map(({ source }) => source),
      PADDING,
    ),
    target: rows(
      targets.map((target) => [1, ...target.slice(0, -1)]),
      PADDING,
    ),
    labels: rows(targets, IGNORED),
  };
  return { feeds, targets: targets.flat().length, examples };
}

export const whole = (all: readonly Pair[]): Batch => part(all, [...all.keys()]);
