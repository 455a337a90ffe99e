/** A stack of blocks with and without what holds it together: the residual path and the norms. */
import { random, recordsOf } from "heed";
import { concat, gradients, input, type Tensor } from "heed/graph";
import { attention, embedding, feedForward, layerNorm, linear, positions, type Scope } from "heed/nn";
import type { HostTensor } from "heed/onnx";
import { numbersOf, trainIn, wholeBatch, withEngine, type Work } from "./work.ts";

const [B, T, D, V] = [32, 6, 16, 8];

/** The four stacks. */
export const variants = [
  { name: "residuals and norms", residual: true, norm: true },
  { name: "residuals, no norms", residual: true, norm: false },
  { name: "norms, no residuals", residual: false, norm: true },
  { name: "neither", residual: false, norm: false },
] as const;
type Variant = (typeof variants)[number];

export interface Stack {
  readonly name: string;
  /** The norm of the loss's gradient by the weights of each layer, before any update; the first layer first. */
  readonly gradientNorms: readonly number[];
  readonly losses: readonly number[];
}

/** One block: attention and feed-forward, each on a normed input, each added to it (pre-norm). */
function block(scope: Scope, x: Tensor, { residual, norm }: Variant): Tensor {
  const normed = (name: string, y: Tensor): Tensor => (norm ? layerNorm(scope.at(name), y) : y);
  const added = (y: Tensor, change: Tensor): Tensor => (residual ? y.add(change) : change);
  const attended = added(x, attention(scope.at("self_attn"), normed("norm1", x), { heads: 2, cached: false }));
  const forward = feedForward(scope.at("ffn"), normed("norm2", attended), {
    hidden: 2 * D,
    activation: "gelu",
    dropout: 0,
  });
  return added(attended, forward);
}

/** The loss of naming the first word of each row from what stands at the last. */
const lossOf =
  (variant: Variant, layers: number) =>
  (scope: Scope): Tensor => {
    const ids = input("words", "int32", [B, T]);
    const tokens = embedding(scope.at("embedding"), ids, V, D, { initial: { kind: "normal", deviation: 0.5 } });
    let x = tokens.add(positions(scope, tokens, "interleaved", T, 0));
    for (let layer = 0; layer < layers; layer++) x = block(scope.at("layers", layer), x, variant);
    const y = variant.norm ? layerNorm(scope.at("norm"), x) : x;
    const logits = linear(scope.at("output"), y.slice(1, T - 1, T).reshape([B, D]), V);
    return logits.crossEntropy(input("first", "int32", [B])).sum();
  };

function rowsOfWords(): Record<string, HostTensor> {
  const draw = random(1, "blocks");
  const data = Int32Array.from({ length: B * T }, () => draw.below(V));
  const first = Int32Array.from({ length: B }, (_, row) => data[row * T]!);
  return { words: { dtype: "int32", shape: [B, T], data }, first: { dtype: "int32", shape: [B], data: first } };
}

/** Measures the gradients of a fresh stack of each kind, then trains it. */
export function compareStacks(work: Work): Promise<Stack[]> {
  const feeds = rowsOfWords();
  const layers = work.quick ? 3 : 8;
  return withEngine(work, async (engine) => {
    const stacks: Stack[] = [];
    for (const variant of variants) {
      const loss = lossOf(variant, layers);
      const { before, losses } = await trainIn(engine, work, {
        objective: (scope) => ({ loss: loss(scope) }),
        batch: wholeBatch(feeds, B),
        updates: work.quick ? 5 : 150,
        learningRate: 0.003,
        what: variant.name,
        before: async (trainer) => {
          const look = (scope: Scope): Tensor => normsOf(scope, loss, layers);
          const records = await recordsOf(trainer.parameters, look, feeds, ["norms"]);
          return Array.from(numbersOf(records.get("norms")));
        },
      });
      stacks.push({ name: variant.name, gradientNorms: before, losses });
    }
    return stacks;
  });
}

/** The gradient's norm by layer, of the mean loss: over all weights of the layer together. */
function normsOf(scope: Scope, loss: (scope: Scope) => Tensor, layers: number): Tensor {
  const value = loss(scope).scale(1 / B);
  const weights = [...scope.trace.parameters.values()].filter(({ name }) => name.startsWith("layers."));
  const found = gradients(
    value,
    weights.map(({ tensor }) => tensor),
  );
  const norms = Array.from({ length: layers }, (_, layer) => {
    const own = found.filter((_gradient, i) => weights[i]!.name.startsWith(`layers.${layer}.`));
    const squares = own.map((gradient) => gradient.mul(gradient).sum().reshape([1]));
    return concat(squares, 0).sum().sqrt().reshape([1]);
  });
  return scope.record("norms", concat(norms, 0));
}
