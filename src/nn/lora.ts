/** Low-rank adaptation of linear layers and embeddings (LoRA; Hu et al. 2021, section 4.1). */
import type { Tensor } from "../graph/index.ts";
import { dropout } from "./dropout.ts";
import type { Scope } from "./scope.ts";

/** How one layer is adapted. */
export interface LowRank {
  readonly rank: number;
  /** What the change is multiplied by: alpha / rank. */
  readonly scale: number;
  /** Of what the change sees, while training. Default: 0. */
  readonly dropout?: number | undefined;
}

/** The names of the two matrices below the path of a layer, as PEFT has them. */
export const LORA_DOWN = "lora_A.weight";
export const LORA_UP = "lora_B.weight";
/** The same of an embedding. */
export const LORA_TABLE_DOWN = "lora_embedding_A";
export const LORA_TABLE_UP = "lora_embedding_B";
/** The names of either matrix. */
export const LORA_DOWNS = [LORA_DOWN, LORA_TABLE_DOWN] as const;
export const LORA_UPS = [LORA_UP, LORA_TABLE_UP] as const;

/**
 * y + scale · dropout(x) Aᵀ Bᵀ: x [..., in], y [..., out]. Parameters `lora_A.weight` [rank, in], which starts as
 * PyTorch's linear layers do (uniform within ±1 / √in), and `lora_B.weight` [out, rank], which starts at zero: so the
 * layer starts as it was.
 */
export function lowRank(scope: Scope, x: Tensor, y: Tensor, { rank, scale, dropout: rate = 0 }: LowRank): Tensor {
  const [from, to] = [x.fixed(-1), y.fixed(-1)];
  const down = scope.parameter(LORA_DOWN, [rank, from], { kind: "uniform", bound: from ** -0.5 });
  const up = scope.parameter(LORA_UP, [to, rank], { kind: "zeros" });
  const inner = dropout(scope, x, rate).linear(down);
  return y.add((scale === 1 ? inner : inner.scale(scale)).linear(up));
}

/**
 * rows + scale · A[:, ids]ᵀ Bᵀ: ids [...], rows [..., width] of a table of `count` rows. Parameters `lora_embedding_A`
 * [rank, count], which starts at zero, and `lora_embedding_B` [width, rank], from N(0, 1), as PEFT has them; there is no
 * dropout before them.
 */
export function lowRankRows(scope: Scope, ids: Tensor, rows: Tensor, count: number, { rank, scale }: LowRank): Tensor {
  const down = scope.parameter(LORA_TABLE_DOWN, [rank, count], { kind: "zeros" });
  const up = scope.parameter(LORA_TABLE_UP, [rows.fixed(-1), rank], { kind: "normal", deviation: 1 });
  const inner = down.transpose([1, 0]).gather(ids);
  return rows.add((scale === 1 ? inner : inner.scale(scale)).linear(up));
}
