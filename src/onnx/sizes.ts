/**
 * The shape of every result inside a program once its named sizes have values. Whole numbers that shapes are made of
 * are computed on the way; nothing else is.
 */
import { GraphError } from "../errors/index.ts";
import { dtypes, evaluateDimension, onnxDtype, type Dtype } from "../graph/index.ts";
import type { Program } from "./lower.ts";
import { decodeMessage, type Message } from "./messages.ts";

type Node = Message<"Node">;
type Dims = readonly number[];

/** A result: its element type, its sizes, and its values where shapes may depend on them. */
export interface Sized {
  readonly dtype: Dtype;
  readonly dims: Dims;
  readonly values?: readonly number[] | undefined;
}

/** A program's graph with the sizes of everything in it, by name. */
export interface SizedGraph {
  readonly nodes: readonly Node[];
  readonly sizes: ReadonlyMap<string, Sized>;
}

/** Tensors of more whole numbers than this are no shapes. */
const MOST_VALUES = 64;

/**
 * The sizes of all inputs, constants and results of a program. Where a size depends on values (the number of distinct
 * ids), the largest possible one is given. Throws GraphError for a name without a value or an operation without a rule.
 */
export function sizedGraph(program: Program, named: ReadonlyMap<string, number>): SizedGraph {
  const graph = decodeMessage("Model", program.bytes).graph!;
  const sizes = new Map<string, Sized>();
  for (const { name, dtype, shape } of program.inputs) {
    sizes.set(name, { dtype, dims: shape.map((d) => evaluateDimension(d, named)) });
  }
  for (const tensor of graph.initializers ?? []) sizes.set(tensor.name!, constantOf(tensor));
  const nodes = graph.nodes ?? [];
  for (const node of nodes) {
    const results = inferNode(node, sizes);
    for (const [i, name] of (node.outputs ?? []).entries()) if (name !== "") sizes.set(name, results[i]!);
  }
  return { nodes, sizes };
}

const byNumber = new Map(dtypes.map((dtype) => [onnxDtype(dtype), dtype]));

function constantOf({ dims = [], dataType, raw }: Message<"Tensor">): Sized {
  const dtype = byNumber.get(dataType!)!;
  const count = productOf(dims);
  if (dtype !== "int64" || count > MOST_VALUES || raw === undefined) return { dtype, dims };
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return { dtype, dims, values: Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true))) };
}

/** The number of elements. */
export const productOf = (dims: Dims): number => dims.reduce((product, d) => product * d, 1);

/** What a rule is given. */
interface Context {
  readonly type: string;
  readonly inputs: readonly Sized[];
  readonly int: (name: string, otherwise: number) => number;
  readonly ints: (name: string) => readonly number[] | undefined;
  /** The values of an operand that says sizes, axes or places. */
  readonly values: (index: number) => readonly number[];
}
type Rule = (context: Context) => readonly Sized[];

function inferNode(node: Node, sizes: ReadonlyMap<string, Sized>): readonly Sized[] {
  const { type = "", attributes = [] } = node;
  const rule = rules[type];
  const inputs = (node.inputs ?? []).map((name) => sizes.get(name)!);
  if (rule === undefined) throw new GraphError(`No rule says the size of what the ONNX operation ${type} gives.`);
  return rule({
    type,
    inputs,
    int: (name, otherwise) => {
      const found = attributes.find((attribute) => attribute.name === name);
      // The format leaves zeros out.
      return found === undefined ? otherwise : (found.int ?? 0);
    },
    ints: (name) => attributes.find((attribute) => attribute.name === name)?.ints,
    values: (index) => {
      const values = inputs[index]?.values;
      if (values === undefined) throw new GraphError(`The sizes of ${type}'s result depend on values that are fed.`);
      return values;
    },
  });
}

function broadcast(inputs: readonly Sized[]): number[] {
  const rank = Math.max(...inputs.map(({ dims }) => dims.length));
  return Array.from({ length: rank }, (_, i) =>
    inputs.reduce((size, { dims }) => {
      const d = dims[dims.length - rank + i] ?? 1;
      return size === 1 ? d : size;
    }, 1),
  );
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => Math.trunc(a / b),
  Mod: (a, b) => ((a % b) + b) % b,
  Max: Math.max,
  Min: Math.min,
};

const elementwise: Rule = ({ type, inputs }) => {
  const [a, b] = inputs;
  const dims = broadcast(inputs);
  const dtype = type === "Where" ? b!.dtype : a!.dtype;
  const operation = arithmetic[type];
  if (operation === undefined || a?.values === undefined || b?.values === undefined) return [{ dtype, dims }];
  const count = productOf(dims);
  const [left, right] = [a.values, b.values];
  const values = Array.from({ length: count }, (_, i) => operation(left[i % left.length]!, right[i % right.length]!));
  return [{ dtype, dims, values }];
};

