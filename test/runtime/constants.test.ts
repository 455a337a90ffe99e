/** Programs whose constants have the values that residents have when the program is loaded. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { decodeMessage, lower } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type View } from "../../src/runtime/index.ts";
import { describeEngines } from "../engines.ts";

const x = input("x", "float32", [dimension("rows"), 3]);
const feeds = { x: { dtype: "float32" as const, shape: [1, 3], data: Float32Array.of(1, 2, 3) } };
const views: Readonly<Record<string, View>> = {
  weight: { resident: "all", offset: 16, shape: [2, 3] },
  bias: { resident: "all", offset: 32, shape: [2] },
};
const product = lower(
  "product",
  { y: x.linear(input("weight", "float32", [2, 3]), input("bias", "float32", [2])) },
  { constants: new Set(["weight", "bias", "not there"]) },
);

it("names constants that the program reads, and neither feeds nor stores them", () => {
  expect(product.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(product.constants).toEqual([
    { name: "weight", dtype: "float32", shape: [2, 3] },
    { name: "bias", dtype: "float32", shape: [2] },
  ]);
  const { graph } = decodeMessage("Model", product.bytes);
  expect(graph?.initializers?.map(({ name }) => name) ?? []).not.toContain("weight");
});

describeEngines((options) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false });
    await engine.allocate("all", "float32", 40);
    await engine.write("all", Float32Array.of(1, 0, 0, 0, 10, 0), 16);
    await engine.write("all", Float32Array.of(100, 200), 32);
  });
  afterAll(() => engine.dispose());

  const run = async (program: number): Promise<number[]> => {
    const { y } = await engine.run([{ program, fetch: ["y"] }], feeds);
    return Array.from(y!.data, Number);
  };

  it("keeps the values of when it was loaded", async () => {
    const program = await engine.load(product, views);
    expect(await run(program)).toEqual([101, 220]);
    await engine.write("all", Float32Array.of(5), 16);
    expect(await run(program)).toEqual([101, 220]);
    const again = await engine.load(product, views);
    expect(await run(again)).toEqual([105, 220]);
    await engine.write("all", Float32Array.of(1), 16);
    await engine.unload(again);
    expect(await run(program)).toEqual([101, 220]);
  });

  it("refuses a program whose constants are not given", async () => {
    const alone = engine.load(product, { weight: views["weight"]! });
    await expect(alone).rejects.toThrow('"product" has a constant bias; it was not given');
    await expect(engine.load(product)).rejects.toThrow('"product" has a constant weight; it was not given');
  });

  it("reads large constants from where they lie", async () => {
    const rows = 2 ** 17 + 1; // × 128 × 4 bytes: more than is copied into a model
    await engine.allocate("table", "float32", 3 + rows * 128);
    await engine.write("table", Float32Array.of(7, 8), 3 + (rows - 1) * 128);
    const ids = input("ids", "int32", [2]);
    const looked = lower(
      "look up",
      { y: input("large", "float32", [rows, 128]).gather(ids).slice(1, 0, 2) },
      { constants: new Set(["large"]) },
    );
    const program = await engine.load(looked, { large: { resident: "table", offset: 3 } });
    const given = { ids: { dtype: "int32" as const, shape: [2], data: Int32Array.of(rows - 1, 0) } };
    const { y } = await engine.run([{ program, fetch: ["y"] }], given);
    expect([...y!.data]).toEqual([7, 8, 0, 0]);
    await engine.unload(program);
    await engine.free("table");
  });
});
