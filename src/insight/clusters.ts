/** Groups of rows that lie near to each other, for colors. */
import { random } from "../random/index.ts";
import { LongWork, type WorkOptions } from "./long-work.ts";
import { rowAt, type Rows } from "./rows.ts";

const ROUNDS = 50;

/**
 * The group of each row, 0 to `groups` − 1: k-means (Lloyd 1982) from centers that are drawn far apart (k-means++,
 * Arthur and Vassilvitskii 2007), until no row changes its group. Groups are numbered by size, the largest 0.
 */
export async function clustersOf(
  rows: Rows,
  groups: number,
  { seed = 1, ...options }: WorkOptions & { readonly seed?: number | undefined } = {},
): Promise<Int32Array> {
  const centers = drawCenters(rows, Math.min(groups, rows.count), seed);
  const of = new Int32Array(rows.count).fill(-1);
  const work = new LongWork(options);
  for (let round = 0; round < ROUNDS; round++) {
    await work.round(round, ROUNDS);
    let changed = false;
    for (let i = 0; i < rows.count; i++) {
      const nearest = nearestCenter(rowAt(rows, i), centers).center;
      if (nearest !== of[i]) changed = true;
      of[i] = nearest;
    }
    if (!changed) break;
    moveCenters(rows, centers, of);
  }
  return numberedBySize(of, centers.length);
}

function drawCenters(rows: Rows, groups: number, seed: number): Float64Array[] {
  const draw = random(seed, "clusters");
  const centers = rows.count === 0 ? [] : [Float64Array.from(rowAt(rows, draw.below(rows.count)))];
  while (centers.length < groups) {
    const squares = Array.from({ length: rows.count }, (_, i) => nearestCenter(rowAt(rows, i), centers).square);
    let left = draw.uniform() * squares.reduce((sum, square) => sum + square, 0);
    const found = squares.findIndex((square) => (left -= square) < 0);
    centers.push(Float64Array.from(rowAt(rows, found < 0 ? draw.below(rows.count) : found)));
  }
  return centers;
}

function nearestCenter(row: Float32Array, centers: readonly Float64Array[]): { center: number; square: number } {
  let best = { center: 0, square: Infinity };
  centers.forEach((place, center) => {
    let square = 0;
    for (let d = 0; d < row.length; d++) square += (row[d]! - place[d]!) ** 2;
    if (square < best.square) best = { center, square };
  });
  return best;
}

/** Centers become the means of their rows; one without rows stays. */
function moveCenters(rows: Rows, centers: Float64Array[], of: Int32Array): void {
  const sums = centers.map(() => new Float64Array(rows.width));
  const counts = new Int32Array(centers.length);
  for (let i = 0; i < rows.count; i++) {
    const sum = sums[of[i]!]!;
    counts[of[i]!]!++;
    rowAt(rows, i).forEach((x, d) => (sum[d]! += x));
  }
  sums.forEach((sum, c) => {
    if (counts[c]! > 0) centers[c] = sum.map((x) => x / counts[c]!);
  });
}

function numberedBySize(of: Int32Array, groups: number): Int32Array {
  const sizes = new Int32Array(groups);
  for (const group of of) sizes[group]!++;
  const order = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  return of.map((group) => order.indexOf(group));
}
