import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth, lineChartSvg, lineChartText } from "../../src/figures/index.ts";
import { readDomain, strokes } from "../../src/figures/line-chart.ts";
import { drawnTexts, findAll, hasClass, parseXml } from "./parse-xml.ts";

const x = Array.from({ length: 200 }, (_, i) => i * 10);
const training = { name: "training", x, y: x.map((at) => 1.2 + 7 * Math.exp(-at / 250)) };
const validation = { name: "validation", x: [400, 800, 1200, 1600], y: [3.1, 2.2, 2, 2.1] };

describe("line chart for a terminal", () => {
  test("fine lines, round numbers, a mark of its own for the second series", () => {
    const chart = { title: "Loss", series: [training, validation], xTitle: "updates", yTitle: "nats a token" };
    expect(lineChartText({ ...chart, width: 64, height: 13 })).toMatchInlineSnapshot(`
      "Loss
      8 ┤⢧
        │ ⢣
      6 ┤ ⠈⠣⡀
        │   ⠱⣀
        │    ⠈⠢⡀
      4 ┤      ⠘⠢⣀
        │        ⠈⠑⠦⣀ooooooo
      2 ┤            ⠉⠑⠲⠤⢄⣀ooooooooooooooooooooooooooooooo
        │                  ⠈⠉⠉⠙⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⢄
        └┬──────────────┬──────────────┬──────────────┬───────────────
         0             500           1,000          1,500
      ⣿ training   o validation   nats a token by updates"
    `);
  });

  test("a gap where a value is not finite, and it is counted", () => {
    const series = [{ name: "loss", x: [0, 1, 2, 3, 4, 5], y: [1, 2, NaN, 2, 1, Infinity] }];
    expect(lineChartText({ series, width: 40, height: 9 })).toMatchInlineSnapshot(`
      "2.0 ┤       ⢠⠊                ⠈⠢⡀
          │      ⡔⠁                   ⠑⢄
      1.5 ┤    ⢠⠊                      ⠈⠢⡀
          │   ⡔⠁                         ⠑⢄
          │ ⢠⠊                            ⠈⠢⡀
      1.0 ┤⡔⠁                               ⠑⢄
          └┬────────────────┬────────────────┬
           0                2                4
      2 values are not finite numbers"
    `);
  });

  test("one point and none", () => {
    expect(lineChartText({ series: [{ name: "a", x: [5], y: [2] }], width: 30, height: 8 })).toMatchInlineSnapshot(`
      "2.10 ┤
      2.05 ┤
      2.00 ┤           ⢀
           │
      1.95 ┤
      1.90 ┤
           └───────────┬────────────
                      5.0"
    `);
    expect(lineChartText({ series: [], width: 30, height: 8 })).toContain("no values yet");
  });

  test("colors: one code a run, the same dots", () => {
    const colored = lineChartText({ series: [training], colorDepth: "256" });
    expect(colored.replace(/\u001b\[[\d;]*m/g, "")).toBe(lineChartText({ series: [training] }));
    expect(colored.split("\u001b[38;5;").length).toBeLessThan(30);
  });

  test("always as wide and as high as asked", () => {
    const point = fc.oneof(fc.double(), fc.double({ min: -10, max: 10, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(fc.array(point, { maxLength: 50 }), { maxLength: 3 }),
        fc.integer({ min: 40, max: 120 }),
        fc.integer({ min: 8, max: 30 }),
        (lists, width, height) => {
          const series = lists.map((y, i) => ({ name: `s${i}`, x: y.map((_, at) => at), y }));
          const lines = lineChartText({ title: "t", series, width, height }).split("\n");
          expect(lines).toHaveLength(height);
          for (const line of lines.slice(0, -1)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("series with places but no values", () => {
    expect(() => lineChartText({ series: [{ name: "a", x: [1, 2], y: [1] }] })).toThrow(
      'The series "a" has 2 places and 1 values; give one value each.',
    );
  });
});

test("thinning keeps the extremes of every column", () => {
  const y = x.map((_, i) => (i === 57 ? 9 : i === 58 ? -9 : Math.sin(i)));
  const series = { name: "a", x, y };
  const [stroke] = strokes(series, readDomain([series]), 10, 100);
  expect(stroke!.length).toBeLessThanOrEqual(11 * 4);
  expect(Math.min(...stroke!.map((point) => point[1]))).toBeCloseTo(0, 9);
  expect(Math.max(...stroke!.map((point) => point[1]))).toBeCloseTo(100, 9);
  const places = stroke!.map((point) => point[0]);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

describe("line chart as SVG", () => {
  const svg = lineChartSvg({
    title: "Loss & <more>",
    series: [training, { ...validation, y: [3.1, NaN, 2, 2.1] }],
    xTitle: "updates",
  });
  const root = parseXml(svg);

  test("a line for each series, points where there are few, a gap and its count", () => {
    const series = findAll(root, hasClass("series"));
    expect(series).toHaveLength(2);
    expect(findAll(series[0]!, ({ name }) => name === "circle")).toHaveLength(0);
    expect(findAll(series[1]!, ({ name }) => name === "circle")).toHaveLength(3);
    expect(
      findAll(series[1]!, ({ name }) => name === "path")[0]!
        .attributes.get("d")!
        .match(/M/g),
    ).toHaveLength(2);
    expect(drawnTexts(root)).toContain("1 value is not a finite number");
  });

  test("title, axes and legend", () => {
    const texts = drawnTexts(root);
    expect(texts).toEqual(
      expect.arrayContaining(["Loss & <more>", "updates", "500", "1,000", "validation (last 2.1)"]),
    );
  });
});
