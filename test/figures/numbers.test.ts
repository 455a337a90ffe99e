import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCell, formatCount, formatDuration, formatNumber } from "../../src/figures/number-text.ts";
import { niceTicks } from "../../src/figures/ticks.ts";

describe("numbers for people", () => {
  test("counts", () => {
    expect([0, 7, 999, 1000, 1234567, -65000, 999.5, -0.2].map(formatCount)).toEqual([
      "0",
      "7",
      "999",
      "1,000",
      "1,234,567",
      "-65,000",
      "1,000",
      "0",
    ]);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (n) => {
        expect(Number(formatCount(n).replaceAll(",", "")) + 0).toBe(n + 0);
      }),
    );
  });

  test.each([
    [0, "0"],
    [-0, "0"],
    [0.5, "0.5"],
    [0.123456, "0.123"],
    [-2.305, "-2.31"],
    [12.345, "12.3"],
    [99.96, "100"],
    [999.6, "1,000"],
    [1234.5, "1,235"],
    [1234567, "1,234,567"],
    [0.0000123, "1.23e-5"],
    [0.001, "0.001"],
    [0.0009996, "1e-3"],
    [3e20, "3e20"],
    [NaN, "NaN"],
    [-Infinity, "-∞"],
  ])("%d is %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test("a number keeps three digits", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (value) => {
        const back = Number(formatNumber(value).replaceAll(",", ""));
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 0.00501 + 1e-320);
      }),
    );
  });

  test("cells of a grid", () => {
    expect([0, 0.874, 1, 0.997, -0.2, -0.001, 9.99, 12.3, NaN].map(formatCell)).toEqual([
      ".00",
      ".87",
      "1.0",
      "1.0",
      "-.20",
      ".00",
      "10.0",
      "12",
      "NaN",
    ]);
  });

  test.each([
    [0, "0 s"],
    [3.24, "3.2 s"],
    [9.99, "10 s"],
    [59.7, "1 min"],
    [80, "1 min 20 s"],
    [3599.6, "1 h"],
    [7500, "2 h 5 min"],
    [86_390, "1 d"],
    [273_600, "3 d 4 h"],
    [-1, "unknown"],
    [NaN, "unknown"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("ticks", () => {
  test("round numbers", () => {
    expect(niceTicks(0, 10).labels).toEqual(["0", "2", "4", "6", "8", "10"]);
    expect(niceTicks(1.2, 8.9, 4).labels).toEqual(["2", "4", "6", "8"]);
    expect(niceTicks(-0.35, 0.35, 7).labels).toEqual(["-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3"]);
    expect(niceTicks(0, 26_000, 5).labels).toEqual(["0", "10,000", "20,000"]);
    expect(niceTicks(0, 0.00003, 3).labels).toEqual(["0", "1e-5", "2e-5", "3e-5"]);
    expect(niceTicks(3, 3)).toEqual({ values: [3], labels: ["3"] });
    expect(niceTicks(1, 1.00001, 2).labels).toEqual(["1.000000", "1.000005", "1.000010"]);
    expect(niceTicks(1, 1 + 1e-15).values).toEqual([1]);
    expect(niceTicks(-1e308, 1e308).values).toHaveLength(1);
    expect(niceTicks(NaN, 3)).toEqual({ values: [], labels: [] });
  });

  test("they ascend, lie inside, are not too many, and their labels are true and distinct", () => {
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        number,
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (low, span, count) => {
          const high = low + span;
          fc.pre(high - low > Math.abs(low) * 1e-9);
          const { values, labels } = niceTicks(low, high, count);
          expect(values.length).toBeLessThanOrEqual(count + 1);
          expect(new Set(labels).size).toBe(labels.length);
          values.forEach((value, i) => {
            expect(value).toBeGreaterThanOrEqual(low - span * 1e-6);
            expect(value).toBeLessThanOrEqual(high + span * 1e-6);
            if (i > 0) expect(value).toBeGreaterThan(values[i - 1]!);
            expect(Number(labels[i]!.replaceAll(",", ""))).toBeCloseTo(value, 5);
          });
        },
      ),
    );
  });
});
