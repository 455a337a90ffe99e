/**
 * Distillation: a student learns to give what a teacher gives, and what it has inside. The losses are those of Hinton,
 * Vinyals and Dean ("Distilling the knowledge in a neural network", 2015), of Sanh et al. ("DistilBERT", 2019) and of Jiao
 * et al. ("TinyBERT", 2020), for any two models whose layers publish their hidden states and attentions.
 */
// B batch, T tokens, D width, V classes or words, N rows of logits, H heads
import { GraphError } from "../errors/index.ts";
import { constant, dimension, input, type Tensor } from "../graph/index.ts";
import type { Architecture } from "../models/index.ts";
import { linear, type Scope } from "../nn/index.ts";
import type { Objective } from "../training/index.ts";

/** How much each loss counts in the sum; what is left out counts for nothing. */
export interface DistillationLosses {
  /** Of the teacher's classes: T² KL(teacher ‖ student), both softened by the temperature T. */
  readonly soft?: number | undefined;
  /** Of the labels: cross-entropy. */
  readonly hard?: number | undefined;
  /** Of the directions of the last hidden states: 1 − cos, as DistilBERT has it. */
  readonly cosine?: number | undefined;
  /** Of the hidden states of all layers and of the embeddings: mean squares, as TinyBERT has them. */
  readonly hidden?: number | undefined;
  /** Of the attention maps of all layers: mean squares. TinyBERT takes the scores before the softmax. */
  readonly attention?: number | undefined;
}

/** What a student learns from a teacher. */
export interface DistillationOptions {
  readonly losses: DistillationLosses;
  /** Default: 2. */
  readonly temperature?: number | undefined;
  /** For each layer of the student the teacher's that it imitates, counted from 0. Default: `spreadLayers`. */
  readonly layers?: readonly number[] | undefined;
  /**
   * The input with the places whose logits are wanted, int32[N], of the batch's tokens one row after the other; `labels`
   * has one for each of them. Logits are computed there alone. Default: of all.
   */
  readonly places?: string | undefined;
}

/** The path of a teacher's parameters. */
export const TEACHER = "teacher";
/** The path of what takes hidden states of the student to the teacher's width. */
const PROJECTION = "distillation.projection";

/**
 * For each layer of a student one of its teacher's, spread from the first to the last: for 6 of 12 they are 0, 2, 4, 7, 9
 * and 11, those that DistilBERT's weights were made from. A student of one layer has the last.
 */
export function spreadLayers(student: number, teacher: number): number[] {
  if (student === 1) return [teacher - 1];
  return Array.from({ length: student }, (_, i) => Math.round((i * (teacher - 1)) / (student - 1)));
}

/**
 * A student's objective from the named inputs, `labels` among them. The teacher's parameters lie under `teacher.`, are not
 * trained, and nothing is dropped out in it. Each loss is a mean (over labels, or over tokens that are not padding), and
 * the sum of them counts once for each target: a batch has as many as rows, or, where labels are those of tokens, as labels
 * that are not negative. A row whose label is negative has no hard loss. Where hidden
 * states differ in width, a trained projection, shared by all layers, takes the student's to the teacher's.
 * Throws GraphError where a model gives no logits of labels, or publishes no hidden states or attentions that a loss needs.
 */
export function distillation(
  student: Architecture,
  teacher: Architecture,
  given: Iterable<string>,
  { losses, temperature = 2, layers = spreadLayers(depthOf(student), depthOf(teacher)), places }: DistillationOptions,
): Objective {
  const names = [...given].filter((name) => name !== "labels" && name !== places);
  const wanted = places === undefined ? undefined : (): Tensor => input(places, "int32", [dimension("chosen")]);
  const frozen = { trained: () => false, dropout: false, publishAs: (name: string) => `${TEACHER}.${name}` };
  return (scope) => {
    const own = seen(student, scope, names, wanted);
    const shown = seen(teacher, scope.at(TEACHER).with(frozen), names, wanted);
    scope.at("loss").enter();
    const labels = input("labels", "int32", labelShape(own.logits, wanted !== undefined)).reshape([-1]);
    const labeled = labels.greaterOrEqual(0).cast("float32");
    // A row can be learned from without a label; a token without one is padding, or a piece of a word.
    const counted = own.logits.shape.length === 2 && wanted === undefined ? labeled.onesLike() : labeled;
    const targets = counted.sum();
    const real = names.includes("attentionMask") ? input("attentionMask", "int32", ROWS).cast("float32") : undefined;
    const rowsOf = ({ logits }: Seen): Tensor => logits.reshape([-1, logits.fixed(-1)]);
    const terms: Readonly<Record<keyof DistillationLosses, () => Tensor>> = {
      soft: () => softTargets(rowsOf(own), rowsOf(shown), temperature).mul(counted).sum(),
      hard: () => rowsOf(own).crossEntropy(labels).sum(),
      cosine: () => {
        const [x, y] = [last(own, student), last(shown, teacher)];
        return meanOfTokens(cosineDistance(matched(scope, x, y), y), real).mul(targets);
      },
      hidden: () =>
        sum(
          [[0, 0] as const, ...pairsOf(layers)].map(([ours, theirs]) => {
            const [x, y] = [inner(own, "hiddenStates", ours, student), inner(shown, "hiddenStates", theirs, teacher)];
            return meanOfTokens(meanSquares(matched(scope, x, y), y), real);
          }),
        ).mul(targets),
      attention: () =>
        sum(
          pairsOf(layers).map(([ours, theirs]) => {
            const [x, y] = [
              inner(own, "attentions", ours - 1, student),
              inner(shown, "attentions", theirs - 1, teacher),
            ];
            return attentionSquares(x, y, real);
          }),
        ).mul(targets),
    };
    const made = Object.entries(terms).flatMap(([name, term]) => {
      const weight = losses[name as keyof DistillationLosses] ?? 0;
      return weight === 0 ? [] : [[name, term(), weight] as const];
    });
    if (made.length === 0)
      throw new GraphError("distillation: all losses have the weight 0. Give one of them another.");
    const loss = sum(made.map(([, term, weight]) => term.scale(weight)));
    if (scope.trace.kind === "training") return { loss };
    return { loss, ...Object.fromEntries(made.map(([name, term]) => [name, term])) };
  };
}

