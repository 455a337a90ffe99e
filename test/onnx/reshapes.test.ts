/** Views of views, and functions that do not care how their operand is seen. */
import { describe, expect, it } from "vitest";
import { dimension, input, type Tensor } from "../../src/graph/index.ts";
import { lower } from "../../src/onnx/index.ts";
import { withoutRepeatedReshapes } from "../../src/onnx/reshapes.ts";
import { createEngine } from "../../src/runtime/index.ts";

const node = (type: string, inputs: string[], output: string) => ({ type, inputs, outputs: [output] });
const written = (nodes: ReturnType<typeof node>[], ...outputs: string[]): string[] =>
  withoutRepeatedReshapes(nodes, new Set(outputs)).map(
    ({ type, inputs, outputs: made }) => `${made!.join()} = ${type!}(${inputs!.join(", ")})`,
  );

describe("reshapes", () => {
  it("of a reshape see what the first one saw, and leave the first one out where nobody else reads it", () => {
    const nodes = [
      node("Reshape", ["x", "s"], "a"),
      node("Reshape", ["a", "t"], "b"),
      node("Reshape", ["b", "u"], "c"),
    ];
    expect(written(nodes, "c")).toEqual(["c = Reshape(x, u)"]);
    expect(written(nodes, "b", "c")).toEqual(["b = Reshape(x, t)", "c = Reshape(x, u)"]);
    expect(written([...nodes, node("Add", ["a", "y"], "d")], "c", "d")).toEqual([
      "a = Reshape(x, s)",
      "c = Reshape(x, u)",
      "d = Add(a, y)",
    ]);
  });

  it("come behind element-wise functions that alone read them", () => {
    const nodes = [
      node("Gemm", ["x", "w"], "g"),
      node("Reshape", ["g", "s"], "a"),
      node("Relu", ["a"], "r"),
      node("Reshape", ["r", "t"], "b"),
      node("Gemm", ["b", "v"], "h"),
    ];
    expect(written(nodes, "h")).toEqual(["g = Gemm(x, w)", "a = Relu(g)", "b = Reshape(a, t)", "h = Gemm(b, v)"]);
    expect(written(nodes, "h", "a")[1]).toBe("a = Reshape(g, s)");
    expect(written(nodes, "h", "r")).toContain("r = Reshape(a, s)");
    expect(written([...nodes, node("Add", ["a", "r"], "d")], "h", "d")).toContain("a = Reshape(g, s)");
  });

  it("change no numbers", async () => {
    const engine = await createEngine({ worker: false, threads: 1 });
    const x = input("x", "float32", [dimension("rows"), 2, 4]);
    const seen = x.reshape([-1, 4]).relu();
    const outputs: Record<string, Tensor> = {
      twice: x.reshape([-1, 2]).reshape([dimension("rows"), 8]),
      function: seen.reshape([dimension("rows"), 8]),
      both: seen.add(seen.reshape([-1, 4])),
    };
    const data = Float32Array.from({ length: 24 }, (_, i) => i - 12);
    const program = await engine.load(lower("views", outputs));
    const got = await engine.run([{ program, fetch: Object.keys(outputs) }], {
      x: { dtype: "float32", shape: [3, 2, 4], data },
    });
    expect(got["twice"]).toMatchObject({ shape: [3, 8], data });
    expect(got["function"]).toMatchObject({ shape: [3, 8], data: data.map((value) => Math.max(value, 0)) });
    expect(got["both"]).toMatchObject({ shape: [6, 4], data: data.map((value) => 2 * Math.max(value, 0)) });
    await engine.dispose();
  });
});
