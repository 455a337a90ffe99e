/**
 * Rows added up by index: the gradient of an embedding. ONNX's own scatter with addition races where indices repeat
 * and more than one thread runs, so it is not used; what is used here has one order of addition, whatever the threads.
 */
import { modelError } from "../calling-line.ts";
import { sameShape, sizeOf, type Dimension, type Shape } from "../dimensions.ts";
import { defineOp, type Emitter, type TensorType } from "../op.ts";
import { requireDtype, showType } from "../shapes.ts";
import { castTo } from "./elementwise.ts";

export const indexDtypes = ["int32", "int64"] as const;
/** Up to this many rows one product with a one-hot matrix over all rows is cheaper than sorting the indices. */
const FEW_ROWS = 128;
/** Sorted rows that one small product adds up. */
const BLOCK = 32;
/** A place in no block. It fits 32 bits, which some engines count with. */
const NOWHERE = 2 ** 30;

/** A one-hot matrix in the type of `like`: indices [I...] to [I..., depth], or to [depth, I...] with `axis` 0. */
export function oneHot(emit: Emitter, indices: string, depth: string, like: TensorType, axis: -1 | 0 | 1): string {
  const values = emit.constant([0, 1], { dtype: like.dtype, shape: [2] });
  return emit.node("OneHot", [indices, depth, values], { axis: { int: axis } });
}

/**
 * Adds rows up by index: updates [I..., D...], indices [I...] to [rows, D...]; rows no index names are zero.
 * With a third operand, [rows, D...], the sums are added to that. The gradient of a look-up in the first axis.
 */
export const scatterRows = defineOp<{ rows: Dimension }>({
  name: "scatterRows",
  infer: ([updates, indices, base], { rows }) => {
    requireDtype("scatterRows", indices!, ...indexDtypes);
    requireDtype("scatterRows", updates!, "float32", "float16", "bfloat16");
    const width = indices!.shape.length;
    if (!sameShape(updates!.shape.slice(0, width), indices!.shape)) {
      throw modelError(
        `scatterRows: updates ${showType(updates!)} and indices ${showType(indices!)}: ` +
          `the updates' first axes must be those of the indices.`,
      );
    }
    const sums = { dtype: updates!.dtype, shape: [rows, ...updates!.shape.slice(width)] };
    if (base !== undefined && showType(base) !== showType(sums)) {
      throw modelError(`scatterRows: sums ${showType(sums)} cannot be added to ${showType(base)}.`);
    }
    return [sums];
  },
  gradient: ({ inputs: [, indices, base], gradients: [g] }) => {
    const byUpdates = g!.gather(indices!, 0);
    return base === undefined ? [byUpdates, undefined] : [byUpdates, undefined, g];
  },
  lower: (emit, { inputs: [updates, indices, base], inputTypes, outputTypes, attributes: { rows } }) => {
    const { shape } = outputTypes[0]!;
    const width = sizeOf(shape.slice(1));
    const reshaped = (name: string, to: Shape): string =>
      shape.length === 2 ? name : emit.node("Reshape", [name, emit.shape(to)]);
    const flat = emit.node("Reshape", [updates!, emit.shape([sizeOf(inputTypes[1]!.shape), width])]);
    const ids = emit.node("Reshape", [castTo(emit, indices!, "int64"), emit.integers([-1])]);
    const onto = base === undefined ? undefined : reshaped(base, [rows, width]);
    const few = typeof rows === "number" && rows <= FEW_ROWS;
    const add = few ? addToFew : addToMany;
    return [reshaped(add(emit, { updates: flat, ids, onto, width, rows, type: outputTypes[0]! }), shape)];
  },
});

interface Sums {
  /** Names: [ids, width], [ids], [rows, width]. */
  readonly updates: string;
  readonly ids: string;
  readonly onto: string | undefined;
  readonly rows: Dimension;
  readonly width: Dimension;
  readonly type: TensorType;
}

/** One product: a one-hot matrix [rows, ids] by the updates. */
function addToFew(emit: Emitter, { updates, ids, onto, rows, type }: Sums): string {
  const spots = oneHot(emit, ids, emit.size(rows), type, 0);
  return onto === undefined ? emit.node("MatMul", [spots, updates]) : emit.node("Gemm", [spots, updates, onto]);
}