const comparison: Rule = ({ inputs }) => [{ dtype: "bool", dims: broadcast(inputs) }];
/** As the first, with values of its own. */
const mapped: Rule = ({ inputs: [x] }) => [{ dtype: x!.dtype, dims: x!.dims }];
const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function reduced({ inputs: [x], int }: Context, axes: readonly number[], dtype: Dtype): readonly Sized[] {
  const folded = new Set(axes.map((axis) => axisOf(axis, x!.dims.length)));
  const dims = x!.dims.flatMap((d, i) => (!folded.has(i) ? [d] : int("keepdims", 1) === 1 ? [1] : []));
  return [{ dtype, dims }];
}
const reduction: Rule = (context) => {
  const [x, axes] = context.inputs;
  return reduced(context, axes === undefined ? [...x!.dims.keys()] : context.values(1), x!.dtype);
};
const place: Rule = (context) => reduced(context, [context.int("axis", 0)], "int64");

/** Windows over the axes behind batch and channels. */
function windows({ inputs: [x], ints }: Context, kernel: Dims): number[] {
  const pads = ints("pads") ?? kernel.flatMap(() => [0, 0]);
  return kernel.map((size, i) => {
    const reach = (ints("dilations")?.[i] ?? 1) * (size - 1) + 1;
    const padded = x!.dims[i + 2]! + pads[i]! + pads[i + kernel.length]!;
    return Math.floor((padded - reach) / (ints("strides")?.[i] ?? 1)) + 1;
  });
}

