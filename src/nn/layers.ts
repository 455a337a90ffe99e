/** The small layers that everything is made of. Shapes: [..., width]; parameters are named as PyTorch names them. */
import type { Tensor, WeightLayout } from "../graph/index.ts";
import { dropout } from "./dropout.ts";
import type { Initializer, Scope } from "./scope.ts";

/** Default: a bias, and weights by Glorot and Bengio 2010. */
export interface LinearOptions {
  readonly bias?: boolean;
  readonly initial?: Initializer | undefined;
  /** How the weight lies in the checkpoint. Default: "out-in". */
  readonly layout?: WeightLayout;
}

/** x Wᵀ + b: [..., in] to [..., out]. Parameters `weight` [out, in] (or [in, out], by the layout) and `bias` [out]. */
export function linear(scope: Scope, x: Tensor, out: number, options: LinearOptions = {}): Tensor {
  const { bias = true, initial = { kind: "xavier" }, layout = "out-in" } = options;
  const shape = layout === "out-in" ? [out, x.fixed(-1)] : [x.fixed(-1), out];
  const weight = scope.parameter("weight", shape, initial);
  const y = x.linear(weight, bias ? scope.parameter("bias", [out], { kind: "zeros" }) : undefined, layout);
  return scope.adapted(x, y, layout);
}

/** The table of an embedding: `weight` [count, width]. */
export function embeddingTable(scope: Scope, count: number, width: number, initial?: Initializer): Tensor {
  return scope.parameter("weight", [count, width], initial ?? { kind: "normal", deviation: width ** -0.5 });
}

/** An embedding beside its table. */
export interface EmbeddingOptions {
  readonly initial?: Initializer | undefined;
  /**
   * The id whose row starts at zero and is not trained by looking it up, as PyTorch's `padding_idx`; a tied output layer
   * still trains it.
   */
  readonly paddingId?: number | undefined;
}

/** Rows of a table by id: ids [...] to [..., width]. */
export function embedding(
  scope: Scope,
  ids: Tensor,
  count: number,
  width: number,
  { initial, paddingId }: EmbeddingOptions = {},
): Tensor {
  const start = initial?.kind === "normal" ? { ...initial, zeroRow: paddingId } : initial;
  return scope.adaptedRows(ids, lookUp(embeddingTable(scope, count, width, start), ids, paddingId), count);
}

/** Rows of a table that is there already, by id; see `EmbeddingOptions.paddingId`. */
export function lookUp(table: Tensor, ids: Tensor, paddingId?: number): Tensor {
  const rows = table.gather(ids);
  if (paddingId === undefined) return rows;
  return ids.equal(paddingId).unsqueeze(-1).where(rows.stopGradient(), rows);
}

/** LayerNorm (Ba et al. 2016) with trained `weight` and `bias` [width]. */
export function layerNorm(scope: Scope, x: Tensor, epsilon = 1e-5): Tensor {
  const width = x.fixed(-1);
  const weight = scope.parameter("weight", [width], { kind: "ones" });
  return x.layerNorm(weight, scope.parameter("bias", [width], { kind: "zeros" }), epsilon);
}

/** RMSNorm (Zhang and Sennrich 2019) with trained `weight` [width]. */
export function rmsNorm(scope: Scope, x: Tensor, epsilon = 1e-6): Tensor {
  return x.rmsNorm(scope.parameter("weight", [x.fixed(-1)], { kind: "ones" }), epsilon);
}

/** Activation functions by the names that configs use. */
export const activations = {
  relu: (x: Tensor) => x.relu(),
  gelu: (x: Tensor) => x.gelu(),
  gelu_tanh: (x: Tensor) => x.gelu("tanh"),
  silu: (x: Tensor) => x.silu(),
  /** x · sigmoid(1.702 x), CLIP's approximation of GELU. */
  quick_gelu: (x: Tensor) => x.scale(1.702).sigmoid().mul(x),
  tanh: (x: Tensor) => x.tanh(),
} as const;
/** The name of an activation function. */
export type Activation = keyof typeof activations;

/** The hidden layer of a feed-forward network. */
export interface FeedForwardOptions {
  /** Width of the hidden layer. */
  readonly hidden: number;
  readonly activation: Activation;
  /** Dropout behind the activation. */
  readonly dropout: number;
  /** How the weights start. Default: Glorot and Bengio 2010. */
  readonly initial?: Initializer | undefined;
}

/** Position-wise feed-forward network (Vaswani et al. 2017, eq. 2): W₂ · activation(W₁ x + b₁) + b₂. */
export function feedForward(
  scope: Scope,
  x: Tensor,
  { hidden, activation, dropout: rate, initial }: FeedForwardOptions,
): Tensor {
  const inner = activations[activation](linear(scope.at("fc1"), x, hidden, { initial }));
  return linear(scope.at("fc2"), dropout(scope, inner, rate), x.fixed(-1), { initial });
}
