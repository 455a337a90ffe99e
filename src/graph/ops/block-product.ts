/** Products with weights of few bits, of which the neighbors in a block of a row share a scale. */
import { modelError } from "../calling-line.ts";
import { sameShape } from "../dimensions.ts";
import { defineOp } from "../op.ts";
import { showType } from "../shapes.ts";

/** How weights were rounded: w = (q − 2^(bits − 1)) · scale, a scale for each `block` of neighbors in a row. */
export interface BlockOptions {
  readonly bits: 4 | 8;
  readonly block: number;
  /** Weights of a row; the last block may be longer. */
  readonly width: number;
}

/**
 * x Wᵀ + b over the last axis: x [..., in], W as whole numbers uint8[out, blocks, block · bits / 8] (of two in one byte
 * the first has the lower bits) and scales [out, blocks], b [out]. An op of ONNX Runtime's own set, which may round x to
 * 8 bits, block by block.
 */
export const blockLinear = defineOp<BlockOptions>({
  name: "blockLinear",
  infer: ([x, values, scales, bias], { bits, block, width }) => {
    const [out] = values!.shape;
    const blocks = Math.ceil(width / block);
    const fits =
      x!.shape.at(-1) === width &&
      values!.dtype === "uint8" &&
      sameShape(values!.shape, [out!, blocks, (block * bits) / 8]) &&
      sameShape(scales!.shape, [out!, blocks]) &&
      (bias === undefined || sameShape(bias.shape, [out!]));
    if (!fits) {
      throw modelError(
        `blockLinear: x ${showType(x!)}, values ${showType(values!)}, scales ${showType(scales!)}, ${bits} bits in ` +
          `blocks of ${block}. Expected x [..., ${width}], uint8[out, ${blocks}, ${(block * bits) / 8}], [out, ${blocks}].`,
      );
    }
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, -1), out!] }];
  },
  gradient: { notDifferentiable: "its weights are rounded; train the weights that they were made from" },
  lower: (emit, { inputs: [x, values, scales, bias], inputTypes, attributes: { bits, block, width } }) => {
    const out = inputTypes[1]!.shape[0] as number;
    const attributes = {
      K: { int: width },
      N: { int: out },
      bits: { int: bits },
      block_size: { int: block },
      // x as 8 bits: the fastest of the kernels.
      accuracy_level: { int: 4 },
    };
    const rest = bias === undefined ? [] : ["", "", bias];
    return [emit.node("com.microsoft.MatMulNBits", [x!, values!, scales!, ...rest], attributes)];
  },
});
