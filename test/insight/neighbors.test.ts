import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { analogiesOf, neighborsOf, rowAt, rowProducts, rowsOf } from "../../src/insight/index.ts";
import { random } from "../../src/random/index.ts";

interface Golden {
  readonly analogy: { words: number[][]; of: [number, number, number]; add: number[]; multiply: number[] };
}
const { analogy } = JSON.parse(readFileSync(new URL("golden/projections.json", import.meta.url), "utf8")) as Golden;
const words = rowsOf(Float32Array.from(analogy.words.flat()), 6);

describe("neighborsOf", () => {
  const rows = rowsOf(Float32Array.of(1, 0, 3, 4, 0, 2, 0, 0, 30, 40), 2);

  it("gives cosines and distances by hand", () => {
    expect(neighborsOf(rows, [3, 4], { count: 3 }).map(({ row }) => row)).toEqual([1, 4, 2]);
    expect(neighborsOf(rows, [3, 4]).map(({ value }) => value)).toEqual([1, 1, 0.8, 0.6, 0]);
    expect(neighborsOf(rows, [3, 4], { metric: "euclidean", count: 3, without: new Set([1]) })).toEqual([
      { row: 2, value: Math.sqrt(13) },
      { row: 0, value: Math.sqrt(20) },
      { row: 3, value: 5 },
    ]);
  });

  it("gives the best of all, in order, whatever the rows", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom("cosine" as const, "euclidean" as const),
        (seed, count, metric) => {
          const draw = random(seed);
          const many = rowsOf(
            Float32Array.from({ length: 60 }, () => draw.below(3) - 1),
            3,
          );
          const all = neighborsOf(many, [1, 2, -1], { metric, count: 20 });
          const sign = metric === "cosine" ? -1 : 1;
          expect(all.map(({ value }) => value * sign)).toEqual(
            all.map(({ value }) => value * sign).sort((a, b) => a - b),
          );
          expect(neighborsOf(many, [1, 2, -1], { metric, count })).toEqual(all.slice(0, count));
        },
      ),
    );
  });

  it("refuses a vector of another width", () => {
    expect(() => neighborsOf(rows, [1, 2, 3])).toThrow(InputError);
  });
});

describe("analogiesOf", () => {
  it("scores and orders words as numpy does, by sums and by products", () => {
    const [a, b, c] = analogy.of.map((row) => rowAt(words, row)) as [Float32Array, Float32Array, Float32Array];
    for (const method of ["add", "multiply"] as const) {
      const found = analogiesOf(words, [a, b, c], { method, count: 30 });
      const wanted = analogy[method];
      expect(found.map(({ row }) => row)).toEqual(wanted.map((_, i) => i).sort((i, j) => wanted[j]! - wanted[i]!));
      for (const { row, value } of found) expect(value).toBeCloseTo(wanted[row]!, 5);
    }
  });

  it("finds the fourth corner, and leaves out what was given", () => {
    // man, woman, king, queen, apple
    const corners = rowsOf(Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 0.2, -1), 3);
    const given = [0, 1, 2].map((row) => rowAt(corners, row)) as [Float32Array, Float32Array, Float32Array];
    for (const method of ["add", "multiply"] as const) {
      expect(analogiesOf(corners, given, { method, count: 1, without: new Set([0, 1, 2]) })[0]!.row).toBe(3);
    }
    expect(() => analogiesOf(corners, [given[0], given[1], new Float32Array(3)])).toThrow(InputError);
  });
});

describe("rowProducts", () => {
  it("gives all products, or cosines", () => {
    const rows = rowsOf(Float32Array.of(3, 4, 0, 2), 2);
    expect([...rowProducts(rows)]).toEqual([25, 8, 8, 4]);
    expect([...rowProducts(rows, { cosine: true })].map((x) => Math.round(x * 1e6) / 1e6)).toEqual([1, 0.8, 0.8, 1]);
  });
});
