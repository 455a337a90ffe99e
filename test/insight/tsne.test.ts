import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InputError, Stopped } from "../../src/errors/index.ts";
import {
  conditionalAffinities,
  jointAffinities,
  rowsOf,
  squaredDistances,
  tsne,
  umap,
  clustersOf,
} from "../../src/insight/index.ts";
import { divergenceOf, tsneGradient } from "../../src/insight/tsne.ts";
import { random } from "../../src/random/index.ts";

interface Golden {
  readonly rows: number[][];
  readonly tsne: {
    perplexity: number;
    joint: number[][];
    points: number[][];
    gradient: number[][];
    divergence: number;
  };
}
const golden = JSON.parse(readFileSync(new URL("golden/projections.json", import.meta.url), "utf8")) as Golden;
const rows = rowsOf(Float32Array.from(golden.rows.flat()), 12);
const joint = Float64Array.from(golden.tsne.joint.flat());
const points = Float64Array.from(golden.tsne.points.flat());

/** Three groups of 20 rows around far centers. */
function groups() {
  const draw = random(5, "groups");
  const values = Float32Array.from({ length: 60 * 8 }, (_, at) => {
    const [row, d] = [Math.floor(at / 8), at % 8];
    return draw.normal() * 0.3 + (d === Math.floor(row / 20) ? 6 : 0);
  });
  return rowsOf(values, 8);
}

/** The share of points whose nearest point is of their own group. */
function kept(found: Float32Array, dimensions: number): number {
  const count = found.length / dimensions;
  let same = 0;
  for (let i = 0; i < count; i++) {
    let [best, least] = [-1, Infinity];
    for (let j = 0; j < count; j++) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += (found[i * dimensions + d]! - found[j * dimensions + d]!) ** 2;
      if (j !== i && square < least) [best, least] = [j, square];
    }
    if (Math.floor(best / 20) === Math.floor(i / 20)) same++;
  }
  return same / count;
}

describe("affinities", () => {
  it("are those of numpy and scikit-learn", () => {
    const found = jointAffinities(rows, golden.tsne.perplexity);
    let [sum, furthest] = [0, 0];
    found.forEach((p, k) => {
      sum += p;
      furthest = Math.max(furthest, Math.abs(p - joint[k]!));
    });
    expect(sum).toBeCloseTo(1, 9);
    expect(furthest).toBeLessThan(1e-7);
  });

  it("have the perplexity that was asked for, in every row", () => {
    for (const perplexity of [2, 5, 12.5, 35]) {
      const found = conditionalAffinities(squaredDistances(rows), 40, perplexity);
      for (let i = 0; i < 40; i++) {
        let entropy = 0;
        for (const p of found.subarray(i * 40, (i + 1) * 40)) if (p > 0) entropy -= p * Math.log2(p);
        expect(2 ** entropy).toBeCloseTo(perplexity, 2);
      }
    }
  });

  it("refuse a perplexity that so few rows cannot have", () => {
    expect(() => jointAffinities(rows, 39)).toThrow(InputError);
    expect(() => jointAffinities(rows, 0.5)).toThrow(/1 or more/);
  });
});

describe("t-SNE", () => {
  it("has the gradient and divergence of scikit-learn", () => {
    const gradient = new Float64Array(points.length);
    tsneGradient(joint, points, 2, gradient);
    golden.tsne.gradient.flat().forEach((wanted, k) => {
      expect(gradient[k]).toBeCloseTo(wanted, 6);
    });
    expect(divergenceOf(joint, points, 2)).toBeCloseTo(golden.tsne.divergence, 6);
  });

  it("has the gradient that differences of the divergence give, in three dimensions", () => {
    const draw = random(3, "points");
    const [dimensions, count, step] = [3, 40, 1e-4];
    const at = Float64Array.from({ length: count * dimensions }, () => draw.normal());
    const gradient = new Float64Array(at.length);
    tsneGradient(joint, at, dimensions, gradient);
    for (let k = 0; k < at.length; k += 7) {
      const [up, down] = [at.slice(), at.slice()];
      up[k]! += step;
      down[k]! -= step;
      const difference = (divergenceOf(joint, up, dimensions) - divergenceOf(joint, down, dimensions)) / (2 * step);
      expect(gradient[k]).toBeCloseTo(difference, 6);
    }
  });

  it("lets the divergence fall and keeps groups together; a seed gives the same points again", async () => {
    const found = await tsne(groups(), { iterations: 300, seed: 4 });
    expect(found.divergence).toBeLessThan(found.curve[0]!.divergence / 2);
    expect(kept(found.points, 2)).toBe(1);
    expect((await tsne(groups(), { iterations: 20, seed: 4 })).points).toEqual(
      (await tsne(groups(), { iterations: 20, seed: 4 })).points,
    );
    expect((await tsne(groups(), { iterations: 20, seed: 5 })).points).not.toEqual(
      (await tsne(groups(), { iterations: 20, seed: 4 })).points,
    );
  });

  it("gives three dimensions, tells its progress, and stops", async () => {
    const told: number[] = [];
    const found = await tsne(groups(), { dimensions: 3, iterations: 60, progress: (done) => told.push(done) });
    expect(found.points.length).toBe(180);
    expect(told.every((done, i) => i === 0 || done >= told[i - 1]!)).toBe(true);
    const stop = { aborted: false };
    const progress = (): void => {
      stop.aborted = true;
    };
    await expect(tsne(groups(), { iterations: 1e7, stop, progress })).rejects.toThrow(Stopped);
    await expect(tsne(rowsOf(new Float32Array(6), 2))).rejects.toThrow(/4 to/);
  });
});

describe("UMAP", () => {
  it("keeps groups together; a seed gives the same points again", async () => {
    const found = await umap(groups(), { neighbors: 8, metric: "euclidean", seed: 2 });
    expect(found.length).toBe(120);
    expect(kept(found, 2)).toBe(1);
    expect(await umap(groups(), { neighbors: 8, metric: "euclidean", seed: 2 })).toEqual(found);
    expect(await umap(groups(), { neighbors: 8, metric: "euclidean", seed: 3 })).not.toEqual(found);
    expect((await umap(groups(), { dimensions: 3, iterations: 20 })).length).toBe(180);
  });

  it("stops, and refuses more neighbors than rows", async () => {
    await expect(umap(groups(), { stop: { aborted: true } })).rejects.toThrow(Stopped);
    await expect(umap(groups(), { neighbors: 60 })).rejects.toThrow(InputError);
  });
});

describe("clustersOf", () => {
  it("finds groups that lie apart", async () => {
    const found = await clustersOf(groups(), 3);
    for (let i = 0; i < 60; i++) expect(found[i]).toBe(found[Math.floor(i / 20) * 20]);
    expect(new Set(found).size).toBe(3);
  });

  it("numbers groups by size, and gives one group for equal rows", async () => {
    const found = await clustersOf(rowsOf(Float32Array.of(9, 1, 1.1, 0.9, 8.9), 1), 2);
    expect([...found]).toEqual([1, 0, 0, 0, 1]);
    expect([...(await clustersOf(rowsOf(new Float32Array(4), 1), 3))]).toEqual([0, 0, 0, 0]);
  });
});
