/** What the models of the lessons are given, and how they are trained: in a page, and in Node for the tests. */
import { Stopped } from "heed";
import type { Tensor } from "heed/graph";
import type { ModelParameters } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import type { Engine } from "heed/runtime";
import { adam, Trainer, type Batch, type Objective, type Optimizer } from "heed/training";

/** How a lesson's model is made. */
export interface Work {
  readonly engine: () => Promise<Engine>;
  /** Fewer updates, for trying the lesson out. */
  readonly quick: boolean;
  /** The same seed gives the same model. */
  readonly seed: number;
  readonly stop: { readonly aborted: boolean };
  readonly progress: (done: number, total: number, what: string) => void;
}

/** What is trained, and how. */
export interface Training<B = undefined> {
  readonly objective: Objective;
  readonly batch: Batch;
  readonly updates: number;
  readonly learningRate: number;
  /** Adam unless told. */
  readonly optimizer?: Optimizer;
  readonly clipNorm?: number;
  readonly what?: string;
  /** Fresh ones of the objective, drawn by the seed, unless given. */
  readonly parameters?: ModelParameters;
  /** Looks at the model before the first update. */
  readonly before?: (trainer: Trainer) => Promise<B>;
}

/** A trained model in its engine, and its loss at each update. */
export interface Trained<B = undefined> {
  readonly trainer: Trainer;
  readonly before: B;
  readonly losses: readonly number[];
}

/**
 * Trains on one batch over and over, all that these models need. The last fifth has a falling learning rate.
 * Throws Stopped where the learner stops it.
 */
export async function trainIn<B = undefined>(engine: Engine, work: Work, training: Training<B>): Promise<Trained<B>> {
  const { objective, batch, updates, learningRate, optimizer = adam(), clipNorm = 1, what = "Training" } = training;
  const trainer = await Trainer.create(
    engine,
    objective,
    { optimizer, clipNorm, seed: work.seed },
    training.parameters,
  );
  const before = (await training.before?.(trainer)) as B;
  const losses: number[] = [];
  const falls = Math.ceil(updates / 5);
  for (let update = 1; update <= updates; update++) {
    if (work.stop.aborted) throw new Stopped("Stopped. What was learned so far is gone; train again when you like.");
    const rate = learningRate * Math.min(1, (updates - update + 1) / falls);
    const { loss } = await trainer.step(update, [batch], rate);
    losses.push(loss);
    if (update % 5 === 0 || update === updates) work.progress(update, updates, `${what}: loss ${loss.toFixed(3)}`);
  }
  return { trainer, before, losses };
}

/** Opens an engine, hands it over, and closes it whatever happens. */
export async function withEngine<T>(work: Work, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await work.engine();
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
  }
}

/** Rows of words as ids: int32[rows, words]. */
export function idsOf(vocabulary: readonly string[], rows: readonly (readonly string[])[]): HostTensor {
  const data = Int32Array.from(rows.flat(), (word) => {
    const id = vocabulary.indexOf(word);
    if (id < 0) throw new RangeError(`"${word}" is not among the words of this lesson.`);
    return id;
  });
  return { dtype: "int32", shape: [rows.length, rows[0]!.length], data };
}

/** A whole batch of examples, each with as many targets. */
export const wholeBatch = (feeds: Batch["feeds"], examples: number, targets = examples): Batch => ({
  feeds,
  targets,
  examples: Array.from({ length: examples }, (_, i) => i),
});

/** The numbers of a tensor. */
export const numbersOf = (tensor: HostTensor | undefined): Float32Array => tensor!.data as Float32Array;

/** The place of the largest number. */
export const largest = (numbers: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! > numbers[best]!) best = i;
  return best;
};

/** How many rows of scores [rows, classes] are largest where they should be. */
export const hits = (scores: Tensor, targets: Tensor): Tensor =>
  scores.argMax(-1).cast("int32").equal(targets).cast("float32").sum();

/** [rows, columns] of a flat tensor. */
export function rowsOf(tensor: HostTensor | undefined): number[][] {
  const columns = tensor!.shape.at(-1)!;
  const numbers = numbersOf(tensor);
  return Array.from({ length: numbers.length / columns }, (_, row) =>
    Array.from(numbers.subarray(row * columns, (row + 1) * columns)),
  );
}
