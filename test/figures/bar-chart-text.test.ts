import { expect, test } from "vitest";
import { barChartText, formatCount } from "../../src/figures/index.ts";

test("counts with their formulas", () => {
  const bars = [
    { name: "embedding", value: 1_280_000, note: "10,000 × 128" },
    { name: "encoder", value: 530_432, note: "4 × 132,608" },
    { name: "norm", value: 256 },
    { name: "lost", value: NaN },
  ];
  expect(barChartText({ title: "Parameters", bars, width: 60, format: formatCount })).toMatchInlineSnapshot(`
    "Parameters
    embedding █████████████████████████ 1,280,000  10,000 × 128
    encoder   ██████████▍                 530,432  4 × 132,608
    norm      ▏                               256
    lost                                      NaN"
  `);
});

test("signed values on both sides of zero", () => {
  const bars = [
    { name: "head 1", value: -0.3 },
    { name: "head 2", value: 0.15 },
    { name: "head 3", value: 0 },
  ];
  expect(barChartText({ title: "Effect", bars, width: 40 })).toMatchInlineSnapshot(`
    "Effect
    head 1 ██████████████████          -0.3
    head 2                   █████████ 0.15
    head 3                                0"
  `);
  expect(() => barChartText({ title: "t", bars: [] })).toThrow("at least one bar");
});
