/** One vector for a whole text, from the vectors of its tokens: what sentence embeddings are made of. */
// B batch, T tokens, D width
import type { Tensor } from "../graph/index.ts";
import { finalToken, firstToken, lastReal } from "./heads.ts";

/**
 * Which tokens stand for a text: the mean of all real ones (Reimers and Gurevych: "Sentence-BERT", 2019, section 3), the
 * first (BERT's class token), or the last real one, as decoders need it.
 */
export const poolings = ["mean", "class", "last"] as const;
/** The name of a pooling. */
export type Pooling = (typeof poolings)[number];

/**
 * Texts as vectors: hidden states [B, T, D] to [B, D]. The attention mask, int32[B, T], has a 1 where a token is real;
 * without it all are. Padding may lie on either side of a text, but for the class token. A text without any real token
 * becomes zeros by the mean, and its first vector by the last.
 */
export function pooled(hidden: Tensor, attentionMask: Tensor | undefined, pooling: Pooling): Tensor {
  if (pooling === "class") return firstToken(hidden);
  if (pooling === "last") return attentionMask === undefined ? finalToken(hidden) : lastReal(hidden, attentionMask);
  if (attentionMask === undefined) return hidden.mean(1);
  const real = attentionMask.cast(hidden.dtype).unsqueeze(-1);
  return hidden.mul(real).sum(1).div(real.sum(1).maximum(1));
}

/** The same directions [..., D] with length 1. */
export const unitVectors = (x: Tensor): Tensor => x.div(x.mul(x).sum(-1, { keep: true }).sqrt());
