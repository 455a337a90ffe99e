/** Weights in fewer bits: rewrites of a graph whose weights are given. */
// N rows out, K in, B blocks of a row
import {
  blockLinear,
  concat,
  input,
  nodesOf,
  rewrite,
  type Node,
  type RewriteRule,
  type Tensor,
} from "../graph/index.ts";
import { float16Array, type HostTensor } from "./data.ts";
import type { Weights } from "./lower.ts";

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

/** What is computed from weights in fewer bits, and these. */
export interface QuantizedProgram {
  readonly outputs: Record<string, Tensor>;
  readonly weights: Weights;
}

/** The same outputs with their weights stored as asked. */
export function quantized(
  outputs: Readonly<Record<string, Tensor>>,
  weights: Weights,
  quantization: Quantization,
): QuantizedProgram {
  const made = new Map<string, HostTensor>(weights);
  const rule = quantization === "fp16" ? halves(made) : blocks(outputs, made, quantization === "int8" ? 8 : 4);
  const names = Object.keys(outputs);
  const rewritten = rewrite(Object.values(outputs), [rule]);
  return { outputs: Object.fromEntries(rewritten.map((tensor, i) => [names[i]!, tensor])), weights: made };
}

/** The name of a matrix or table that is stored; undefined for any other tensor. */
function matrixName(tensor: Tensor | undefined, weights: Weights): string | undefined {
  const name = nameOf(tensor);
  return name !== undefined && weights.get(name)?.dtype === "float32" && tensor!.shape.length === 2 ? name : undefined;
}

const nameOf = (tensor: Tensor | undefined): string | undefined =>
  tensor?.node.op.name === "input" ? (tensor.node.attributes as { readonly name: string }).name : undefined;

function halves(weights: Map<string, HostTensor>): RewriteRule {
  return {
    name: "halves",
    apply: ({ outputs: [tensor] }) => {
      const name = matrixName(tensor, weights);
      if (name === undefined) return undefined;
      const { shape, data } = weights.get(name)!;
      const half = `${name}.fp16`;
      weights.set(half, { dtype: "float16", shape, data: float16Array(data as Float32Array) });
      return [input(half, "float16", shape).cast("float32")];
    },
  };
}

/** Products and look-ups on whole numbers. */
function blocks(outputs: Readonly<Record<string, Tensor>>, weights: Map<string, HostTensor>, bits: 4 | 8): RewriteRule {
  const originals = new Map(weights);
  // Tables that are matrices, too, are stored once.
  const tied = new Set(nodesOf(Object.values(outputs)).flatMap((node) => productOf(node, originals)?.name ?? []));
  const stored = (name: string, transposed: boolean): { values: Tensor; scales: Tensor } => {
    const end = transposed ? ".transposed" : "";
    const [values, scales] = [`${name}${end}.int${bits}`, `${name}${end}.scales`];
    if (!weights.has(values)) {
      const made = rounded(originals.get(name)!, { bits, transposed });
      weights.set(values, made.values).set(scales, made.scales);
    }
    return {
      values: input(values, "uint8", weights.get(values)!.shape),
      scales: input(scales, "float32", weights.get(scales)!.shape),
    };
  };
  return {
    name: "blocks",
    apply: (node, { now }) => {
      const product = productOf(node, originals);
      if (product !== undefined) {
        const { name, transposed, width } = product;
        const { values, scales } = stored(name, transposed);
        const [x, , ...bias] = node.inputs.map(now) as [Tensor, Tensor, Tensor?];
        return [x.apply(blockLinear, [values, scales, ...bias.flatMap((b) => b ?? [])], { bits, block: BLOCK, width })];
      }
      const { axis } = node.attributes as { readonly axis?: number };
      const table = node.op.name === "gather" && axis === 0 ? matrixName(node.inputs[0], originals) : undefined;
      if (table === undefined) return undefined;
      const [rows, width] = originals.get(table)!.shape as [number, number];
      if (!tied.has(table) && rows * width < LARGE_TABLE) return undefined;
      return [lookedUp(stored(table, false), now(node.inputs[1]!), { bits, width })];
    },
  };
}

/** The stored matrix that a node multiplies by. */
function productOf(
  { op, inputs, attributes }: Node,
  weights: Weights,
): { readonly name: string; readonly transposed: boolean; readonly width: number } | undefined {
  if (op.name !== "linear" && op.name !== "matmul") return undefined;
  const name = matrixName(inputs[1], weights);
  if (name === undefined) return undefined;
  const transposed = op.name === "matmul" || (attributes as { readonly layout: string }).layout === "in-out";
  return { name, transposed, width: weights.get(name)!.shape[transposed ? 0 : 1]! };
}

/** Rows by index: [...] to [..., K]. */
function lookedUp(
  { values, scales }: { readonly values: Tensor; readonly scales: Tensor },
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

/** A matrix [N, K], or [K, N] where it is transposed, as whole numbers uint8[N, B, BLOCK · bits / 8] and scales [N, B]. */
function rounded(
  { shape, data }: HostTensor,
  { bits, transposed }: { readonly bits: 4 | 8; readonly transposed: boolean },
): { readonly values: HostTensor; readonly scales: HostTensor } {
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
