/** Weights in fewer bits: rewrites of a graph whose weights are given. */
// N rows out, K in, B blocks of a row
import {
  blockLinear,
  concat,
  input,
  nodesOf,
  rewrite,
  type Dtype,
  type Node,
  type RewriteRule,
  type Tensor,
} from "../graph/index.ts";
import { float16Array, type HostTensor } from "./data.ts";

/**
 * How weights are stored:
 * - `int8` and `int4`: matrices of products as whole numbers with one scale for each 32 neighbors of a row (9 and 5 bits a
 *   weight in all), multiplied as they are by an op of ONNX Runtime's own set; large tables that rows are looked up in,
 *   too, whose rows become numbers again. Biases, norms and small tables stay as they are;
 * - `fp16`: all matrices and tables in half the bits, and made float32 again where they are read, so that it runs wherever
 *   float32 does. Engines do that once, when they open the file.
 */
export const quantizations = ["int8", "int4", "fp16"] as const;
/** The name of a way to store weights. */
export type Quantization = (typeof quantizations)[number];

/** Weights of a row that share a scale. */
const BLOCK = 32;
/** Tables that are only looked up in are left alone below so many elements. */
const LARGE_TABLE = 2 ** 15;

/** A tensor that is stored instead of a weight, or beside another one: how it comes from the weight. */
export interface RoundedWeight {
  /** The weight, float32[N, K], or [K, N] where it is transposed. */
  readonly from: string;
  readonly quantization: Quantization;
  readonly transposed: boolean;
  readonly part: "values" | "scales";
}

/** What is computed from weights in fewer bits, and these by the names of their inputs. */
export interface QuantizedGraph {
  readonly outputs: Record<string, Tensor>;
  readonly rounded: ReadonlyMap<string, RoundedWeight>;
}

/** The same outputs, where the inputs that `isWeight` knows are stored as asked. Throws GraphError as lowering does. */
export function quantized(
  outputs: Readonly<Record<string, Tensor>>,
  isWeight: (name: string) => boolean,
  quantization: Quantization,
): QuantizedGraph {
  const rounded = new Map<string, RoundedWeight>();
  const matrixOf = (tensor: Tensor | undefined): string | undefined => {
    if (tensor?.node.op.name !== "input" || tensor.dtype !== "float32" || tensor.shape.length !== 2) return undefined;
    const { name } = tensor.node.attributes as { readonly name: string };
    return isWeight(name) ? name : undefined;
  };
  const store = (weight: Omit<RoundedWeight, "quantization">, dtype: Dtype, shape: readonly number[]): Tensor => {
    const { from, transposed, part } = weight;
    const name = `${from}${transposed ? ".transposed" : ""}.${quantization}${part === "scales" ? ".scales" : ""}`;
    rounded.set(name, { ...weight, quantization });
    return input(name, dtype, shape);
  };
  const rule =
    quantization === "fp16" ? halves(matrixOf, store) : blocks(outputs, matrixOf, store, bitsOf(quantization));
  const names = Object.keys(outputs);
  const rewritten = rewrite(Object.values(outputs), [rule]);
  return { outputs: Object.fromEntries(rewritten.map((tensor, i) => [names[i]!, tensor])), rounded };
}

type MatrixOf = (tensor: Tensor | undefined) => string | undefined;
type Store = (weight: Omit<RoundedWeight, "quantization">, dtype: Dtype, shape: readonly number[]) => Tensor;

const bitsOf = (quantization: Exclude<Quantization, "fp16">): 4 | 8 => (quantization === "int8" ? 8 : 4);
const sizesOf = (tensor: Tensor): readonly [number, number] => [tensor.fixed(0), tensor.fixed(1)];

function halves(matrixOf: MatrixOf, store: Store): RewriteRule {
  return {
    name: "halves",
    apply: ({ outputs: [tensor] }) => {
      const from = matrixOf(tensor);
      if (from === undefined) return undefined;
      return [store({ from, transposed: false, part: "values" }, "float16", sizesOf(tensor!)).cast("float32")];
    },
  };
}

/** Products and look-ups on whole numbers. */
function blocks(outputs: Readonly<Record<string, Tensor>>, matrixOf: MatrixOf, store: Store, bits: 4 | 8): RewriteRule {
  const productOf = productsWith(matrixOf);
  // Tables that are matrices, too, are stored once.
  const tied = new Set(nodesOf(Object.values(outputs)).flatMap((node) => productOf(node)?.from ?? []));
  const stored = (from: string, transposed: boolean, [rows, width]: readonly [number, number]): Blocks => {
    const count = Math.ceil(width / BLOCK);
    return {
      values: store({ from, transposed, part: "values" }, "uint8", [rows, count, (BLOCK * bits) / 8]),
      scales: store({ from, transposed, part: "scales" }, "float32", [rows, count]),
    };
  };
  return {
    name: "blocks",
    apply: (node, { now }) => {
      const product = productOf(node);
      if (product !== undefined) {
        const { from, transposed, rows, width } = product;
        const { values, scales } = stored(from, transposed, [rows, width]);
        const [x, , ...bias] = node.inputs.map(now) as [Tensor, Tensor, Tensor?];
        return [x.apply(blockLinear, [values, scales, ...bias.flatMap((b) => b ?? [])], { bits, block: BLOCK, width })];
      }
      const { axis } = node.attributes as { readonly axis?: number };
      const table = node.op.name === "gather" && axis === 0 ? matrixOf(node.inputs[0]) : undefined;
      if (table === undefined) return undefined;
      const [rows, width] = sizesOf(node.inputs[0]!);
      if (!tied.has(table) && rows * width < LARGE_TABLE) return undefined;
      return [lookedUp(stored(table, false, [rows, width]), now(node.inputs[1]!), { bits, width })];
    },
  };
}