const rules: Readonly<Record<string, Rule>> = {
  ...byType(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod", "And", "Or", "Where"], elementwise),
  ...byType(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"], comparison),
  ...byType(["Abs", "Sign", "Floor", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tanh", "Erf"], mapped),
  ...byType(["Sigmoid", "Relu", "HardSigmoid", "Gelu", "Softmax", "LogSoftmax", "Clip", "Not", "CumSum"], mapped),
  ...byType(["ScatterElements", "ScatterND"], mapped),
  ...byType(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"], reduction),
  ...byType(["ArgMax", "ArgMin"], place),
  Identity: ({ inputs: [x] }) => [x!],
  Neg: ({ inputs: [x] }) => [{ ...x!, values: x!.values?.map((value) => -value) }],
  Cast: ({ inputs: [x], int }) => {
    const dtype = byNumber.get(int("to", 1))!;
    const values = isWhole(dtype) ? (x!.values ?? (productOf(x!.dims) === 0 ? [] : undefined)) : undefined;
    return [{ ...x!, dtype, values }];
  },
  MatMul: ({ inputs: [a, b] }) => {
    const front = broadcast([a!, b!].map((x) => ({ ...x, dims: x.dims.slice(0, -2) })));
    return [{ dtype: a!.dtype, dims: [...front, a!.dims.at(-2)!, b!.dims.at(-1)!] }];
  },
  Gemm: ({ inputs: [a, b], int }) => [
    { dtype: a!.dtype, dims: [a!.dims[int("transA", 0)]!, b!.dims[1 - int("transB", 0)]!] },
  ],
  Transpose: ({ inputs: [x], ints }) => [{ dtype: x!.dtype, dims: ints("perm")!.map((axis) => x!.dims[axis]!) }],
  Reshape: ({ inputs: [x], values }) => {
    const dims = values(1).map((d, i) => (d === 0 ? (x!.dims[i] ?? 0) : d));
    const known = productOf(dims.filter((d) => d !== -1));
    const rest = known === 0 ? 0 : productOf(x!.dims) / known;
    return [{ ...x!, dims: dims.map((d) => (d === -1 ? rest : d)) }];
  },
  Expand: ({ inputs: [x], values }) => [
    { dtype: x!.dtype, dims: broadcast([x!, { dtype: "int64", dims: values(1) }]) },
  ],
  Concat: ({ inputs, int }) => {
    const [first] = inputs;
    const at = axisOf(int("axis", 0), first!.dims.length);
    const joined = inputs.reduce((sum, { dims }) => sum + dims[at]!, 0);
    const known = first!.dims.length === 1 && inputs.every(({ values }) => values !== undefined);
    const values = known ? inputs.flatMap((x) => x.values!) : undefined;
    return [{ dtype: first!.dtype, dims: first!.dims.map((d, i) => (i === at ? joined : d)), values }];
  },
  Slice: ({ inputs, values }) => {
    const [x] = inputs;
    const dims = [...x!.dims];
    const [starts, ends] = [values(1), values(2)];
    const axes = inputs[3] === undefined ? [...starts.keys()] : values(3);
    const steps = inputs[4] === undefined ? starts.map(() => 1) : values(4);
    const clamp = (at: number, size: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    for (const [i, axis] of axes.entries()) {
      const at = axisOf(axis, dims.length);
      const size = x!.dims[at]!;
      const span = Math.max(clamp(ends[i]!, size) - clamp(starts[i]!, size), 0);
      // A negative step turns the whole axis around.
      dims[at] = steps[i]! < 0 ? size : Math.ceil(span / steps[i]!);
    }
    const whole = dims.length === 1 && steps[0] === 1 ? x!.values : undefined;
    const cut = whole?.slice(clamp(starts[0]!, x!.dims[0]!), clamp(ends[0]!, x!.dims[0]!));
    return [{ dtype: x!.dtype, dims, values: cut }];
  },
  Split: ({ inputs: [x], int, values }) => {
    const at = axisOf(int("axis", 0), x!.dims.length);
    return values(1).map((size) => ({ dtype: x!.dtype, dims: x!.dims.map((d, i) => (i === at ? size : d)) }));
  },
  Squeeze: ({ inputs, values }) => {
    const [x, axes] = inputs;
    const gone = axes && new Set(values(1).map((axis) => axisOf(axis, x!.dims.length)));
    return [{ ...x!, dims: x!.dims.filter((d, i) => (gone === undefined ? d !== 1 : !gone.has(i))) }];
  },
  Unsqueeze: ({ inputs: [x], values }) => {
    const rank = x!.dims.length + values(1).length;
    const added = new Set(values(1).map((axis) => axisOf(axis, rank)));
    const rest = [...x!.dims];
    return [{ ...x!, dims: Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()!)) }];
  },
  Shape: ({ inputs: [x], int }) => {
    const dims = x!.dims.slice(int("start", 0), int("end", x!.dims.length));
    return [{ dtype: "int64", dims: [dims.length], values: dims }];
  },
  Gather: ({ inputs: [x, at], int }) => {
    const axis = axisOf(int("axis", 0), x!.dims.length);
    return [{ dtype: x!.dtype, dims: [...x!.dims.slice(0, axis), ...at!.dims, ...x!.dims.slice(axis + 1)] }];
  },
  GatherElements: ({ inputs: [x, at] }) => [{ dtype: x!.dtype, dims: at!.dims }],
  OneHot: ({ inputs: [at, , values], int, values: of }) => {
    const axis = axisOf(int("axis", -1), at!.dims.length + 1);
    return [{ dtype: values!.dtype, dims: [...at!.dims.slice(0, axis), of(1)[0]!, ...at!.dims.slice(axis)] }];
  },
  Pad: ({ inputs: [x], values }) => {
    const [pads, rank] = [values(1), x!.dims.length];
    return [{ dtype: x!.dtype, dims: x!.dims.map((d, i) => d + pads[i]! + pads[i + rank]!) }];
  },
  Range: ({ inputs: [x], values }) => {
    const [start, limit, delta] = [values(0)[0]!, values(1)[0]!, values(2)[0]!];
    return [{ dtype: x!.dtype, dims: [Math.max(Math.ceil((limit - start) / delta), 0)] }];
  },
  LayerNormalization: ({ inputs: [x] }) => {
    const statistics = { dtype: x!.dtype, dims: [...x!.dims.slice(0, -1), 1] };
    return [{ dtype: x!.dtype, dims: x!.dims }, statistics, statistics];
  },
  // As many distinct values as there are places, at most.
  Unique: ({ inputs: [x] }) => {
    const places = { dtype: "int64" as const, dims: [productOf(x!.dims)] };
    return [{ dtype: x!.dtype, dims: places.dims }, places, places, places];
  },
  NonZero: ({ inputs: [x] }) => [{ dtype: "int64", dims: [x!.dims.length, productOf(x!.dims)] }],
  TopK: ({ inputs: [x], values, int }) => {
    const at = axisOf(int("axis", -1), x!.dims.length);
    const dims = x!.dims.map((d, i) => (i === at ? values(1)[0]! : d));
    return [
      { dtype: x!.dtype, dims },
      { dtype: "int64", dims },
    ];
  },
  Conv: (context) => {
    const [x, weight] = context.inputs;
    const dims = [x!.dims[0]!, weight!.dims[0]!, ...windows(context, weight!.dims.slice(2))];
    return [{ dtype: x!.dtype, dims }];
  },
  ConvTranspose: (context) => {
    const { inputs, int, ints } = context;
    const [x, weight] = inputs;
    const kernel = weight!.dims.slice(2);
    const pads = ints("pads") ?? kernel.flatMap(() => [0, 0]);
    const sizes = kernel.map((size, i) => {
      const reach = (ints("dilations")?.[i] ?? 1) * (size - 1) + 1;
      const spread = (x!.dims[i + 2]! - 1) * (ints("strides")?.[i] ?? 1);
      return spread + reach + (ints("output_padding")?.[i] ?? 0) - pads[i]! - pads[i + kernel.length]!;
    });
    return [{ dtype: x!.dtype, dims: [x!.dims[0]!, weight!.dims[1]! * int("group", 1), ...sizes] }];
  },
  MaxPool: (context) => {
    const [x] = context.inputs;
    const dims = [...x!.dims.slice(0, 2), ...windows(context, context.ints("kernel_shape")!)];
    return [
      { dtype: x!.dtype, dims },
      { dtype: "int64", dims },
    ];
  },
  AveragePool: (context) => {
    const [x] = context.inputs;
    return [{ dtype: x!.dtype, dims: [...x!.dims.slice(0, 2), ...windows(context, context.ints("kernel_shape")!)] }];
  },
};

function byType(types: readonly string[], rule: Rule): Record<string, Rule> {
  return Object.fromEntries(types.map((type) => [type, rule]));
}

const isWhole = (dtype: Dtype): boolean => dtype === "int64" || dtype === "int32";
