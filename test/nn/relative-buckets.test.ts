import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { relativeBias, relativeBuckets, Trace } from "../../src/nn/index.ts";
import { lower } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

/** The distances at which a bucket begins, from 0 on. */
function begins(table: Int32Array, longest: number, sign: 1 | -1): number[] {
  const at = (distance: number): number => table[longest + sign * distance]!;
  return Array.from({ length: longest + 1 }, (_, i) => i).filter((i) => i === 0 || at(i) !== at(i - 1));
}

describe("buckets of distances", () => {
  // As transformers 5.23's T5Attention._relative_position_bucket has them.
  it("are those of the published models", () => {
    const both = relativeBuckets({ buckets: 32, longest: 128, bothSides: true });
    const logarithmic = [8, 12, 16, 23, 32, 46, 64, 91];
    expect(begins(both, 128, -1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...logarithmic]);
    expect(begins(both, 128, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...logarithmic]);
    expect([both[128 - 128], both[128], both[129], both[256]]).toEqual([15, 0, 17, 31]);
    const past = relativeBuckets({ buckets: 32, longest: 128, bothSides: false });
    const long = [19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113];
    expect(begins(past, 128, -1)).toEqual([...Array.from({ length: 17 }, (_, i) => i), ...long]);
    expect(begins(past, 128, 1)).toEqual([0]);
  });

  it("count from the past in a step program", async () => {
    const options = { buckets: 6, longest: 5, bothSides: false, initial: { kind: "zeros" } } as const;
    const weight = Float32Array.from({ length: 12 }, (_, i) => i);
    const bias = async (past: number, time: number): Promise<number[][]> => {
      const trace = new Trace(past === 0 ? "forward" : "step");
      const T = dimension("time");
      const places = { time: T, past: trace.scope.past };
      const sized = input("ids", "float32", [T]).reshape([1, 1, T, 1]);
      // The sizes are known from inputs alone.
      const keys = past === 0 ? sized : input("kept", "float32", [trace.scope.past]).sum().add(sized);
      const out = relativeBias(trace.scope, 2, places, options).add(keys.scale(0));
      const program = await engine.load(lower("bias", { out }));
      const feeds = {
        ids: { dtype: "float32" as const, shape: [time], data: new Float32Array(time) },
        weight: { dtype: "float32" as const, shape: [6, 2], data: weight },
        ...(past > 0 && { kept: { dtype: "float32" as const, shape: [past], data: new Float32Array(past) } }),
      };
      const { shape, data } = (await engine.run([{ program, fetch: ["out"] }], feeds))["out"]!;
      const width = shape.at(-1)!;
      const rows = Array.from({ length: data.length / width }, (_, i) => [...data].slice(i * width, (i + 1) * width));
      return rows as number[][];
    };
    const whole = await bias(0, 9);
    expect(whole).toHaveLength(18);
    expect(whole[8]).toEqual([5, 5, 5, 5, 4, 3, 2, 1, 0].map((bucket) => 2 * bucket));
    const steps = await bias(7, 2);
    expect(steps).toEqual([whole[7], whole[8], whole[16], whole[17]]);
  });
});
