import { describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { positions, sinusoids, Trace } from "../../src/nn/index.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { compute, floats } from "../models/programs.ts";

const layouts = ["interleaved", "halves"] as const;
const COUNT = 60;
const WIDTH = 32;

const row = (table: Float32Array, position: number, width = WIDTH): Float32Array =>
  table.subarray(position * width, (position + 1) * width);
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("sinusoids", () => {
  it("are the paper's: a table worked out by hand, width 4", () => {
    const table = sinusoids(3, 4, "interleaved");
    const expected = [
      [0, 1, 0, 1],
      [0.841471, 0.540302, 0.00999983, 0.99995],
      [0.909297, -0.416147, 0.0199987, 0.9998],
    ];
    for (const [i, value] of expected.flat().entries()) expect(table[i]).toBeCloseTo(value, 6);
  });

  it("in halves have the same columns, sines first", () => {
    const [paper, halves] = [sinusoids(COUNT, WIDTH, "interleaved"), sinusoids(COUNT, WIDTH, "halves")];
    for (let position = 0; position < COUNT; position++) {
      for (let i = 0; i < WIDTH / 2; i++) {
        const angle = position / Math.pow(10_000, (2 * i) / WIDTH);
        expect(row(halves, position)[i]).toBeCloseTo(Math.sin(angle), 6);
        expect(row(halves, position)[WIDTH / 2 + i]).toBeCloseTo(Math.cos(angle), 6);
        expect(row(paper, position)[2 * i]).toBe(row(halves, position)[i]);
        expect(row(paper, position)[2 * i + 1]).toBe(row(halves, position)[WIDTH / 2 + i]);
      }
    }
  });

  it.each(layouts)("%s: the product of two encodings depends on their distance alone", (layout) => {
    const table = sinusoids(COUNT, WIDTH, layout);
    for (const distance of [0, 1, 5, 20]) {
      const first = dot(row(table, 0), row(table, distance));
      for (let position = 1; position + distance < COUNT; position++) {
        expect(dot(row(table, position), row(table, position + distance))).toBeCloseTo(first, 4);
      }
    }
    expect(dot(row(table, 7), row(table, 7))).toBeCloseTo(WIDTH / 2, 5);
    expect(dot(row(table, 7), row(table, 8))).toBeLessThan(WIDTH / 2 - 0.1);
  });

  it.each(layouts)("%s: an odd width has one sine more than cosines", (layout) => {
    const table = sinusoids(2, 5, layout);
    const angles = [1, 10_000 ** -0.4, 10_000 ** -0.8];
    const sines = layout === "halves" ? [0, 1, 2] : [0, 2, 4];
    const cosines = layout === "halves" ? [3, 4] : [1, 3];
    for (const [i, column] of sines.entries()) expect(row(table, 1, 5)[column]).toBeCloseTo(Math.sin(angles[i]!), 6);
    for (const [i, column] of cosines.entries()) expect(row(table, 1, 5)[column]).toBeCloseTo(Math.cos(angles[i]!), 6);
  });
});

describe("positions of a sequence", () => {
  it("are rows of the table from the first position on, and are recorded", async () => {
    const trace = new Trace("step");
    const [batch, time, past] = [dimension("batch"), dimension("time"), dimension("past")];
    const x = input("x", "float32", [batch, time, WIDTH]);
    const before = input("before", "float32", [past]);
    const encodings = positions(trace.scope.at("here"), x, "interleaved", COUNT, past);
    expect([...trace.records.keys()]).toEqual(["here.positions"]);
    const engine = await createEngine({ worker: false, threads: 1 });
    const results = await compute(
      engine,
      { encodings, sums: x.sum().add(before.sum()) },
      {
        x: { dtype: "float32", shape: [1, 4, WIDTH], data: new Float32Array(4 * WIDTH) },
        before: { dtype: "float32", shape: [6], data: new Float32Array(6) },
      },
    );
    await engine.dispose();
    const table = sinusoids(COUNT, WIDTH, "interleaved");
    expect(results["encodings"]!.shape).toEqual([4, WIDTH]);
    expect(floats(results["encodings"])).toEqual(table.slice(6 * WIDTH, 10 * WIDTH));
  });
});