/** A matrix as whole numbers uint8[N, B, BLOCK · bits / 8] and scales [N, B]. */
interface Blocks {
  readonly values: Tensor;
  readonly scales: Tensor;
}

/** Finds the stored matrix that a node multiplies by. */
function productsWith(matrixOf: MatrixOf) {
  return ({ op, inputs, attributes }: Node) => {
    if (op.name !== "linear" && op.name !== "matmul") return undefined;
    const from = matrixOf(inputs[1]);
    if (from === undefined) return undefined;
    const transposed = op.name === "matmul" || (attributes as { readonly layout: string }).layout === "in-out";
    const [first, last] = sizesOf(inputs[1]!);
    return { from, transposed, rows: transposed ? last : first, width: transposed ? first : last };
  };
}

/** Rows by index: [...] to [..., K]. */
function lookedUp(
  { values, scales }: Blocks,
  indices: Tensor,
  { bits, width }: { readonly bits: 4 | 8; readonly width: number },
): Tensor {
  const packed = values.gather(indices).cast("float32"); // [..., B, BLOCK · bits / 8]
  const whole = scales.fixed(1) * BLOCK;
  const numbers = bits === 8 ? packed : unpacked(packed);
  const centered = numbers.sub(2 ** (bits - 1));
  const scaled = centered.mul(scales.gather(indices).unsqueeze(-1)).reshape([...indices.shape, whole]);
  return whole === width ? scaled : scaled.slice(-1, 0, width);
}

/** Two numbers of 4 bits from each byte: [..., B, BLOCK / 2] to [..., B, BLOCK]. */
function unpacked(bytes: Tensor): Tensor {
  const high = bytes.scale(1 / 16).floor();
  const low = bytes.sub(high.scale(16));
  return concat([low.unsqueeze(-1), high.unsqueeze(-1)], -1).reshape([...bytes.shape.slice(0, -1), BLOCK]);
}

/** What is stored of a weight: both parts of whole numbers, or the halves. */
export type RoundedParts = Readonly<Partial<Record<RoundedWeight["part"], HostTensor>>>;

/** What is stored of a weight, float32[N, K], or [K, N] where it is transposed. */
export function roundedParts(
  { shape, data }: HostTensor,
  { quantization, transposed }: Pick<RoundedWeight, "quantization" | "transposed">,
): RoundedParts {
  if (quantization === "fp16") {
    return { values: { dtype: "float16", shape, data: float16Array(data as Float32Array) } };
  }
  const bits = bitsOf(quantization);
  const [rows, width] = (transposed ? [shape[1]!, shape[0]!] : shape) as [number, number];
  const count = Math.ceil(width / BLOCK);
  const bytes = (BLOCK * bits) / 8;
  const center = 2 ** (bits - 1);
  const values = new Uint8Array(rows * count * bytes);
  const scales = new Float32Array(rows * count);
  const weights = data as Float32Array;
  const [byRow, byColumn] = transposed ? [1, rows] : [width, 1];
  const numbers = new Uint8Array(BLOCK);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < count; block++) {
      const start = row * byRow + block * BLOCK * byColumn;
      const length = Math.min(BLOCK, width - block * BLOCK);
      let largest = 0;
      for (let i = 0; i < length; i++) {
        const weight = weights[start + i * byColumn]!;
        if (Math.abs(weight) > Math.abs(largest)) largest = weight;
      }
      // The number of largest magnitude becomes −center exactly: there is one whole number more on that side.
      const scale = Math.fround(largest / -center);
      scales[row * count + block] = scale;
      numbers.fill(center);
      for (let i = 0; i < length && scale !== 0; i++) {
        const q = Math.round(weights[start + i * byColumn]! / scale) + center;
        numbers[i] = Math.min(Math.max(q, 0), 2 * center - 1);
      }
      const at = (row * count + block) * bytes;
      if (bits === 8) values.set(numbers, at);
      else for (let i = 0; i < bytes; i++) values[at + i] = numbers[2 * i]! | (numbers[2 * i + 1]! << 4);
    }
  }
  return {
    values: { dtype: "uint8", shape: [rows, count, bytes], data: values },
    scales: { dtype: "float32", shape: [rows, count], data: scales },
  };
}
