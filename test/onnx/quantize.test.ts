import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concat, dimension, input, type Tensor } from "../../src/graph/index.ts";
import { lower, namesOf, quantizations, type HostTensor, type Quantization } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";

const normal = (shape: readonly number[], name: string): HostTensor => {
  const generator = random(1, name);
  const size = shape.reduce((product, d) => product * d, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, () => generator.normal()) };
};

const [rows, time] = [dimension("rows"), dimension("time")];
const x = input("x", "float32", [rows, 80]);
const ids = input("ids", "int32", [dimension("texts"), time]);

let engine: Engine;
beforeAll(async () => (engine = await createEngine({ worker: false, threads: 1 })));
afterAll(() => engine.dispose());

const feeds = {
  x: normal([5, 80], "x"),
  ids: { dtype: "int32", shape: [2, 3], data: Int32Array.from([0, 6, 3, 3, 1, 6]) },
} as const satisfies Record<string, HostTensor>;

async function run(
  y: Tensor,
  weights: ReadonlyMap<string, HostTensor>,
  quantize?: Quantization,
  on = engine,
): Promise<Float32Array> {
  const program = lower("one", { y }, { weights, quantize });
  const id = await on.load(program);
  const given = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name as "x" | "ids"]]));
  const { y: found } = await on.run([{ program: id, fetch: ["y"] }], given);
  await on.unload(id);
  return found!.data as Float32Array;
}

/** The length of the difference beside the length of what was expected. */
function relative(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(found.map((value, i) => value - expected[i]!)) / norm(expected);
}

/** How far off products of normal numbers may be; without rounding they are equal to 1e-6. */
const bounds: Readonly<Record<Quantization, readonly [number, number]>> = {
  int8: [1e-4, 0.012],
  int4: [0.02, 0.12],
  fp16: [1e-5, 1e-3],
};

const weight = normal([7, 80], "weight");
const across = normal([80, 7], "across");
const table = normal([7, 80], "table");
const bias = normal([7], "bias");
const weights = new Map([
  ["weight", weight],
  ["across", across],
  ["table", table],
  ["bias", bias],
]);
const matrix = (name: string): Tensor => input(name, "float32", weights.get(name)!.shape);
const cases: Readonly<Record<string, Tensor>> = {
  "x Wᵀ": x.linear(matrix("weight")),
  "x Wᵀ + b": x.linear(matrix("weight"), matrix("bias")),
  "x W, as GPT-2 has it": x.linear(matrix("across"), matrix("bias"), "in-out"),
  "a product with three axes": x.reshape([rows, 1, 80]).linear(matrix("weight"), matrix("bias")),
  "a table that scores as well": concat(
    [x.linear(matrix("table")), matrix("table").gather(ids)].map((part) => part.reshape([-1])),
    0,
  ),
};

describe.each(quantizations)("%s", (quantize) => {
  test.each(Object.entries(cases))("%s is near what it was, and no nearer than rounding allows", async (_, y) => {
    const [least, most] = bounds[quantize];
    const error = relative(await run(y, weights, quantize), await run(y, weights));
    expect(error).toBeGreaterThan(least);
    expect(error).toBeLessThan(most);
  });

  test("looked-up rows are those of the rounded table", async () => {
    const large = new Map([["big", normal([512, 70], "big")]]);
    const y = input("big", "float32", [512, 70]).gather(ids);
    const error = relative(await run(y, large, quantize), await run(y, large));
    expect(error).toBeLessThan(bounds[quantize][1]);
    expect(error).toBeGreaterThan(0);
  });

  test("runs in WebAssembly with the same numbers", async () => {
    const wasm = await createEngine({ worker: false, threads: 1, engine: "wasm" });
    const y = cases["x Wᵀ + b"]!;
    const found = await run(y, weights, quantize, wasm);
    await wasm.dispose();
    expect(relative(found, await run(y, weights, quantize))).toBeLessThan(quantize === "fp16" ? 1e-5 : 0.012);
  });
});

test("the least number of a block is kept exactly, and zeros stay zeros", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 80, maxLength: 80 }), async (row) => {
      for (const block of [0, 32, 64]) row[block] = -128;
      const values = new Map([["weight", { dtype: "float32" as const, shape: [1, 80], data: Float32Array.from(row) }]]);
      const y = input("weight", "float32", [1, 80]).gather(ids.minimum(0));
      const product = x.linear(input("weight", "float32", [1, 80]));
      const found = await run(y.reshape([-1, 80]).slice(0, 0, 1).add(product.sum().scale(0)), values, "int8");
      expect(Array.from(found)).toEqual(row.map((value) => value + 0));
    }),
    { numRuns: 10 },
  );
});

test("what is no matrix stays as it is, and so do small tables that score nothing", () => {
  const y = x.linear(matrix("weight"), matrix("bias")).sum(-1).add(matrix("table").gather(ids).sum());
  const { bytes } = lower("one", { y }, { weights, quantize: "int8" });
  const names = namesOf(bytes);
  const stored = names.weights.filter((name) => !name.startsWith("constant"));
  expect(stored.sort()).toEqual(["bias", "table", "weight.int8", "weight.int8.scales"]);
  expect(names.opsets.get("com.microsoft")).toBe(1);
  const plain = namesOf(lower("one", { y }, { weights }).bytes);
  expect(plain.opsets.has("com.microsoft")).toBe(false);
});

test("a table that is looked up in and scores is stored once", () => {
  const { bytes } = lower("one", { y: cases["a table that scores as well"]! }, { weights, quantize: "int4" });
  const stored = namesOf(bytes).weights.filter((name) => !name.startsWith("constant"));
  expect(stored.sort()).toEqual(["table.int4", "table.int4.scales"]);
});
