/**
 * Rotary positions (Su, Lu, Pan, Murtadha, Wen, Liu: "RoFormer: Enhanced Transformer with rotary position embedding",
 * 2021, section 3.2.2): queries and keys are turned by angles that grow with the position, so that their product
 * depends on the distance alone. Pairs are components i and i + K / 2, as LLaMA's and ESM's checkpoints have them; the
 * paper pairs neighbors, which is the same up to the order of components.
 */
// B batch, T tokens, H heads, K width of a head
import { concat, constant, iota, type Dimension, type Tensor } from "../graph/index.ts";

/** Llama 3.1's: long waves are stretched, short ones stay, those between are blended. */
export interface Llama3Scaling {
  readonly kind: "llama3";
  /** How much long waves are stretched. */
  readonly factor: number;
  /** The longest text of the training without scaling, in tokens. */
  readonly originalPositions: number;
  /** Waves longer than `originalPositions` / this are stretched in full. */
  readonly lowFrequencyFactor: number;
  /** Waves shorter than `originalPositions` / this stay. */
  readonly highFrequencyFactor: number;
}

/** How angles are changed for texts longer than those of the training: all by one factor, or by Llama 3.1's rule. */
export type RotaryScaling = { readonly kind: "linear"; readonly factor: number } | Llama3Scaling;

/**
 * Angles per position, in radians, of the K / 2 pairs: θ^(−2i / K), scaled. Rounded to float32 step by step, as PyTorch
 * does: at position 10,000 a last bit of a frequency shows in the fourth digit of a sine.
 */
export function rotaryFrequencies(width: number, theta = 10_000, scaling?: RotaryScaling): Float32Array {
  return Float32Array.from({ length: width / 2 }, (_, i) => {
    const frequency = Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / width)));
    if (scaling === undefined) return frequency;
    return scaling.kind === "linear" ? frequency / scaling.factor : llama3(frequency, scaling);
  });
}

function llama3(
  frequency: number,
  { factor, originalPositions, lowFrequencyFactor: low, highFrequencyFactor: high }: Llama3Scaling,
): number {
  const waves = (originalPositions * frequency) / (2 * Math.PI);
  if (waves < low) return frequency / factor;
  if (waves > high) return frequency;
  const kept = (waves - low) / (high - low);
  return ((1 - kept) * frequency) / factor + kept * frequency;
}

/** What turns queries and keys, made once for all layers: both [B or 1, 1, T, K]. */
export interface Rotation {
  readonly cosines: Tensor;
  /** Negative in the first half. */
  readonly sines: Tensor;
}

/** The rotation at positions int32[B, T], or at those from `first` on for the rows of a time axis. */
export function rotation(
  frequencies: Float32Array | Tensor,
  places: Tensor | { readonly first: Dimension; readonly time: Dimension },
): Rotation {
  const positions = "node" in places ? places : iota(places.time, { start: places.first, dtype: "int32" }).unsqueeze(0);
  const [batch, time] = positions.shape;
  const angles = positions
    .cast("float32")
    .reshape([batch!, 1, time!, 1])
    .mul("node" in frequencies ? frequencies : constant(frequencies, [frequencies.length]));
  const [cosine, sine] = [angles.cos(), angles.sin()];
  return { cosines: concat([cosine, cosine], -1), sines: concat([sine.neg(), sine], -1) };
}

/** Queries or keys [B, H, T, K], turned: (a, b) to (a cos − b sin, b cos + a sin) for the halves a and b. */
export function rotate(x: Tensor, { cosines, sines }: Rotation): Tensor {
  const half = x.fixed(-1) / 2;
  const [a, b] = x.split(-1, [half, half]);
  return x.mul(cosines).add(concat([b!, a!], -1).mul(sines));
}
