/** Splits: every row once, the sizes that were asked for, no group and no time on two sides, labels in the same shares. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clustersOf,
  copiesOn,
  findDuplicates,
  groupSplit,
  parseTimes,
  randomSplit,
  splitSides,
  timeSplit,
  type Split,
} from "../../src/data/index.ts";

const shares = fc.record({
  validation: fc.constantFrom(0, 0.1, 0.25),
  test: fc.constantFrom(0.1, 0.2, 0.33),
});
const rowsOf = (split: Split): number[] => splitSides.flatMap((side) => [...split[side]]);
const inOrder = (rows: readonly number[]): number[] => rows.toSorted((a, b) => a - b);

function expectEachOnce(split: Split, count: number): void {
  expect(inOrder(rowsOf(split))).toEqual(Array.from({ length: count }, (_, i) => i));
  for (const side of splitSides) expect(split[side]).toEqual(inOrder(split[side]));
}

describe("at random", () => {
  const labels = fc.array(fc.constantFrom("a", "b", "b", "b", "c"), { minLength: 20, maxLength: 200 });

  it("has every row once, exact sizes, and each label in its share", () => {
    fc.assert(
      fc.property(labels, shares, fc.nat(), (all, wanted, seed) => {
        const split = randomSplit(all, wanted, seed);
        expectEachOnce(split, all.length);
        expect(split.test).toHaveLength(Math.round(all.length * wanted.test));
        expect(split.validation).toHaveLength(Math.round(all.length * wanted.validation));
        for (const label of new Set(all)) {
          const count = all.filter((one) => one === label).length;
          const there = split.test.filter((row) => all[row] === label).length;
          expect(Math.abs(there - (count * split.test.length) / all.length)).toBeLessThan(2);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("is the same for a seed, and another for another", () => {
    const all = Array.from({ length: 100 }, (_, i) => String(i % 2));
    expect(randomSplit(all, { test: 0.2 }, 1)).toEqual(randomSplit(all, { test: 0.2 }, 1));
    expect(randomSplit(all, { test: 0.2 }, 1)).not.toEqual(randomSplit(all, { test: 0.2 }, 2));
  });

  it("refuses shares that leave a side empty", () => {
    expect(() => randomSplit(["a", "b"], { test: 0.1 }, 1)).toThrow("leave none for test");
    expect(() => randomSplit(["a", "b"], { test: 0.5, validation: 0.5 }, 1)).toThrow("leave none for training");
    expect(() => randomSplit(["a", "b"], { test: 1 }, 1)).toThrow("a share from 0 to below 1");
  });
});

describe("by group", () => {
  it("has every row once, no group on two sides, and no side empty", () => {
    const groups = fc.array(fc.nat({ max: 12 }), { minLength: 20, maxLength: 150 });
    fc.assert(
      fc.property(groups, shares, fc.nat(), (all, wanted, seed) => {
        fc.pre(new Set(all).size >= 3);
        const split = groupSplit(all, wanted, seed);
        expectEachOnce(split, all.length);
        for (const group of new Set(all)) {
          const sides = splitSides.filter((side) => split[side].some((row) => all[row] === group));
          expect(sides).toHaveLength(1);
        }
        expect(split.training.length).toBeGreaterThan(0);
        expect(split.test.length).toBeGreaterThan(0);
        expect(split.validation.length > 0).toBe(wanted.validation > 0);
      }),
      { numRuns: 200 },
    );
  });

  it("comes as near to the shares as small groups allow", () => {
    const all = Array.from({ length: 300 }, (_, i) => i % 100);
    const { test, validation } = groupSplit(all, { test: 0.2, validation: 0.1 }, 5);
    expect(Math.abs(test.length - 60)).toBeLessThanOrEqual(3);
    expect(Math.abs(validation.length - 30)).toBeLessThanOrEqual(3);
  });

  it("needs as many groups as sides", () => {
    expect(() => groupSplit([1, 1, 1, 1], { test: 0.3 }, 1)).toThrow("There is 1 group for training, test");
  });
});

describe("by time", () => {
  it("has every row once, the latest in the test, and no time on two sides", () => {
    const times = fc.array(fc.nat({ max: 60 }), { minLength: 30, maxLength: 150 });
    fc.assert(
      fc.property(times, shares, (all, wanted) => {
        let split: Split;
        try {
          split = timeSplit(all, wanted);
        } catch {
          // Too many rows of one time: refused, and tested below.
          return;
        }
        expectEachOnce(split, all.length);
        const [training, validation, test] = splitSides.map((side) => split[side].map((row) => all[row]!));
        expect(Math.max(...training!)).toBeLessThan(Math.min(...test!));
        if (validation!.length > 0) {
          expect(Math.max(...training!)).toBeLessThan(Math.min(...validation!));
          expect(Math.max(...validation!)).toBeLessThan(Math.min(...test!));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("has the sizes that were asked for where times differ, and refuses one time for all", () => {
    const all = Array.from({ length: 50 }, (_, i) => (i * 37) % 50);
    const { validation, test } = timeSplit(all, { validation: 0.1, test: 0.2 });
    expect([validation.length, test.length]).toEqual([5, 10]);
    expect(() => timeSplit([3, 3, 3, 3, 3, 3, 3, 3], { test: 0.25 })).toThrow("So many rows have the same time");
  });

  it("reads numbers and dates, and names what is neither", () => {
    const place = (row: number): string => `all.tsv, line ${row + 2}`;
    expect(parseTimes(["3", "1.5"], place)).toEqual([3, 1.5]);
    const [first, second] = parseTimes(["2024-05-01", "2024-05-01T12:00Z"], place);
    expect(second! - first!).toBe(12 * 3600 * 1000);
    expect(() => parseTimes(["2024-05-01", "May"], place)).toThrow('all.tsv, line 3: "May" is no time');
  });
});

it("by similarity nothing near is on two sides", () => {
  const texts = Array.from(
    { length: 90 },
    (_, i) => `the ${i % 30} sentences of a long text are here and number ${i % 30} is this`,
  );
  const near = texts.map((text, i) => `${text}${".".repeat(Math.floor(i / 30))}`);
  const split = groupSplit([...clustersOf(findDuplicates(near, { threshold: 0.95 }))], { test: 0.2 }, 1);
  const side = (row: number): number => (split.test.includes(row) ? 1 : 0);
  expect(copiesOn(findDuplicates(near, { threshold: 0.95, side }), side, 1, 0)).toEqual({ exact: 0, near: 0 });
  const mixed = randomSplit(near, { test: 0.2 }, 1);
  const other = (row: number): number => (mixed.test.includes(row) ? 1 : 0);
  expect(copiesOn(findDuplicates(near, { side: other }), other, 1, 0).near).toBeGreaterThan(5);
});
