/** Multi-head attention (Vaswani et al. 2017, section 3.2) and its masks. */
// B batch, T queries, S keys, H heads, D model width, K = D / H
import { GraphError } from "../errors/index.ts";
import {
  addDimensions,
  concat,
  constant,
  iota,
  multiplyDimensions,
  type Dimension,
  type Tensor,
} from "../graph/index.ts";
import { dropout } from "./dropout.ts";
import { linear } from "./layers.ts";
import type { Initializer, Scope } from "./scope.ts";

/** What is attended to, and how. */
export interface AttentionOptions {
  readonly heads: number;
  /** What is attended to, [B, S, D]; the input itself where absent (self-attention). */
  readonly memory?: Tensor | undefined;
  /** Added to the scores: 0 where a key may be seen, a very low number where not. Broadcasts to [B, H, T, S]. */
  readonly mask?: Tensor | undefined;
  /** Dropout of the attention weights. */
  readonly dropout?: number;
  /**
   * The public name of the weights, `attentions.3`; see `Scope.publish`. Queries, keys, values and what each head gives
   * are published beside it, as `queries.3`, `keys.3`, `values.3` and `contexts.3`.
   */
  readonly publish?: string | undefined;
  /** What scores are multiplied by. Default: 1 / √K. */
  readonly scale?: number | undefined;
  /** Whether decode programs keep the keys and values. Default: true; false for an encoder, which sees all at once. */
  readonly cached?: boolean;
  /** How the weights of the four projections start. Default: Glorot and Bengio 2010. */
  readonly initial?: Initializer | undefined;
}

/** Multi-head attention with its four projections: x [B, T, D] to [B, T, D]. Records `attention`. */
export function attention(scope: Scope, x: Tensor, options: AttentionOptions): Tensor {
  const { heads, memory = x, mask, dropout: rate = 0, cached = true, publish, initial } = options;
  const width = x.fixed(-1);
  const dense = (name: string, from: Tensor): Tensor => linear(scope.at(name), from, width, { initial });
  const project = (name: string, from: Tensor): Tensor => splitHeads(dense(name, from), heads);
  const keep = (name: string, value: Tensor): Tensor => {
    if (!cached) return value;
    return options.memory === undefined ? scope.append(name, value) : scope.once(name, value);
  };
  const query = project("q_proj", x); // [B, H, T, K]
  const key = keep("key", project("k_proj", memory)); // [B, H, S, K]
  const value = keep("value", project("v_proj", memory)); // [B, H, S, K]
  const context = attend(scope, query, key, value, { mask, dropout: rate, publish });
  return dense("out_proj", joinHeads(context));
}

/** How heads attend. */
export type AttendOptions = Pick<AttentionOptions, "mask" | "dropout" | "publish" | "scale">;

/**
 * softmax(Q Kᵀ / √K + mask) V for each head (eq. 1): queries [B, H, T, K], keys and values [B, H, S, K] to
 * [B, H, T, K]. Records `attention`, the weights. Where keys and values have fewer heads, as many neighboring heads of
 * the queries share one (Ainslie et al. 2023, "GQA", section 2.2), and nothing is repeated.
 */
export function attend(
  scope: Scope,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { scale = 1 / Math.sqrt(query.fixed(-1)), ...options }: AttendOptions,
): Tensor {
  const asked = published(scope, options.publish, "queries", query);
  const products = productOfHeads(asked, published(scope, options.publish, "keys", key).swap(-1, -2));
  return weigh(scope, scale === 1 ? products : products.scale(scale), value, options);
}

/** What an attention publishes beside its weights: of `crossAttentions.1`, `crossQueries.1` and the like. */
const parts = { queries: "Queries", keys: "Keys", values: "Values", contexts: "Contexts" } as const;

function published(scope: Scope, weights: string | undefined, part: keyof typeof parts, tensor: Tensor): Tensor {
  if (weights === undefined) return tensor;
  return scope.publish(weights.replace("attentions.", `${part}.`).replace("Attentions.", `${parts[part]}.`), tensor);
}

/** softmax(scores + mask) V, for scores [B, H, T, S] that are made elsewhere; the rest of `attend`. */
export function weigh(
  scope: Scope,
  scores: Tensor,
  value: Tensor,
  { mask, dropout: rate = 0, publish }: Omit<AttendOptions, "scale">,
): Tensor {
  const softmax = scope.record("attention", (mask === undefined ? scores : scores.add(mask)).softmax());
  const weights = publish === undefined ? softmax : scope.publish(publish, softmax);
  const weighed = productOfHeads(dropout(scope, weights, rate), published(scope, publish, "values", value));
  return published(scope, publish, "contexts", weighed);
}

