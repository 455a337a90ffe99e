/** Trains a translator on sentence pairs, with or without a run folder. */
import { openWeights, readAllWeights } from "../checkpoints/index.ts";
import { placesOf, tokenBatches, withinLimits, type PairLength, type TextPair } from "../data/index.ts";
import {
  fit,
  trainerOf,
  type Batch,
  type BatchSizes,
  type Epoch,
  type FitJob,
  type FitOptions,
  type Run,
  type Step,
  type Trainer,
  type TrainingMemory,
} from "../training/index.ts";
import type { Translator } from "./translator.ts";
import { pairFeeds, translatorObjective } from "./translator-model.ts";
import { batchSizes, evaluationTokens, translatorMemory } from "./translator-memory.ts";

/** What is trained, how long, and how. */
export interface TrainOptions extends Partial<FitOptions> {
  /** The most target (or source) tokens of a batch, padding included. */
  readonly batchTokens?: number | undefined;
  /** Batches whose gradients are added up before an update. */
  readonly accumulate?: number | undefined;
  readonly labelSmoothing?: number | undefined;
  readonly validation?: readonly SentencePair[] | undefined;
  /** Where checkpoints and the log go. */
  readonly run?: Run | undefined;
  /** Told, before anything is trained, what memory it will take; where it throws, nothing is trained. */
  readonly memory?: ((memory: TrainingMemory) => void) | undefined;
  /** Told of pairs that are longer than the model's positions and were left out. */
  readonly warn?: ((message: string) => void) | undefined;
}

/** A sentence and its translation; `line` is where it stands in its file, for messages. */
export type SentencePair = Pick<TextPair, "source" | "target"> & { readonly line?: number | undefined };

/** The ids of a pair. */
export interface Encoded {
  readonly source: Int32Array;
  readonly target: Int32Array;
}

/** Trains a translator; yields after each update. What it learned is in the translator itself, also after a break. */
export async function* train(
  model: Translator,
  pairs: readonly SentencePair[],
  options: TrainOptions = {},
): AsyncGenerator<Step, void> {
  const { warn, batchTokens = 4096 } = options;
  const examples = encodeAll(model, pairs, "training", warn);
  const epoch = epochsOf(model, examples, options);
  const lengths = examples.map(lengthsOf);
  const held = options.validation && validationBatches(model, options.validation, evaluationTokens(batchTokens), warn);
  options.memory?.(
    translatorMemory(model.config, {
      ...options,
      batches: batchSizes(lengths, batchTokens),
      evaluation: held?.map(sizesOf),
    }),
  );
  const { run } = options;
  if (run?.resumed !== undefined) {
    await model.parameters.write(await readAllWeights(await openWeights(run.resumed.folder)));
  }
  yield* fit(
    {
      ...jobOf(model, options),
      epoch,
      validate: held && ((trainer) => trainer.evaluate(held)),
      write: (folder) => model.save(folder),
      run,
    },
    fitOptions(options),
  );
}

/** What is fitted, but for the batches. */
function jobOf(
  model: Translator,
  { labelSmoothing = 0.1 }: TrainOptions,
): Pick<FitJob, "parameters" | "objective" | "width"> {
  const { config, parameters } = model;
  return { parameters, objective: translatorObjective(config, labelSmoothing), width: config.width };
}

/** The options with what is usual for translators (Vaswani et al. 2017, section 5.3). */
const fitOptions = (options: TrainOptions): FitOptions => ({
  ...{ optimizer: "adam", schedule: "inverse-sqrt", warmUp: 200 },
  ...options,
  learningRate: options.learningRate ?? 2e-3,
});

const sizesOf = ({ feeds: { source, target } }: Batch): BatchSizes => ({
  batch: source!.shape[0]!,
  source: source!.shape[1]!,
  target: target!.shape[1]!,
});

const lengthsOf = ({ source, target }: Encoded): PairLength => ({ source: source.length, target: target.length });

/** The batches of each epoch of examples. */
export function epochsOf(
  model: Translator,
  examples: readonly Encoded[],
  { seed = 1, accumulate = 1, batchTokens = 4096 }: Pick<TrainOptions, "seed" | "accumulate" | "batchTokens">,
): (number: number) => Epoch {
  const lengths = examples.map(lengthsOf);
  return (number) => {
    const { batches } = tokenBatches(lengths, { tokens: batchTokens, seed, epoch: number });
    return {
      length: Math.ceil(batches.length / accumulate),
      batch: (index) => updateBatch(model, examples, batches.slice(index * accumulate, (index + 1) * accumulate)),
    };
  };
}

/** The trainer of a translator, in the engine of its parameters. */
export function makeTrainer(model: Translator, options: TrainOptions): Promise<Trainer> {
  return trainerOf(
    { ...jobOf(model, options), epoch: () => ({ length: 0, batch: () => [] }), run: options.run },
    fitOptions(options),
  );
}

/** Token ids of pairs. Those longer than the model's positions are left out, and named in a warning. */
export function encodeAll(
  { tokenizer, config }: Translator,
  pairs: readonly SentencePair[],
  what: string,
  warn: TrainOptions["warn"],
): Encoded[] {
  const encoded = pairs.map(({ source, target }) => ({ source: tokenizer.ids(source), target: tokenizer.ids(target) }));
  const limit = { source: config.maxPositions, target: config.maxPositions };
  const lengths = encoded.map(lengthsOf);
  const { kept, long } = withinLimits(
    lengths,
    limit,
    pairs.map(({ line }, i) => line ?? i + 1),
  );
  if (long.count > 0) {
    warn?.(
      `${long.count} of ${pairs.length} ${what} pairs have more than the model's ${config.maxPositions} tokens and were ` +
        `left out (${placesOf(long)}).`,
    );
  }
  return kept.map((index) => encoded[index]!);
}

/** The parts of an update. Examples are numbered over all of them, so that dropout masks do not depend on the split. */
function updateBatch(model: Translator, examples: readonly Encoded[], groups: readonly (readonly number[])[]): Batch[] {
  let first = 0;
  return groups.map((group) => {
    const { feeds, targets } = pairFeeds(
      model.config,
      group.map((index) => examples[index]!),
    );
    const places = group.map((_, i) => first + i);
    first += group.length;
    return { feeds, targets, examples: places };
  });
}

function validationBatches(
  model: Translator,
  pairs: readonly SentencePair[],
  tokens: number,
  warn: TrainOptions["warn"],
): Batch[] {
  const examples = encodeAll(model, pairs, "validation", warn);
  const lengths = examples.map(lengthsOf);
  const { batches } = tokenBatches(lengths, { tokens, seed: 0, epoch: 0 });
  return batches.map((group) => updateBatch(model, examples, [group])[0]!);
}
