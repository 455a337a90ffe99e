/** Numbers about weights: by hand, and by what must hold for any values. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeOf, histogramOf, rowNorms, singularValues, statisticsOf } from "../../src/insight/index.ts";

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -8, max: 8 });
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }))
  .chain(([rows, columns]) =>
    fc
      .array(finite, { minLength: rows * columns, maxLength: rows * columns })
      .map((values) => ({ rows, columns, values })),
  );
const close = (found: ArrayLike<number>, due: readonly number[], digits = 9): void => {
  expect(found).toHaveLength(due.length);
  due.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, digits);
  });
};

describe("statistics", () => {
  it("are those by hand, and leave out what is not finite", () => {
    expect(statisticsOf([1, 2, 3, 4, 0, 0, NaN, Infinity])).toEqual({
      ...{ count: 8, mean: 10 / 6, low: 0, high: 4, zeros: 2 / 6, notFinite: 2 },
      deviation: expect.closeTo(Math.sqrt(30 / 6 - (10 / 6) ** 2), 12) as number,
      norm: expect.closeTo(Math.sqrt(30), 12) as number,
    });
    expect(statisticsOf([NaN])).toMatchObject({ count: 1, notFinite: 1, mean: 0, low: 0, high: 0 });
  });

  it("keep a small deviation beside a large mean", () => {
    expect(statisticsOf([1e8 + 1, 1e8 + 3]).deviation).toBe(1);
  });
});

describe("a histogram", () => {
  it("is the one by hand: closed below, the last interval also above", () => {
    expect(histogramOf([0, 1, 1.5, 2, 4, NaN], 4)).toEqual({ low: 0, high: 4, counts: [1, 2, 1, 1], outside: 0 });
    expect(histogramOf([0, 1, 2, 9], 2, [0, 2])).toEqual({ low: 0, high: 2, counts: [1, 2], outside: 1 });
  });

  it("counts every finite value once, also where all are equal", () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (values, bins) => {
        const { counts } = histogramOf(values, bins);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
      }),
    );
    expect(histogramOf([5, 5], 2).counts.reduce((a, b) => a + b, 0)).toBe(2);
  });
});

describe("singular values", () => {
  it("are those by hand", () => {
    close(singularValues([3, 0, 0, -4], 2, 2), [4, 3]);
    // [[1, 1], [0, 1]]: the golden ratio and its inverse.
    const golden = (1 + Math.sqrt(5)) / 2;
    close(singularValues([1, 1, 0, 1], 2, 2), [golden, 1 / golden]);
    close(singularValues([3, 4], 1, 2), [5]);
    close(singularValues([1, 2, 3, 2, 4, 6], 2, 3), [Math.sqrt(70), 0], 6);
    close(singularValues(new Float32Array(6), 3, 2), [0, 0]);
    // The path of four places: eigenvalues 2·cos(k·π/5).
    const path = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0];
    const cosine = (k: number): number => 2 * Math.cos((k * Math.PI) / 5);
    close(singularValues(path, 4, 4), [cosine(1), cosine(1), cosine(2), cosine(2)]);
  });

  it("have the norm's square as their squares' sum, the determinant as product, and are those of the transpose", () => {
    fc.assert(
      fc.property(matrix, ({ rows, columns, values }) => {
        const found = singularValues(values, rows, columns);
        const squares = found.reduce((sum, value) => sum + value * value, 0);
        expect(squares).toBeCloseTo(statisticsOf(values).norm ** 2, 6);
        expect([...found]).toEqual([...found].sort((a, b) => b - a));
        const turned = Array.from(
          { length: rows * columns },
          (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
        );
        close(singularValues(turned, columns, rows), [...found], 6);
        if (rows === 2 && columns === 2) {
          const [a, b, c, d] = values as [number, number, number, number];
          expect(found[0]! * found[1]!).toBeCloseTo(Math.abs(a * d - b * c), 4);
        }
      }),
    );
  });

  it("of a product of rotations and a diagonal are the diagonal", () => {
    const size = 24;
    const due = Array.from({ length: size }, (_, i) => size - i);
    const values = new Float64Array(size * size);
    due.forEach((value, i) => (values[i * size + i] = value));
    // Turns of two rows, and of two columns, change no singular value.
    for (let turn = 0; turn < 400; turn++) {
      const [i, j] = [(turn * 7) % size, (turn * 11 + 5) % size];
      if (i === j) continue;
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      for (let k = 0; k < size; k++) {
        const [p, q] = turn % 2 === 0 ? [i * size + k, j * size + k] : [k * size + i, k * size + j];
        const [a, b] = [values[p]!, values[q]!];
        [values[p], values[q]] = [cos * a - sin * b, sin * a + cos * b];
      }
    }
    close(singularValues(values, size, size), due, 8);
  });
});

describe("rows and changes", () => {
  it("rows have their lengths", () => {
    expect([...rowNorms([3, 4, 0, 0, -5, 12], 3, 2)]).toEqual([5, 0, 13]);
  });

  it("a change is the same in one piece and in several", () => {
    const [before, after] = [
      [1, 2, 2, 0],
      [1, 0, 2, 1],
    ];
    const whole = changeOf(before, after);
    expect(whole).toEqual({ difference: Math.sqrt(5), before: 3, after: Math.sqrt(6), largest: 2 });
    const first = changeOf(before.slice(0, 1), after.slice(0, 1));
    const pieces = changeOf(before.slice(1), after.slice(1), first);
    expect(pieces.difference).toBeCloseTo(whole.difference, 12);
    expect(pieces).toMatchObject({ before: 3, largest: 2 });
    expect(() => changeOf([1], [1, 2])).toThrow("equally many");
  });
});