/** [B, H, M, N] by [B, H / G, N, P] to [B, H, M, P]: G heads share one, whose rows lie one behind the other. */
function productOfHeads(x: Tensor, y: Tensor): Tensor {
  const [batch, heads, rows, inner] = x.shape;
  const shared = y.fixed(1);
  const together = multiplyDimensions(x.fixed(1) / shared, rows!);
  return x
    .reshape([batch!, shared, together, inner!])
    .matmul(y)
    .reshape([batch!, heads!, rows!, y.dim(-1)]);
}

/** Queries of a block: fewer, and the products become too small. */
const BLOCK = 64;

/**
 * `attend` where no query sees the future. While training on texts of fixed length, blocks of queries meet only the
 * keys up to their own end, so that what the mask would hide is not computed; the record is then that of the last block.
 */
export function attendCausally(
  scope: Scope,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask: padding, ...options }: AttendOptions,
): Tensor {
  const time = query.dim(2);
  const mask = bothMasks(causalMask(time, scope.past), padding);
  const blocked = scope.trace.kind === "training" && typeof time === "number" && time >= 2 * BLOCK;
  if (!blocked) return attend(scope, query, key, value, { ...options, mask });
  const sizes = blocksOf(time);
  let end = 0;
  const contexts = query.split(2, sizes).map((queries, i) => {
    const start = end;
    end += sizes[i]!;
    const seen = (whole: Tensor): Tensor => whole.slice(2, 0, end);
    const part = mask.slice(2, start, end).slice(3, 0, end);
    return attend(scope, queries, seen(key), seen(value), { ...options, mask: part });
  });
  return concat(contexts, 2);
}

/** Even parts of about `BLOCK`, four at most: each more saves less, and copies more. */
function blocksOf(time: number): number[] {
  const count = Math.min(4, Math.floor(time / BLOCK));
  return Array.from({ length: count }, (_, i) => Math.floor((time * (i + 1)) / count) - Math.floor((time * i) / count));
}

/** [B, T, D] to [B, H, T, K]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, time] = x.shape;
  const width = x.fixed(-1);
  if (width % heads !== 0) throw new GraphError(`attention: a width of ${width} does not divide into ${heads} heads.`);
  return x.reshape([batch!, time!, heads, width / heads]).swap(1, 2);
}

/** [B, H, T, K] to [B, T, D]. */
export function joinHeads(x: Tensor): Tensor {
  const [batch, , time] = x.shape;
  return x.swap(1, 2).reshape([batch!, time!, x.fixed(1) * x.fixed(3)]);
}

/** The lowest finite float32: a softmax over nothing but this is uniform, not NaN. */
export const MASKED = -3.4028234663852886e38;

/**
 * The sum of two masks, which stays finite: a query that sees no key weighs all alike. The first has four axes.
 */
export function bothMasks(mask: Tensor, other: Tensor | undefined): Tensor {
  return other === undefined ? mask : mask.add(other).maximum(MASKED);
}

/**
 * Hides what an attention mask of ones and zeros hides: [B, S] to [B, 1, 1, S], or [B, T, S], which tells it for each
 * query, to [B, 1, T, S]: 0 where there is a 1 and `MASKED` where there is a 0. Undefined without one.
 */
export function visible(attentionMask: Tensor | undefined): Tensor | undefined {
  if (attentionMask === undefined) return undefined;
  const [batch, ...sizes] = attentionMask.shape;
  return attentionMask
    .equal(0)
    .reshape([batch!, 1, ...(sizes.length === 1 ? [1] : []), ...sizes])
    .where(MASKED, constant([0], []));
}

/**
 * An attention mask for texts that lie one behind the other in a row: a token sees those of its own text, by the texts'
 * numbers int32[B, T], as ones and zeros int32[B, T, T].
 */
export function sameText(texts: Tensor): Tensor {
  return texts.unsqueeze(2).equal(texts.unsqueeze(1)).cast("int32");
}

/** Hides padding: ids [B, S] to [B, 1, 1, S], 0 where there is a token and `MASKED` where the id is `paddingId`. */
export function paddingMask(ids: Tensor, paddingId: number): Tensor {
  const [batch, time] = ids.shape;
  const hidden = ids.equal(paddingId).reshape([batch!, 1, 1, time!]);
  return hidden.where(MASKED, constant([0], []));
}

/**
 * Hides the future: query t (after `past` cached positions) sees keys up to past + t. [1, 1, T, past + T]; a single
 * query sees all, and its mask is a single 0.
 */
export function causalMask(time: Dimension, past: Dimension = 0): Tensor {
  if (time === 1) return constant([0], [1, 1, 1, 1]);
  const queries = iota(time, { start: past, dtype: "int32" }).reshape([1, 1, time, 1]);
  const keys = iota(addDimensions(past, time), { dtype: "int32" }).reshape([1, 1, 1, addDimensions(past, time)]);
  return keys.greater(queries).where(MASKED, constant([0], []));
}
