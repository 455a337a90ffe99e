/** The largest eigenvalues of a symmetric matrix that is known by its products alone. */
import { random } from "../random/index.ts";
import { dot } from "./rows.ts";

/** Eigenvalues in falling order, and a vector of length 1 for each. */
export interface Eigenpairs {
  readonly values: number[];
  readonly vectors: Float64Array[];
}

/** A symmetric matrix [size, size] without negative eigenvalues. */
export interface SymmetricMatrix {
  readonly size: number;
  /** The sum of its diagonal, which is that of its eigenvalues. */
  readonly trace: number;
  /** Its product with a vector. */
  readonly times: (vector: Float64Array) => Float64Array;
}

/** An error of a wanted eigenvector, as a share of the largest eigenvalue, that is none. */
const TOLERANCE = 1e-10;
/** So many products between two looks at what has been found. */
const LOOK = 8;

/**
 * The `wanted` largest eigenvalues with their vectors, by the iteration of Lanczos (1950) with full
 * reorthogonalization: it goes on until the error of each wanted vector is rounding, at the latest at `size` products.
 * `round` is called after each product, with how many there were.
 */
export async function largestEigenpairs(
  matrix: SymmetricMatrix,
  wanted: number,
  round: (done: number) => Promise<void> = () => Promise.resolve(),
): Promise<Eigenpairs> {
  const { size, trace, times } = matrix;
  const draw = random("eigenvectors");
  const basis: Float64Array[] = [];
  const [diagonal, beside]: [number[], number[]] = [[], []];
  let next = fresh(basis, size, () => draw.normal());
  for (;;) {
    basis.push(next);
    const product = times(next);
    diagonal.push(dot(product, next));
    await round(basis.length);
    orthogonalize(product, basis);
    const length = Math.sqrt(dot(product, product));
    // What is left of a product inside the space that was searched is rounding.
    const closed = length <= 1e-12 * trace;
    const complete = basis.length === size;
    if (complete || closed || basis.length % LOOK === 0) {
      const found = tridiagonalEigenpairs(diagonal, beside);
      const sure = complete || (closed ? nothingLarger(found.values, trace, wanted) : converged(found, length, wanted));
      if (sure && basis.length >= Math.min(wanted, size)) return combined(found, basis, wanted);
    }
    beside.push(closed ? 0 : length);
    next = closed ? fresh(basis, size, () => draw.normal()) : product.map((x) => x / length);
  }
}

/** Whether outside of the space that was searched, which is closed, no eigenvalue can be among the wanted ones. */
function nothingLarger(values: readonly number[], trace: number, wanted: number): boolean {
  const rest = trace - values.reduce((sum, value) => sum + value, 0);
  return rest <= Math.max(values[wanted - 1] ?? 0, 1e-12 * trace);
}

/** Whether the residual of each wanted vector, the last component times the next length, is rounding. */
function converged({ values, vectors }: Eigenpairs, length: number, wanted: number): boolean {
  if (values.length < wanted) return false;
  return vectors.slice(0, wanted).every((vector) => Math.abs(vector.at(-1)! * length) <= TOLERANCE * values[0]!);
}

/** Vectors over the basis as vectors of the matrix. */
function combined({ values, vectors }: Eigenpairs, basis: readonly Float64Array[], wanted: number): Eigenpairs {
  const whole = vectors.slice(0, wanted).map((vector) => {
    const sum = new Float64Array(basis[0]!.length);
    basis.forEach((direction, i) => {
      for (let d = 0; d < sum.length; d++) sum[d]! += vector[i]! * direction[d]!;
    });
    return sum;
  });
  return { values: values.slice(0, wanted), vectors: whole };
}

/** Takes out of a vector what lies in the space of the basis; twice, for the first time leaves rounding. */
function orthogonalize(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (let time = 0; time < 2; time++) {
    for (const direction of basis) {
      const share = dot(vector, direction);
      for (let d = 0; d < vector.length; d++) vector[d]! -= share * direction[d]!;
    }
  }
}

/** A vector of length 1 outside of the space of the basis. */
function fresh(basis: readonly Float64Array[], size: number, normal: () => number): Float64Array {
  const vector = Float64Array.from({ length: size }, normal);
  orthogonalize(vector, basis);
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((x) => x / length);
}

/**
 * All eigenvalues, in falling order, and vectors of a tridiagonal symmetric matrix: the QL algorithm with implicit
 * shifts (Dubrulle, Martin and Wilkinson 1968). `beside` has the n − 1 values beside the diagonal.
 */
export function tridiagonalEigenpairs(diagonal: readonly number[], beside: readonly number[]): Eigenpairs {
  const n = diagonal.length;
  const d = [...diagonal];
  const e = [...beside.slice(0, n - 1), 0];
  const vectors = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  for (let l = 0; l < n; l++) {
    for (let m = splitAfter(d, e, l); m > l; m = splitAfter(d, e, l)) turn(d, e, vectors, l, m);
  }
  const order = d.map((_, i) => i).sort((a, b) => d[b]! - d[a]!);
  return { values: order.map((i) => d[i]!), vectors: order.map((i) => vectors[i]!) };
}

/** The first place from `l` on after which the matrix falls apart. */
function splitAfter(d: readonly number[], e: readonly number[], l: number): number {
  let m = l;
  for (; m < d.length - 1; m++) {
    const scale = Math.abs(d[m]!) + Math.abs(d[m + 1]!);
    if (Math.abs(e[m]!) <= Number.EPSILON * scale || e[m] === 0) break;
  }
  return m;
}

/** One sweep of rotations over the rows `l` to `m`; vectors are turned alike. */
function turn(d: number[], e: number[], vectors: Float64Array[], l: number, m: number): void {
  const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.hypot(half, 1);
  let g = d[m]! - d[l]! + e[l]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, taken] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      d[i + 1]! -= taken;
      e[m] = 0;
      return;
    }
    [sine, cosine] = [f / length, g / length];
    g = d[i + 1]! - taken;
    const shifted = (d[i]! - g) * sine + 2 * cosine * b;
    taken = sine * shifted;
    d[i + 1] = g + taken;
    g = cosine * shifted - b;
    rotate(vectors[i]!, vectors[i + 1]!, cosine, sine);
  }
  d[l]! -= taken;
  e[l] = g;
  e[m] = 0;
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k]!, b[k]!];
    b[k] = sine * x + cosine * y;
    a[k] = cosine * x - sine * y;
  }
}
