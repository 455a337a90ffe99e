/**
 * UMAP (McInnes, Healy, Melville: "UMAP: Uniform manifold approximation and projection", 2018) through `umap-js`, with
 * exact neighbors instead of its approximate ones, and draws of our own.
 */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";
import { LongWork, type WorkOptions } from "./long-work.ts";
import { neighborsOf, type Metric } from "./neighbors.ts";
import { rowAt, unitRows, type Rows } from "./rows.ts";

/** How points are found. */
export interface UmapOptions extends WorkOptions {
  /** 2 unless told. */
  readonly dimensions?: 2 | 3 | undefined;
  /** How many neighbors of a row count, itself among them. Default: 15, or all rows but one. */
  readonly neighbors?: number | undefined;
  /** How near points may lie, 0 to 1. Default: 0.1. */
  readonly least?: number | undefined;
  /** How neighbors are told. Default: "cosine". */
  readonly metric?: Metric | undefined;
  /** Default: what `umap-js` takes for so many rows, 200 to 500. */
  readonly iterations?: number | undefined;
  /** 1 unless told. */
  readonly seed?: number | undefined;
}

const MOST = 10_000;

/**
 * Points [count, dimensions] for rows. The same seed gives the same points. Throws InputError for too few or too many
 * rows, and Stopped.
 */
export async function umap(rows: Rows, options: UmapOptions = {}): Promise<Float32Array> {
  const { count } = rows;
  const { dimensions = 2, neighbors = Math.min(15, count - 1), least = 0.1, iterations, seed = 1 } = options;
  if (count < 4 || count > MOST) {
    throw new InputError(`UMAP is for 4 to ${MOST} rows; there are ${count}. Choose ${count < 4 ? "more" : "fewer"}.`);
  }
  if (neighbors < 2 || neighbors >= count) {
    throw new InputError(`${neighbors} neighbors are not possible among ${count} rows: give 2 to ${count - 1}.`);
  }
  const work = new LongWork(options);
  // About as long as the iterations that follow, on a few thousand rows.
  const share = count;
  const found = await neighborTable(rows, { ...options, neighbors }, (done) => work.round(done, 2 * share));
  const { UMAP } = await import("umap-js");
  const draw = random(seed, "umap");
  const made = new UMAP({
    nComponents: dimensions,
    nNeighbors: neighbors,
    minDist: least,
    random: () => draw.uniform(),
    ...(iterations === undefined ? {} : { nEpochs: iterations }),
  });
  made.setPrecomputedKNN(found.places, found.distances);
  // With neighbors given, only the number of rows is looked at.
  const epochs = made.initializeFit(Array.from({ length: count }, (_, i) => [i]));
  for (let epoch = 0; epoch < epochs; epoch++) {
    await work.round(share + Math.floor((epoch / epochs) * share), 2 * share);
    made.step();
  }
  return Float32Array.from(made.getEmbedding().flat());
}

/** The nearest rows of each, itself first, and their distances: 1 − cosine, or Euclidean. */
async function neighborTable(
  rows: Rows,
  { neighbors, metric = "cosine" }: UmapOptions & { readonly neighbors: number },
  round: (done: number) => Promise<void>,
): Promise<{ places: number[][]; distances: number[][] }> {
  const [places, distances]: [number[][], number[][]] = [[], []];
  // Of rows of length 1 the square of the distance is 2 (1 − cosine).
  const among = metric === "cosine" ? unitRows(rows) : rows;
  for (let i = 0; i < rows.count; i++) {
    await round(i);
    const options = { metric: "euclidean", count: neighbors - 1, without: new Set([i]) } as const;
    const near = neighborsOf(among, rowAt(among, i), options);
    places.push([i, ...near.map(({ row }) => row)]);
    distances.push([0, ...near.map(({ value }) => (metric === "cosine" ? value ** 2 / 2 : value))]);
  }
  return { places, distances };
}
