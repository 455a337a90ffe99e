/** Curves of trainings: smoothing, axes of powers of ten, treemaps. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineChartSvg, powerTicks, smoothed, treemapSvg } from "../../src/figures/index.ts";
import { parseXml } from "./parse-xml.ts";

describe("a smooth line", () => {
  it("is the weighted mean by hand, and leaves gaps", () => {
    const [a, b, gap, c] = smoothed([4, 8, NaN, 2], 0.5);
    expect(a).toBe(4);
    expect(b).toBeCloseTo((0.5 * 8 + 0.25 * 4) / 0.75, 12);
    expect(gap).toBeNaN();
    expect(c).toBeCloseTo((0.5 * 2 + 0.25 * 8 + 0.125 * 4) / 0.875, 12);
  });

  it("stays between the least and the greatest, and without a weight is what it was", () => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 0.99, noNaN: true }), (given, weight) => {
        const found = smoothed(given, weight);
        expect(Math.max(...found)).toBeLessThanOrEqual(Math.max(...given) + 1e-9);
        expect(Math.min(...found)).toBeGreaterThanOrEqual(Math.min(...given) - 1e-9);
        expect([...smoothed(given, 0)]).toEqual(given.map((value) => value + 0));
      }),
    );
  });
});

describe("an axis of powers of ten", () => {
  it("has round numbers", () => {
    expect(powerTicks(-3, 1).labels).toEqual(["0.001", "0.01", "0.1", "1", "10"]);
    expect(powerTicks(Math.log10(0.9), Math.log10(9)).labels).toEqual(["1", "2", "5"]);
    const ticks = powerTicks(-20, 20);
    expect(ticks.values.length).toBeLessThan(9);
    expect(powerTicks(0.31, 0.32).values).toEqual([0.31, 0.32]);
  });

  it("puts equal ratios at equal distances, and leaves out what has no logarithm", () => {
    const text = lineChartSvg({
      title: "t",
      series: [{ name: "a", x: [0, 1, 2, 3], y: [1, 10, 100, 0] }],
      logarithmic: true,
    });
    const heights = [...text.matchAll(/<circle[^>]* cy="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(heights).toHaveLength(3);
    expect(heights[0]! - heights[1]!).toBeCloseTo(heights[1]! - heights[2]!, 1);
    expect(text).toContain("a, 2: 100");
    expect(text).toContain("1 value is not a finite number");
  });
});

describe("a treemap", () => {
  it("is well-formed, with every amount", () => {
    const cells = [{ x: 0, y: 0, width: 100, height: 50, name: "<embeddings>", value: 1234, group: 0 }];
    const text = treemapSvg({ title: "a & b", width: 100, height: 50, cells, groups: ["embeddings"] });
    expect(() => parseXml(text)).not.toThrow();
    expect(text).toContain("&lt;embeddings&gt;: 1,234");
  });
});
