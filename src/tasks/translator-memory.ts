/** What training a translator takes of the machine's memory, before it starts. */
import { tokenBatches } from "../data/index.ts";
import { ConfigError } from "../errors/index.ts";
import type { TransformerConfig } from "../models/index.ts";
import {
  heaviestBatches,
  optimizers,
  trainingMemory,
  type BatchSizes,
  type OptimizerName,
  type TrainingMemory,
} from "../training/index.ts";
import { translatorObjective } from "./translator-model.ts";

/** What decides about the memory of a translator's training, as `train` takes it. */
export interface TranslatorMemoryOptions {
  readonly optimizer?: OptimizerName | undefined;
  readonly accumulate?: number | undefined;
  readonly movingAverage?: number | undefined;
  readonly labelSmoothing?: number | undefined;
  readonly recompute?: boolean | undefined;
  readonly batches: readonly BatchSizes[];
  readonly evaluation?: readonly BatchSizes[] | undefined;
}

/** The peak of a translator's training. */
export function translatorMemory(config: TransformerConfig, options: TranslatorMemoryOptions): TrainingMemory {
  const { optimizer = "adam", accumulate = 1, labelSmoothing = 0.1, evaluation = [] } = options;
  return trainingMemory(translatorObjective(config, labelSmoothing), {
    ...options,
    optimizer: optimizers[optimizer](),
    accumulate: accumulate > 1,
    batches: heaviestBatches(options.batches),
    evaluation: heaviestBatches(evaluation),
  });
}

/** Tokens of a batch that is only evaluated: memory for it comes on top of training's, and larger ones are no faster. */
export const evaluationTokens = (batchTokens: number): number => Math.min(batchTokens, 1024);

/** The sizes of an epoch's batches. */
export function batchSizes(
  lengths: readonly { readonly source: number; readonly target: number }[],
  tokens: number,
): BatchSizes[] {
  const { batches } = tokenBatches(lengths, { tokens, seed: 0, epoch: 0 });
  return batches.map((group) => {
    const longest = (side: "source" | "target"): number =>
      group.reduce((most, index) => Math.max(most, lengths[index]![side]), 0);
    return { batch: group.length, source: longest("source"), target: longest("target") };
  });
}

/** A full batch of sentences of one length: for an estimate without a text. */
export function typicalBatches(tokens: number): BatchSizes[] {
  return [16, 32].map((length) => ({
    batch: Math.max(1, Math.floor(tokens / length)),
    source: length,
    target: length,
  }));
}

/** What to do where a training does not fit. */
export const LESS_MEMORY =
  "Take fewer tokens a batch (training.batchTokens) and add up several batches instead (training.accumulate), " +
  "train with --recompute, or take a smaller model.";

/** Throws ConfigError where a training takes more than this process may ever have; both in bytes. */
export function requireMemory(total: number, limit: number, show: (bytes: number) => string): void {
  if (total <= limit) return;
  throw new ConfigError(
    `This training would take ${show(total)} of memory; this machine lets a process have ${show(limit)}. ${LESS_MEMORY}`,
  );
}
