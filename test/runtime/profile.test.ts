/** The times of nodes: measured in the native build, in this thread and in a worker; refused elsewhere. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import { lower, type HostTensor } from "../../src/onnx/index.ts";
import { createEngine } from "../../src/runtime/index.ts";

const float = (name: string, ...shape: number[]) => input(name, "float32", shape);
const ones = (...shape: number[]): HostTensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((product, d) => product * d, 1)).fill(1),
});
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => /^heed-[A-Za-z\d]{6}$/.test(name));

const program = lower("products", {
  plain: float("a", 4, 8)
    .matmul(float("b", 8, 16))
    .sin(), // 2 · 4 · 8 · 16 = 1,024
  many: float("c", 3, 2, 4, 8).matmul(float("d", 3, 2, 16, 8).swap(-1, -2)), // 6 · 1,024
  shared: float("e", 5, 4, 8).matmul(float("b", 8, 16)), // 5 · 1,024
  linear: float("a", 4, 8).linear(float("w", 16, 8), float("bias", 16)), // 1,024
});
const feeds = { a: ones(4, 8), b: ones(8, 16), c: ones(3, 2, 4, 8), d: ones(3, 2, 16, 8) };
const more = { e: ones(5, 4, 8), w: ones(16, 8), bias: ones(16) };

describe.each([{ worker: false }, { worker: true }])("an engine that measures, $worker", ({ worker }) => {
  it("gives the time of each node and of the whole, and the operations of products", async () => {
    const before = leftovers();
    const engine = await createEngine({ threads: 1, worker, engine: "onnxruntime", profile: true });
    const id = await engine.load(program);
    const idle = await engine.load(lower("never run", { y: float("x", 1).exp() }));
    for (let i = 0; i < 3; i++)
      await engine.run([{ program: id, fetch: ["plain", "many", "shared", "linear"] }], { ...feeds, ...more });
    const times = await engine.profile();
    expect(times.map((one) => [one.program, one.name, one.milliseconds.length])).toEqual([
      [id, "products", 3],
      [idle, "never run", 0],
    ]);
    const [{ milliseconds, nodes }] = times as [(typeof times)[0]];
    const executed = milliseconds.reduce((sum, one) => sum + one, 0);
    const inNodes = nodes.flatMap((node) => node.milliseconds).reduce((sum, one) => sum + one, 0);
    expect(inNodes).toBeGreaterThan(0);
    expect(inNodes).toBeLessThanOrEqual(executed);
    expect(nodes.find(({ op }) => op === "Sin")).toMatchObject({
      operations: [],
      node: expect.stringMatching(/^Sin_\d+$/) as string,
    });
    const operations = nodes.flatMap((node) => node.operations ?? []).sort((a, b) => a - b);
    expect(operations).toEqual([1024, 1024, 1024, 1024, 1024, 1024, 5120, 5120, 5120, 6144, 6144, 6144]);
    await engine.dispose();
    expect(leftovers()).toEqual(before);
  });

  it("leaves no file where it is not asked", async () => {
    const before = leftovers();
    const engine = await createEngine({ threads: 1, worker, engine: "onnxruntime", profile: true });
    await engine.load(program);
    expect(leftovers()).toHaveLength(before.length + 1);
    await engine.dispose();
    expect(leftovers()).toEqual(before);
  });

  it("is opened so: others refuse", async () => {
    const engine = await createEngine({ threads: 1, worker });
    await expect(engine.profile()).rejects.toThrow("This engine measures nothing. Open it with `profile`.");
    await engine.dispose();
    await expect(createEngine({ engine: "wasm", worker, profile: true })).rejects.toThrow(
      "ONNX Runtime's WebAssembly build cannot measure single nodes",
    );
  });
});
