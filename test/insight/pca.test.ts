import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError, Stopped } from "../../src/errors/index.ts";
import { largestEigenpairs, tridiagonalEigenpairs } from "../../src/insight/eigenvectors.ts";
import { principalComponents, rowsOf } from "../../src/insight/index.ts";
import { random } from "../../src/random/index.ts";

interface Golden {
  readonly rows: number[][];
  readonly pca: { points: number[][]; components: number[][]; variances: number[]; shares: number[] };
  readonly wide: { rows: number[][]; points: number[][] };
}
const golden = JSON.parse(readFileSync(new URL("golden/projections.json", import.meta.url), "utf8")) as Golden;

const asRows = (rows: readonly (readonly number[])[]) => rowsOf(Float32Array.from(rows.flat()), rows[0]!.length);

function expectNear(got: ArrayLike<number>, wanted: readonly number[], digits = 5): void {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(got[i]).toBeCloseTo(wanted[i]!, digits);
}

describe("principalComponents", () => {
  it("gives what scikit-learn's PCA gives, signs included", async () => {
    const found = await principalComponents(asRows(golden.rows), 3);
    expectNear(found.points, golden.pca.points.flat());
    expectNear(found.components, golden.pca.components.flat());
    expectNear(found.variances, golden.pca.variances);
    expectNear(found.shares, golden.pca.shares, 7);
  });

  it("gives the same for fewer rows than they are wide", async () => {
    const found = await principalComponents(asRows(golden.wide.rows), 2);
    expectNear(found.points, golden.wide.points.flat());
  });

  it("has shares that add up to 1 over all directions, which stand at right angles", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(),
        async (n, width, seed) => {
          const draw = random(seed);
          const values = Float32Array.from({ length: n * width }, () => draw.normal());
          const { shares, components } = await principalComponents(rowsOf(values, width), width);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
          for (let i = 0; i < width; i++) {
            for (let j = 0; j <= i; j++) {
              let product = 0;
              for (let d = 0; d < width; d++) product += components[i * width + d]! * components[j * width + d]!;
              expect(product).toBeCloseTo(i === j ? 1 : 0, 5);
            }
          }
          expect([...shares].sort((a, b) => b - a)).toEqual(shares);
        },
      ),
    );
  });

  it("finds both of two equal directions, and none where all rows are the same", async () => {
    const corners = asRows([
      [1, 1, 0, 0],
      [1, -1, 0, 0],
      [-1, 1, 0, 0],
      [-1, -1, 0, 0],
    ]);
    const { shares } = await principalComponents(corners, 3);
    expectNear(shares, [0.5, 0.5, 0]);
    const same = await principalComponents(asRows([[2, 3], [2, 3]]), 2); // prettier-ignore
    expect([...same.shares, ...same.points]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("refuses one row, more directions than numbers, and stops when told", async () => {
    await expect(principalComponents(asRows([[1, 2]]), 2)).rejects.toThrow(InputError);
    await expect(principalComponents(asRows(golden.rows), 13)).rejects.toThrow(/12 numbers/);
    await expect(principalComponents(asRows(golden.rows), 2, { stop: { aborted: true } })).rejects.toThrow(Stopped);
  });
});

describe("eigenvectors", () => {
  it("solves tridiagonal matrices: A v = λ v", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (n, seed) => {
        const draw = random(seed);
        const diagonal = Array.from({ length: n }, () => draw.normal());
        const beside = Array.from({ length: n - 1 }, (_, i) => (i % 5 === 3 ? 0 : draw.normal()));
        const { values, vectors } = tridiagonalEigenpairs(diagonal, beside);
        vectors.forEach((v, k) => {
          for (let i = 0; i < n; i++) {
            const product =
              (i > 0 ? beside[i - 1]! * v[i - 1]! : 0) +
              diagonal[i]! * v[i]! +
              (i < n - 1 ? beside[i]! * v[i + 1]! : 0);
            expect(product).toBeCloseTo(values[k]! * v[i]!, 8);
          }
        });
      }),
    );
  });

  it("needs few products for a large matrix with a falling spectrum", async () => {
    const size = 400;
    let products = 0;
    const times = (v: Float64Array): Float64Array => v.map((x, i) => x * 0.9 ** i);
    const found = await largestEigenpairs({ size, trace: 10, times }, 2, () => {
      products++;
      return Promise.resolve();
    });
    expectNear(found.values, [1, 0.9], 9);
    expect(Math.abs(found.vectors[1]![1]!)).toBeCloseTo(1, 8);
    expect(products).toBeLessThan(80);
  });
});
