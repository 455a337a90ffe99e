/** The inputs of the op samples, by the formula that tools/goldens/ops.py has too, so that no golden stores them. */
import { dimension, input, type Dtype, type Tensor } from "../../src/graph/index.ts";
import { toHostData, type HostTensor } from "../../src/onnx/index.ts";

/** An input as the golden describes it. */
export interface InputSpec {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly low?: number;
  readonly high?: number;
  readonly gap?: number;
  readonly steps?: number;
  /** Axes whose sizes the program does not know. */
  readonly names?: readonly (string | null)[];
}

/** One size of one sample with the reference's results: all values, or a digest of many. */
export interface GoldenSize {
  readonly inputs: readonly InputSpec[];
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly norm?: number;
  readonly projections?: readonly number[];
  readonly elements?: readonly number[];
}

const PRIME = 65537;

/** Whole numbers below PRIME, a quadratic in the index. */
export function pseudoRandom(seed: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, index) => {
    const i = index % PRIME;
    return (i * i * (7919 + 212 * seed) + i * (30011 + 1013 * seed) + 1009 * seed + 7) % PRIME;
  });
}

/** Between −1 and 1. */
export const direction = (seed: number, length: number): Float64Array =>
  pseudoRandom(seed, length).map((r) => (r * 2) / PRIME - 1);

export function valuesOf(spec: InputSpec, seed: number): HostTensor {
  const { dtype, shape, low = -1, high = 1, gap, steps } = spec;
  const length = shape.reduce((product, d) => product * d, 1);
  const random = pseudoRandom(seed, length);
  const values = random.map((r, i) => {
    if (steps !== undefined) return low + gap! * ((i * 29) % steps);
    const x = low + (high - low) * (r / PRIME);
    if (dtype !== "float32") return Math.floor(x);
    return gap === undefined ? x : x + (x >= 0 ? gap : -gap);
  });
  return { dtype, shape, data: toHostData(dtype, values) };
}

/** The symbolic inputs of a sample, `x0`, `x1`, …. */
export function inputsOf(specs: readonly InputSpec[]): Tensor[] {
  return specs.map(({ dtype, shape, names }, i) =>
    input(
      `x${i}`,
      dtype,
      shape.map((d, axis) => (names?.[axis] == null ? d : dimension(names[axis]))),
    ),
  );
}
