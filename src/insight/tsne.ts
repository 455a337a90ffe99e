/**
 * t-SNE (van der Maaten and Hinton: "Visualizing data using t-SNE", 2008): points in two or three dimensions among which
 * neighbors are those that the rows have. Exact: all pairs count, so it is for some 1,500 rows. What lies far apart, and
 * how large a group is, means little in such a picture.
 */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";
import { jointAffinities } from "./affinities.ts";
import { LongWork, type WorkOptions } from "./long-work.ts";
import type { Rows } from "./rows.ts";

/** How points are found. */
export interface TsneOptions extends WorkOptions {
  /** 2 unless told. */
  readonly dimensions?: 2 | 3 | undefined;
  /** About how many neighbors count. Default: 30, or a third of the rows. */
  readonly perplexity?: number | undefined;
  /** Default: 750. */
  readonly iterations?: number | undefined;
  /** 1 unless told. */
  readonly seed?: number | undefined;
}

/** The points, and how well they stand for the rows. */
export interface TsneResult {
  /** [count, dimensions] */
  readonly points: Float32Array;
  /** The divergence Σ p log (p / q) at the end, in nats; and at some iterations, for a curve. */
  readonly divergence: number;
  readonly curve: readonly { readonly iteration: number; readonly divergence: number }[];
  readonly perplexity: number;
}

/** Affinities count so many times as much in the first third of the iterations (section 3.4). */
const EXAGGERATION = 12;
/** The divergence is looked at every so many iterations. */
const LOOK = 50;
const MOST = 4000;

/** The perplexity where none is given. */
export const defaultPerplexity = (count: number): number => Math.max(1, Math.min(30, Math.floor((count - 1) / 3)));

/**
 * Points for rows, by gradient descent with momentum (0.5, then 0.8) and a gain for each number (Jacobs 1988), as in
 * section 3.4; learning rate and exaggeration are those of Belkina et al. (2019). The same seed gives the same points.
 * Throws InputError for too few or too many rows, or a perplexity that they cannot have, and Stopped.
 */
export async function tsne(rows: Rows, options: TsneOptions = {}): Promise<TsneResult> {
  const { count } = rows;
  const { dimensions = 2, iterations = 750, seed = 1, perplexity = defaultPerplexity(count) } = options;
  if (count < 4 || count > MOST) {
    throw new InputError(`t-SNE is for 4 to ${MOST} rows; there are ${count}. Choose ${count < 4 ? "more" : "fewer"}.`);
  }
  const affinities = jointAffinities(rows, perplexity);
  const draw = random(seed, "t-sne");
  const points = Float64Array.from({ length: count * dimensions }, () => draw.normal() * 1e-2);
  const descent = new Descent(points, Math.max(count / EXAGGERATION / 4, 50));
  const gradient = new Float64Array(points.length);
  const exaggerated = Math.floor(iterations / 3);
  const work = new LongWork(options);
  const curve: { iteration: number; divergence: number }[] = [];
  for (let i = 0; i < iterations; i++) {
    await work.round(i, iterations);
    if (i % LOOK === 0) curve.push({ iteration: i, divergence: divergenceOf(affinities, points, dimensions) });
    const early = i < exaggerated;
    tsneGradient(affinities, points, dimensions, gradient, early ? EXAGGERATION : 1);
    descent.step(gradient, early ? 0.5 : 0.8);
    center(points, dimensions);
  }
  const divergence = divergenceOf(affinities, points, dimensions);
  curve.push({ iteration: iterations, divergence });
  return { points: Float32Array.from(points), divergence, curve, perplexity };
}

/** Momentum, and gains that grow where the direction stays and shrink where it changes. */
class Descent {
  readonly #points: Float64Array;
  readonly #rate: number;
  readonly #speed: Float64Array;
  readonly #gains: Float64Array;

  constructor(points: Float64Array, rate: number) {
    this.#points = points;
    this.#rate = rate;
    this.#speed = new Float64Array(points.length);
    this.#gains = new Float64Array(points.length).fill(1);
  }

  step(gradient: Float64Array, momentum: number): void {
    for (let k = 0; k < gradient.length; k++) {
      const same = gradient[k]! > 0 === this.#speed[k]! > 0;
      const gain = Math.max(same ? this.#gains[k]! * 0.8 : this.#gains[k]! + 0.2, 0.01);
      const speed = momentum * this.#speed[k]! - this.#rate * gain * gradient[k]!;
      this.#gains[k] = gain;
      this.#speed[k] = speed;
      this.#points[k]! += speed;
    }
  }
}

/**
 * The gradient of Σ p log (p / q) by the points (equation 5), written to `gradient` [count, dimensions]:
 * 4 Σⱼ (e p − q) (yᵢ − yⱼ) / (1 + |yᵢ − yⱼ|²), where e exaggerates. Affinities are [count, count] and add up to 1.
 */
export function tsneGradient(
  affinities: Float64Array,
  points: Float64Array,
  dimensions: number,
  gradient: Float64Array,
  exaggeration = 1,
): void {
  const count = points.length / dimensions;
  const away = new Float64Array(points.length);
  gradient.fill(0);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const near = nearness(points, dimensions, i, j);
      sum += 2 * near;
      const pull = exaggeration * affinities[i * count + j]! * near;
      const push = near * near;
      for (let d = 0, a = i * dimensions, b = j * dimensions; d < dimensions; d++, a++, b++) {
        const between = points[a]! - points[b]!;
        gradient[a]! += pull * between;
        gradient[b]! -= pull * between;
        away[a]! += push * between;
        away[b]! -= push * between;
      }
    }
  }
  for (let k = 0; k < gradient.length; k++) gradient[k] = 4 * (gradient[k]! - away[k]! / sum);
}

/** The divergence Σ p log (p / q) of the points from the affinities, in nats (equation 2). */
export function divergenceOf(affinities: Float64Array, points: Float64Array, dimensions: number): number {
  const count = points.length / dimensions;
  let [sum, crossed, own] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const near = nearness(points, dimensions, i, j);
      const p = affinities[i * count + j]!;
      sum += 2 * near;
      if (p > 0) {
        own += 2 * p * Math.log(p);
        crossed += 2 * p * Math.log(near);
      }
    }
  }
  return own - crossed + Math.log(sum);
}

/** 1 / (1 + |yᵢ − yⱼ|²): Student's t with one degree of freedom (section 3.3), not normalized. */
function nearness(points: Float64Array, dimensions: number, i: number, j: number): number {
  let square = 0;
  for (let d = 0; d < dimensions; d++) square += (points[i * dimensions + d]! - points[j * dimensions + d]!) ** 2;
  return 1 / (1 + square);
}

function center(points: Float64Array, dimensions: number): void {
  for (let d = 0; d < dimensions; d++) {
    let mean = 0;
    for (let k = d; k < points.length; k += dimensions) mean += (points[k]! * dimensions) / points.length;
    for (let k = d; k < points.length; k += dimensions) points[k]! -= mean;
  }
}
