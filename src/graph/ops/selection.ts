/** The largest elements of rows, and where they are. */
import { modelError } from "../calling-line.ts";
import { defineOp } from "../op.ts";
import { requireDtype, requireRank, showType } from "../shapes.ts";

/**
 * The `count` largest elements of each row of the last axis, largest first, and their indices (int64). Of equal
 * elements the one with the lower index comes first.
 */
export const topK = defineOp<{ count: number }>({
  name: "topK",
  infer: ([x], { count }) => {
    requireDtype("topK", x!, "float32", "int32", "int64");
    if (x!.shape.length === 0) requireRank("topK", "the operand", x!, 1);
    const size = x!.shape.at(-1)!;
    if (!Number.isInteger(count) || count < 1 || (typeof size === "number" && count > size)) {
      throw modelError(`topK: ${count} elements of the last axis of ${showType(x!)}; expected 1 up to its size.`);
    }
    const shape = [...x!.shape.slice(0, -1), count];
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  // Indices have no slope; the values' gradient goes back to where each value came from.
  gradient: ({ inputs: [x], outputs: [, indices], gradients: [g] }) => [
    g?.scatterElements(indices!, -1, x!.shape.at(-1)!),
  ],
  lower: (emit, { inputs, attributes: { count } }) => {
    const [values, indices] = emit.nodes("TopK", [inputs[0]!, emit.integers([count])], 2, { axis: { int: -1 } });
    // ONNX wants both outputs even where nobody reads the indices, so there is always a reader.
    return [values!, emit.node("Identity", [indices!])];
  },
});