/** The sum for each distinct index, then each where it belongs; distinct indices do not repeat. */
function addToMany(emit: Emitter, sums: Sums): string {
  const { onto, rows, type } = sums;
  const { distinct, totals } = sumByIndex(emit, sums);
  const places = emit.node("Unsqueeze", [distinct, emit.integers([1])]);
  if (onto !== undefined) {
    const before = emit.node("Gather", [onto, distinct], { axis: { int: 0 } });
    return emit.node("ScatterND", [onto, places, emit.node("Add", [before, totals])]);
  }
  // Each row is written once: its total, or the zeros after the last total.
  const count = emit.node("Shape", [distinct]);
  const zero = emit.integers([0, 0, 1, 0]);
  const withZeros = emit.node("Pad", [totals, zero, emit.scalar(0, type.dtype)]);
  const numbers = emit.node("Range", [emit.scalar(0, "int64"), emit.node("Squeeze", [count]), emit.scalar(1, "int64")]);
  const sources = emit.node("ScatterND", [emit.node("Expand", [count, emit.shape([rows])]), places, numbers]);
  return emit.node("Gather", [withZeros, sources], { axis: { int: 0 } });
}

/**
 * The distinct indices [U], and the sums of their rows [U, width]. The indices are sorted and cut into blocks. Within a
 * block a small one-hot product adds equal indices up; what a block continues from the one before is added after that.
 */
function sumByIndex(emit: Emitter, { updates, ids, width, type }: Sums): { distinct: string; totals: string } {
  const axis = (int: number): { axis: { int: number } } => ({ axis: { int } });
  const take = (from: string, at: string): string => emit.node("Gather", [from, at], axis(0));
  const vector = (name: string): string => emit.node("Reshape", [name, emit.integers([-1])]);
  const int = (value: number): string => emit.scalar(value, "int64");
  const block = emit.integers([BLOCK]);

  const count = emit.node("Shape", [ids]);
  const [sorted, order] = emit.nodes("TopK", [ids, count], 2, { ...axis(0), largest: { int: 0 } });
  const previous = emit.node("Slice", [sorted!, emit.integers([0]), emit.integers([-1])]);
  const same = emit.node("Equal", [sorted!, emit.node("Concat", [emit.integers([-1]), previous], axis(0))]);
  const begins = castTo(emit, emit.node("Not", [same]), "int64");
  const rank = emit.node("CumSum", [begins, int(0)]);

  // Whole blocks. The rows that fill the last one up count nowhere.
  const missing = emit.node("Mod", [emit.node("Neg", [count]), block]);
  const pads = emit.node("Concat", [emit.integers([0]), missing], axis(0));
  const blocks = (name: string, fill: number): string =>
    emit.node("Reshape", [emit.node("Pad", [name, pads, int(fill)]), emit.integers([-1, BLOCK])]);
  const firstOf = (name: string): string =>
    emit.node("Slice", [name, emit.integers([0]), emit.integers([1]), emit.integers([1])]);
  const ranks = blocks(rank, NOWHERE);
  const slots = emit.node("Sub", [ranks, firstOf(ranks)]);
  const rows = emit.node("Gather", [updates, blocks(order!, 0)], axis(0));
  const partial = emit.node("MatMul", [oneHot(emit, slots, int(BLOCK), type, 1), rows]);

  // Each distinct index takes its sum from the block in which it begins …
  const beginnings = vector(emit.node("NonZero", [begins]));
  const start = emit.node("Sub", [beginnings, emit.node("Mod", [beginnings, block])]);
  const place = emit.node("Add", [start, take(vector(slots), beginnings)]);
  const sums = take(emit.node("Reshape", [partial, emit.shape([-1, width])]), place);
  // … and what the blocks after that continue is their first sum.
  const distinct = take(sorted!, beginnings);
  const total = emit.node("Shape", [beginnings]);
  const fresh = castTo(emit, vector(firstOf(blocks(begins, 0))), "bool");
  const number = emit.node("Sub", [vector(firstOf(ranks)), emit.integers([1])]);
  const continued = oneHot(emit, emit.node("Where", [fresh, total, number]), total, type, 0);
  const heads = emit.node("Reshape", [firstOf(partial), emit.shape([-1, width])]);
  return { distinct, totals: emit.node("Gemm", [continued, heads, sums]) };
}
