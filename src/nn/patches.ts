/** Images as sequences of patches (Dosovitskiy et al.: "An image is worth 16×16 words", 2021, section 3.1), and back. */
// B batch, C channels, h × w pixels, P a patch's side, R × S patches in a picture, N = R S, D width
import { concat, floorDivideDimension, iota, multiplyDimensions, type Dimension, type Tensor } from "../graph/index.ts";
import type { Initializer, Scope } from "./scope.ts";

/** How patches become vectors. */
export interface PatchOptions {
  /** P, in pixels. What does not fill a patch at the right and below is left out. */
  readonly patch: number;
  /** D. */
  readonly width: number;
  readonly bias: boolean;
  readonly initial: Initializer;
}

/** How many patches fit into so many pixels. */
const patchesIn = (pixels: Dimension, patch: number): Dimension => floorDivideDimension(pixels, patch);

/**
 * The vectors of patches, row by row: [B, C, h, w] to [B, N, D]. Parameters `weight` [D, C, P, P] and `bias` [D] of a
 * convolution whose stride is its kernel; as no two windows share a pixel, it is computed as one matrix product.
 */
export function patchEmbedding(scope: Scope, pixels: Tensor, { patch, width, bias, initial }: PatchOptions): Tensor {
  const [batch, , height, across] = pixels.shape as readonly [Dimension, Dimension, Dimension, Dimension];
  const channels = pixels.fixed(1);
  const [rows, columns] = [patchesIn(height, patch), patchesIn(across, patch)];
  const size = channels * patch * patch;
  const patches = pixels
    .slice(2, 0, multiplyDimensions(rows, patch))
    .slice(3, 0, multiplyDimensions(columns, patch))
    .reshape([batch, channels, rows, patch, columns, patch])
    .transpose([0, 2, 4, 1, 3, 5]) // [B, R, S, C, P, P]
    .reshape([batch, multiplyDimensions(rows, columns), size]);
  const weight = scope.parameter("weight", [width, channels, patch, patch], initial).reshape([width, size]);
  return patches.linear(weight, bias ? scope.parameter("bias", [width], { kind: "zeros" }) : undefined);
}

/** A vector [D] in front of those of each row: [B, N, D] to [B, N + 1, D]. */
export function withClassToken(token: Tensor, x: Tensor): Tensor {
  return concat([token.expand([x.dim(0), 1, x.dim(2)]), x], 1);
}

/** Pictures beside a table of positions. */
export interface Picture {
  /** [B, C, h, w]. */
  readonly pixels: Tensor;
  readonly patch: number;
  /** Whether the picture may have another size than the table was made for. */
  readonly interpolate: boolean;
}

/** The positions [1 + N, D] of the class token and the patches of pictures, from a table [1 + G², D]. */
export function patchPositions(table: Tensor, { pixels, patch, interpolate }: Picture): Tensor {
  return interpolate ? interpolated(table, patchesIn(pixels.dim(2), patch), patchesIn(pixels.dim(3), patch)) : table;
}

/**
 * A table of positions for another grid of patches: [1 + G², D] to [1 + R S, D]. The first row, the class token's, stays
 * as it is; the others, a square of G × G, are interpolated as PyTorch's `interpolate(mode="bicubic",
 * align_corners=False)` does, which for R = S = G changes nothing.
 */
function interpolated(table: Tensor, rows: Dimension, columns: Dimension): Tensor {
  const [count, width] = [table.fixed(0), table.fixed(1)];
  const side = Math.round(Math.sqrt(count - 1));
  const along = bicubicWeights(side, rows).matmul(table.slice(0, 1, count).reshape([side, side * width])); // [R, G D]
  const square = bicubicWeights(side, columns).matmul(along.reshape([rows, side, width])); // [R, S, D]
  return concat([table.slice(0, 0, 1), square.reshape([multiplyDimensions(rows, columns), width])], 0);
}

/** Keys 1981, "Cubic convolution interpolation for digital image processing", with the slope that PyTorch has. */
const SLOPE = -0.75;
/** Weight of a sample at a distance up to 1, and from 1 to 2. */
const near = (x: Tensor): Tensor =>
  x
    .scale(SLOPE + 2)
    .sub(SLOPE + 3)
    .mul(x)
    .mul(x)
    .add(1);
const far = (x: Tensor): Tensor =>
  x
    .scale(SLOPE)
    .sub(5 * SLOPE)
    .mul(x)
    .add(8 * SLOPE)
    .mul(x)
    .sub(4 * SLOPE);

/** How much each of `from` samples counts for each of `to` samples over the same length: [to, from]. */
function bicubicWeights(from: number, to: Dimension): Tensor {
  const places = iota(to, { dtype: "float32" }).unsqueeze(1); // [to, 1]
  const source = places.add(0.5).mul(places.sizeValue(to).rdiv(from)).sub(0.5);
  const before = source.floor();
  const rest = source.sub(before); // from the sample in front, 0 to 1
  const samples = iota(from, { dtype: "float32" }).unsqueeze(0);
  const taps = [far(rest.add(1)), near(rest), near(rest.rsub(1)), far(rest.rsub(2))];
  return taps
    .map((weight, i) => {
      // Beyond the ends, the sample at the end counts.
      const place = before
        .add(i - 1)
        .maximum(0)
        .minimum(from - 1);
      return samples.equal(place).cast("float32").mul(weight);
    })
    .reduce((sum, part) => sum.add(part));
}

/**
 * Channels as pixels (Shi et al. 2016, section 3.2): [B, R S, C s²] to [B, C, R s, S s]. Element c s² + i s + j of a
 * patch is the pixel (i, j) of channel c.
 */
export function pixelShuffle(x: Tensor, rows: Dimension, columns: Dimension, side: number): Tensor {
  const channels = x.fixed(-1) / (side * side);
  return x
    .reshape([x.dim(0), rows, columns, channels, side, side])
    .transpose([0, 3, 1, 4, 2, 5]) // [B, C, R, s, S, s]
    .reshape([x.dim(0), channels, multiplyDimensions(rows, side), multiplyDimensions(columns, side)]);
}

/** A mask of patches [B, R S] as one of pixels: [B, 1, R P, S P]. */
export function pixelMask(mask: Tensor, rows: Dimension, columns: Dimension, patch: number): Tensor {
  const batch = mask.dim(0);
  return mask
    .reshape([batch, 1, rows, 1, columns, 1])
    .expand([batch, 1, rows, patch, columns, patch])
    .reshape([batch, 1, multiplyDimensions(rows, patch), multiplyDimensions(columns, patch)]);
}
