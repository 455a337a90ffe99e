/** Trains a translator on sentence pairs, with or without a run folder. */
import { placesOf, tokenBatches, withinLimits, type PairLength, type TextPair } from "../data/index.ts";
import type { Folder } from "../files/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import {
  optimizers,
  START,
  Trainer,
  trainingLoop,
  type Batch,
  type BatchSizes,
  type Epoch,
  type OptimizerName,
  type Run,
  type ScheduleKind,
  type Step,
  type StopSignal,
  type TrainingMemory,
} from "../training/index.ts";
import type { Translator } from "./translator.ts";
import { pairFeeds, translatorObjective } from "./translator-model.ts";
import { batchSizes, evaluationTokens, translatorMemory } from "./translator-memory.ts";

/** What is trained, how long, and how. */
export interface TrainOptions {
  readonly updates?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seed?: number | undefined;
  /** The most target (or source) tokens of a batch, padding included. */
  readonly batchTokens?: number | undefined;
  /** Batches whose gradients are added up before an update. */
  readonly accumulate?: number | undefined;
  readonly optimizer?: OptimizerName | undefined;
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly clipNorm?: number | undefined;
  readonly movingAverage?: number | undefined;
  /** Whether the backward pass computes the inside of layers a second time: less memory, more time. Default: false. */
  readonly recompute?: boolean | undefined;
  readonly schedule?: ScheduleKind | undefined;
  readonly learningRate?: number | undefined;
  readonly warmUp?: number | undefined;
  readonly labelSmoothing?: number | undefined;
  readonly validateEvery?: number | undefined;
  readonly saveEvery?: number | undefined;
  readonly patience?: number | undefined;
  readonly validation?: readonly SentencePair[] | undefined;
  readonly signal?: StopSignal | undefined;
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
  const { run, warn, batchTokens = 4096 } = options;
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
  const trainer = await makeTrainer(model, options);
  const save =
    run &&
    ((position: Step["position"], score: number | undefined) =>
      run.save(trainer, position, score, (folder: Folder, weights: ReadonlyMap<string, HostTensor>) =>
        model.save(folder, weights),
      ));
  const { schedule = "inverse-sqrt", learningRate = 2e-3, warmUp = 200 } = options;
  const loop = trainingLoop({
    trainer,
    epoch,
    schedule: { kind: schedule, peak: learningRate, warmUp, width: model.config.width },
    updates: options.updates,
    seconds: options.minutes === undefined ? undefined : options.minutes * 60,
    validation: held && (() => held),
    validateEvery: options.validateEvery,
    patience: options.patience,
    record: run && ((step) => run.record(step)),
    save,
    saveEvery: options.saveEvery,
    signal: options.signal,
    from: run?.resumed?.position ?? START,
  });
  yield* loop;
}

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
export async function makeTrainer(model: Translator, options: TrainOptions): Promise<Trainer> {
  const { seed = 1, run, weightDecay = 0, clipNorm = 1, movingAverage = 0, labelSmoothing = 0.1 } = options;
  const { optimizer = "adam", beta1, beta2, recompute } = options;
  if (run?.resumed !== undefined) await model.parameters.write(run.resumed.weights);
  const objective = translatorObjective(model.config, labelSmoothing);
  const trainer = await Trainer.create(
    model.engine,
    objective,
    { seed, optimizer: optimizers[optimizer]({ beta1, beta2 }), weightDecay, clipNorm, movingAverage, recompute },
    model.parameters,
  );
  if (run?.resumed !== undefined) await trainer.restore(run.resumed.state);
  return trainer;
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
