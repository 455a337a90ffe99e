/** Which patches of an image are hidden (Xie et al.: "SimMIM: A simple framework for masked image modeling", 2022, section 3.2). */
import { InputError } from "../errors/index.ts";
import type { Random } from "../random/index.ts";
import { chosen } from "./document-noise.ts";

/** How patches are hidden. */
export interface PatchMasking {
  /** The share of squares that is hidden. Default: 0.6. */
  readonly share?: number | undefined;
  /** The side of a square that is hidden as a whole, in patches; must divide the side of the image. Default: 1. */
  readonly side?: number | undefined;
}

/**
 * A 1 for each hidden patch of an image of `patches` × `patches`, row by row. As many squares as the share says, rounded
 * up, and at least one is left to be seen. Throws InputError for sizes that do not fit each other.
 */
export function maskPatches(patches: number, { share = 0.6, side = 1 }: PatchMasking, generator: Random): Int32Array {
  const squares = patches / side;
  if (!Number.isInteger(squares) || squares < 2 || !(share > 0 && share < 1)) {
    throw new InputError(
      `A share of ${share} of an image of ${patches} × ${patches} patches cannot be hidden in squares of ${side}: the ` +
        `share must lie between 0 and 1, and the side divide the image into at least two.`,
    );
  }
  const count = Math.min(Math.ceil(share * squares * squares), squares * squares - 1);
  const hidden = chosen(squares * squares, count, generator);
  return Int32Array.from({ length: patches * patches }, (_, patch) => {
    const [row, column] = [Math.floor(patch / patches), patch % patches];
    return hidden[Math.floor(row / side) * squares + Math.floor(column / side)]!;
  });
}