const ROWS = [dimension("batch"), dimension("time")];

/** T² Σ p log(p / q), with p of the teacher's logits [N, V] and q of the student's, both divided by T: [N]. */
export function softTargets(student: Tensor, teacher: Tensor, temperature: number): Tensor {
  const expected = teacher.scale(1 / temperature).logSoftmax();
  const found = student.scale(1 / temperature).logSoftmax();
  return expected
    .exp()
    .mul(expected.sub(found))
    .sum(-1)
    .scale(temperature ** 2);
}

/** 1 − cos(x, y) of vectors [..., D]: [...]. Lengths of zero count as 1e-6, as in PyTorch's CosineEmbeddingLoss. */
export function cosineDistance(x: Tensor, y: Tensor): Tensor {
  const square = (one: Tensor): Tensor => one.mul(one).sum(-1).add(1e-12);
  return x
    .mul(y)
    .sum(-1)
    .div(square(x).mul(square(y)).sqrt())
    .rsub(1);
}

/** Means of the squares of differences of vectors [..., D]: [...]. */
export function meanSquares(x: Tensor, y: Tensor): Tensor {
  const difference = x.sub(y);
  return difference.mul(difference).mean(-1);
}

/** The mean of values [B, T] over tokens that are real: 1 in [B, T]; over all where that is not given. */
export function meanOfTokens(values: Tensor, real: Tensor | undefined): Tensor {
  return real === undefined ? values.mean() : values.mul(real).sum().div(real.sum());
}

/**
 * The mean square of the difference of attention maps [B, H, T, T], over real tokens that look at real tokens. Where the
 * numbers of heads differ, means over the heads are compared.
 */
export function attentionSquares(x: Tensor, y: Tensor, real: Tensor | undefined): Tensor {
  const same = x.fixed(1) === y.fixed(1);
  const difference = same ? x.sub(y) : x.mean(1, { keep: true }).sub(y.mean(1, { keep: true }));
  const squares = difference.mul(difference).mean(1); // [B, T, T]
  if (real === undefined) return squares.mean();
  const looks = real.unsqueeze(-1).mul(real.unsqueeze(1));
  return squares.mul(looks).sum().div(looks.sum());
}

/** What a model gave while it was traced. */
interface Seen {
  readonly logits: Tensor;
  /** What it published, by the families' names. */
  readonly published: ReadonlyMap<string, Tensor>;
}

/** Traces a model; its head sees the wanted places alone. */
function seen(model: Architecture, scope: Scope, names: readonly string[], wanted: (() => Tensor) | undefined): Seen {
  const published = new Map<string, Tensor>();
  const end = `hiddenStates.${depthOf(model)}`;
  const instead = (name: string, tensor: Tensor): Tensor => {
    published.set(name, tensor);
    if (name !== end || wanted === undefined) return tensor;
    return tensor.reshape([-1, tensor.fixed(-1)]).gather(wanted());
  };
  const known = names.filter((name) => model.inputs[name] !== undefined);
  const { logits } = model.compute(scope.with({ instead }), known);
  if (logits !== undefined) return { logits, published };
  throw new GraphError(`${model.className} gives no logits. Distill with a head that scores classes or words.`);
}

/** A label for each row, for each place, or for each token. */
function labelShape({ shape }: Tensor, places: boolean): Tensor["shape"] {
  if (places) return [dimension("chosen")];
  return shape.length === 2 ? [dimension("batch")] : ROWS;
}

/** How many layers a model has. Throws GraphError where its config does not say. */
function depthOf({ className, config }: Architecture): number {
  const { layers } = config;
  if (typeof layers === "number") return layers;
  throw new GraphError(`${className} does not have one stack of layers. Distill encoders and decoders.`);
}

/** Numbers of hidden states that belong together; number 0 is the embeddings'. */
const pairsOf = (layers: readonly number[]): (readonly [number, number])[] =>
  layers.map((theirs, ours) => [ours + 1, theirs + 1] as const);

function inner({ published }: Seen, group: string, number: number, { className }: Architecture): Tensor {
  const found = published.get(`${group}.${number}`);
  if (found !== undefined) return found;
  throw new GraphError(`${className} publishes no ${group}.${number}, which a loss of the distillation needs.`);
}

const last = (of: Seen, model: Architecture): Tensor => inner(of, "hiddenStates", depthOf(model), model);

/** The student's states at the teacher's width. */
function matched(scope: Scope, x: Tensor, y: Tensor): Tensor {
  return x.fixed(-1) === y.fixed(-1) ? x : linear(scope.at(PROJECTION), x, y.fixed(-1), { bias: false });
}

const sum = (tensors: readonly Tensor[]): Tensor =>
  tensors.length === 0 ? constant([0], []) : tensors.reduce((total, one) => total.add(one));
