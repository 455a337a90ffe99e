import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { pooled, poolings, type Pooling } from "../../src/models/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { batch, compute, floats, ids } from "./programs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

/** Three texts of three tokens, two wide: 1, 2, 3 …; padded on the right, on the left, and nothing but padding. */
const hidden = {
  dtype: "float32" as const,
  shape: [3, 3, 2],
  data: Float32Array.from({ length: 18 }, (_, i) => i + 1),
};
const mask = ids([1, 1, 0], [0, 1, 1], [0, 0, 0]);
const time = dimension("time");

async function pool(pooling: Pooling, masked: boolean): Promise<number[]> {
  const x = input("hidden", "float32", [batch, time, 2]);
  const attention = masked ? input("mask", "int32", [batch, time]) : undefined;
  const feeds = masked ? { hidden, mask } : { hidden };
  const results = await compute(engine, { vectors: pooled(x, attention, pooling) }, feeds);
  expect(results["vectors"]!.shape).toEqual([3, 2]);
  return [...floats(results["vectors"])];
}

describe("pooling", () => {
  it.each<[Pooling, readonly number[], readonly number[]]>([
    ["mean", [2, 3, 10, 11, 0, 0], [3, 4, 9, 10, 15, 16]],
    ["class", [1, 2, 7, 8, 13, 14], [1, 2, 7, 8, 13, 14]],
    ["last", [3, 4, 11, 12, 13, 14], [5, 6, 11, 12, 17, 18]],
  ])("%s: by the mask, or over all tokens without one", async (pooling, masked, whole) => {
    expect(await pool(pooling, true)).toEqual(masked);
    expect(await pool(pooling, false)).toEqual(whole);
    expect(poolings).toContain(pooling);
  });
});
