/** How much memory a training takes at the worst moment, known before it starts. */
import { namesIn, nodesOf } from "../graph/index.ts";
import { layoutOf, POOL_SIZE, Trace } from "../nn/index.ts";
import { lower, peakOf } from "../onnx/index.ts";
import type { Optimizer } from "./optimizers.ts";
import { trainingProgram } from "./step-program.ts";
import type { Batch, Objective } from "./trainer.ts";

/** The sizes of a batch by name: `batch`, and what else the objective's inputs name (`source`, `target`, …). */
export type BatchSizes = Readonly<Record<string, number>>;

/** What decides about memory. */
export interface MemoryOptions {
  readonly optimizer: Optimizer;
  readonly movingAverage?: number | undefined;
  readonly recompute?: boolean | undefined;
  /** Whether an update adds up several batches. */
  readonly accumulate?: boolean | undefined;
  /** The largest batches that are trained on; one is enough where all are alike. */
  readonly batches: readonly BatchSizes[];
  /** The largest batches that are evaluated between updates; none where nothing is. */
  readonly evaluation?: readonly BatchSizes[] | undefined;
}

/** Bytes of main memory at the worst moment, in parts. */
export interface TrainingMemory {
  /** Parameters, their gradients, the optimizer's state and averages, and copies while they are first filled. */
  readonly parameters: number;
  /** What a step's forward pass keeps for its backward pass, and what that needs on the way. */
  readonly activations: number;
  /** What evaluating takes on top: its program has memory of its own. */
  readonly evaluation: number;
  /** Node, the engine with its programs, and the masks of dropout. */
  readonly fixed: number;
  readonly total: number;
}

/**
 * Node with Heed, the engine, its worker, and what tracing and loading leave behind. Measured, as are the next two:
 * peak resident sizes of fourteen trainings in Node 20 with ONNX Runtime 1.30, docs/architecture.md ("Memory").
 */
const PROCESS = 220 * 2 ** 20;
/** What the engine's allocator takes for each byte asked for, where all batches have one shape. */
const ONE_SHAPE = 1.05;
/** The same where shapes change from batch to batch: gaps that no result fits into. */
const MANY_SHAPES = 1.15;

/**
 * The peak of a training with the default engine. It traces the objective once, or twice with evaluation, and computes
 * nothing. Throws GraphError where `batches` leaves out a size that the objective's inputs name.
 */
export function trainingMemory(objective: Objective, options: MemoryOptions): TrainingMemory {
  const { optimizer, movingAverage = 0, accumulate = false, batches, evaluation = [] } = options;
  const { program, trace } = trainingProgram(objective, options);
  const specs = [...trace.parameters.values()];
  const { size } = layoutOf(specs);
  const slots = specs.flatMap(({ shape, trained }) => (trained ? Object.values(optimizer.slots(shape)) : []));
  const state = slots.reduce((sum, shape) => sum + shape.reduce((product, d) => product * d, 1), 0);
  // Parameters, gradients, and the first values on their way into the engine: what this thread made of them and what
  // the engine's received are both not collected yet when training begins.
  const copies = 4 + (accumulate ? 1 : 0) + (movingAverage > 0 ? 1 : 0);
  const parameters = 4 * (copies * size + state);
  const rates = new Set([...trace.dropoutPools.values()].map(({ rate }) => rate));
  const fixed = PROCESS + 4 * POOL_SIZE * rates.size;
  const waste = batches.length > 1 ? MANY_SHAPES : ONE_SHAPE;
  const largest = (of: typeof program, all: readonly BatchSizes[]): number =>
    waste * Math.max(...all.map((sizes) => peakOf(of, namedSizes(sizes, trace.dropoutStreams)).bytes));
  const activations = largest(program, batches);
  const evaluating =
    evaluation.length === 0 ? 0 : largest(lower("evaluation", objective(new Trace("forward").scope)), evaluation);
  const total = parameters + activations + evaluating + fixed;
  return { parameters, activations, evaluation: evaluating, fixed, total };
}

function namedSizes(sizes: BatchSizes, streams: number): Map<string, number> {
  return new Map(Object.entries({ streams, ...sizes }));
}

/**
 * Some of the batches, the heaviest among them: those with most tokens, and with most pairs of tokens that see each other.
 * All sizes of a batch but the number of its examples are lengths.
 */
export function heaviestBatches(all: readonly BatchSizes[]): BatchSizes[] {
  const distinct = [...new Map(all.map((sizes) => [JSON.stringify(sizes), sizes])).values()];
  const by = (weight: (lengths: readonly number[]) => number): BatchSizes[] => {
    const weightOf = ({ batch = 1, ...lengths }: BatchSizes): number => batch * weight(Object.values(lengths));
    return distinct.toSorted((a, b) => weightOf(b) - weightOf(a));
  };
  const tokens = by((lengths) => lengths.reduce((sum, length) => sum + length, 0));
  const pairs = by((lengths) =>
    lengths.reduce((sum, one, i) => sum + lengths.slice(i).reduce((products, other) => products + one * other, 0), 0),
  );
  return [...new Set([...tokens.slice(0, 2), ...pairs.slice(0, 1)])];
}

/** The sizes of batches by name: what the objective's inputs call the axes of the tensors that the batches feed. */
export function batchSizesOf(objective: Objective, batches: Iterable<Pick<Batch, "feeds">>): BatchSizes[] {
  const loss = new Trace("training").run((scope) => objective(scope).loss);
  const shapes = new Map(
    nodesOf([loss]).flatMap(({ op, attributes, outputs: [tensor] }) =>
      op.name === "input" ? [[(attributes as { readonly name: string }).name, tensor!.shape] as const] : [],
    ),
  );
  return Array.from(batches, ({ feeds }) => {
    const sizes: Record<string, number> = {};
    for (const [name, { shape }] of Object.entries(feeds)) {
      for (const [axis, size] of (shapes.get(name) ?? []).entries()) {
        // What is more than a name follows from the others.
        if (typeof size !== "number" && namesIn(size)[0] === size.key) sizes[size.key] = shape[axis]!;
      }
    }
    return sizes;
  });
}
