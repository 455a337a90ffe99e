import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dimension, gradients, input, type Tensor } from "../../src/graph/index.ts";
import {
  decodeMessage,
  lower,
  namesOf,
  OPSET,
  toBfloat16,
  toFloat16,
  type HostTensor,
  type LowerOptions,
  type Message,
} from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";

const [batch, time] = [dimension("batch"), dimension("time")];
const x = input("x", "float32", [batch, time, 3]);
const weight = input("weight", "float32", [2, 3]);

function graphOf(outputs: Record<string, Tensor>, options?: LowerOptions): Message<"Graph"> {
  return decodeMessage("Model", lower("test", outputs, options).bytes).graph!;
}
const typesIn = (graph: Message<"Graph">): string[] => (graph.nodes ?? []).map((node) => node.type!);

const float = (shape: readonly number[], data: Float32Array): HostTensor => ({ dtype: "float32", shape, data });

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 2 });
});
afterAll(() => engine.dispose());

describe("the model", () => {
  test("says which format and which ops it is written in", () => {
    const model = decodeMessage("Model", lower("test", { y: x.exp() }).bytes);
    expect(model.irVersion).toBe(10);
    expect(model.opsets).toEqual([{ domain: "", version: OPSET }]);
    expect(model.producerName).toBe("heed");
    expect(OPSET).toBe(21);
  });

  test("writes equal nodes once, and different ones not", () => {
    const y = x.exp().add(x.exp()).add(x.mul(2)).add(x.mul(2)).add(x.mul(-0)).add(x.mul(3));
    const types = typesIn(graphOf({ y }));
    expect(types.filter((type) => type === "Exp")).toHaveLength(1);
    expect(types.filter((type) => type === "Mul")).toHaveLength(3);
  });

  test("keeps constants apart that differ in sign of zero or in dtype", () => {
    const y = x.add(x.mul(-0)).add(x.maximum(1)).add(x.cast("int64").maximum(1).cast("float32"));
    const constants = graphOf({ y }).initializers!.filter((tensor) => tensor.dims === undefined);
    expect(constants.map((tensor) => [tensor.dataType, Array.from(tensor.raw!)])).toEqual([
      [1, [0, 0, 0, 128]],
      [1, [0, 0, 128, 63]],
      [7, [1, 0, 0, 0, 0, 0, 0, 0]],
    ]);
  });

  test("leaves out results that nobody reads", () => {
    const norm = x.layerNorm(input("w", "float32", [3]), undefined, 1e-5);
    expect(graphOf({ norm }).nodes![0]!.outputs).toHaveLength(1);
    expect(graphOf({ norm, inverse: norm.node.outputs[2]! }).nodes![0]!.outputs).toEqual(["norm", "", "inverse"]);
    expect(graphOf({ mean: norm.node.outputs[1]! }).nodes![0]!.outputs).toHaveLength(2);
  });
});

describe("names of inputs and outputs", () => {
  test("an output has its name without a copy, several names and inputs are copied", () => {
    const y = x.exp();
    const graph = graphOf({ first: y, second: y, same: x });
    expect(typesIn(graph)).toEqual(["Exp", "Identity", "Identity"]);
    expect(graph.nodes!.map((node) => [node.inputs, node.outputs])).toEqual([
      [["x"], ["first"]],
      [["x"], ["same"]],
      [["first"], ["second"]],
    ]);
  });

  test("do not collide with names inside", async () => {
    const [a, b] = [input("Exp_1", "float32", [2]), input("constant_0", "float32", [2])];
    const program = lower("test", { Mul_2: a.exp().mul(b).mul(3), Exp_0: a.exp() });
    const id = await engine.load(program);
    const feeds = { Exp_1: float([2], Float32Array.of(0, 1)), constant_0: float([2], Float32Array.of(1, 2)) };
    const result = await engine.run([{ program: id, fetch: ["Mul_2", "Exp_0"] }], feeds);
    expect(result["Mul_2"]!.data[0]).toBe(3);
    expect(result["Exp_0"]!.data[0]).toBe(1);
    await engine.unload(id);
  });

  test("an output named as an input, and inputs of one name that differ, are errors", () => {
    expect(() => lower("step", { weight: weight.mul(2) })).toThrow(
      'The program "step" has an input and an output named "weight".',
    );
    const other = input("weight", "float32", [2, 4]);
    expect(() => lower("step", { y: weight.sum().add(other.sum()) })).toThrow(
      /"weight".*float32\[2, 3\].*float32\[2, 4\]/,
    );
  });

  test("are read back from the bytes", () => {
    const norm = x.linear(weight).layerNorm(input("scale", "float32", [2]), undefined, 1e-5);
    const weights = new Map([["weight", float([2, 3], new Float32Array(6))]]);
    const names = namesOf(lower("test", { norm }, { weights }).bytes);
    expect(names.inputs).toEqual([
      { name: "x", dtype: "float32", shape: ["batch", "time", 3] },
      { name: "scale", dtype: "float32", shape: [2] },
    ]);
    expect(names.outputs).toEqual([{ name: "norm", dtype: "float32", shape: ["batch", "time", 2] }]);
    expect(names.weights).toContain("weight");
    expect(names.opsets).toEqual(new Map([["", OPSET]]));
    expect(names.nodes.map((node) => node.type)).toContain("Gemm");
    expect(names.nodes.at(-1)).toMatchObject({ type: "LayerNormalization", outputs: ["norm"] });
    const made = new Set(names.nodes.flatMap((node) => node.outputs));
    const given = new Set([...names.inputs.map((port) => port.name), ...names.weights]);
    for (const name of names.nodes.flatMap((node) => node.inputs)) expect(made.has(name) || given.has(name)).toBe(true);
  });

  test("are refused where the bytes are no model", () => {
    expect(() => namesOf(new TextEncoder().encode("not a model"))).toThrow("These bytes are not an ONNX model");
    expect(() => namesOf(new Uint8Array(0))).toThrow("they hold no graph");
    const { bytes } = lower("test", { y: x.exp() });
    expect(() => namesOf(bytes.subarray(0, bytes.length - 3))).toThrow("end too early");
  });
});

describe("weights", () => {
  const y = x.linear(weight);
  const values = Float32Array.of(1, 0, 0, 0, 2, 0);
  const feeds = { x: float([1, 2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)) };

  test("inside the model are no inputs", async () => {
    const program = lower("test", { y }, { weights: new Map([["weight", float([2, 3], values)]]) });
    expect(program.inputs.map((port) => port.name)).toEqual(["x"]);
    const id = await engine.load(program);
    const result = await engine.run([{ program: id, fetch: ["y"] }], feeds);
    expect(result["y"]!.shape).toEqual([1, 2, 2]);
    expect(Array.from(result["y"]!.data as Float32Array)).toEqual([1, 4, 4, 10]);
    await engine.unload(id);
  });

  test("beside the model are told by file, offset and length", () => {
    const weights = new Map([["weight", float([2, 3], values)]]);
    const external = { file: "model.safetensors", offsets: new Map([["weight", 4_294_967_808]]) };
    const stored = graphOf({ y }, { weights, external }).initializers!.find((tensor) => tensor.name === "weight")!;
    expect(stored).toEqual({
      name: "weight",
      dims: [2, 3],
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: "location", value: "model.safetensors" },
        { key: "offset", value: "4294967808" },
        { key: "length", value: "24" },
      ],
    });
  });

  test("are kept inside where no offset is known", () => {
    const weights = new Map([["weight", float([2, 3], values)]]);
    const graph = graphOf({ y }, { weights, external: { file: "beside", offsets: new Map() } });
    expect(graph.initializers!.find((tensor) => tensor.name === "weight")!.raw).toHaveLength(24);
  });
});

describe("sizes that are known only when the program runs", () => {
  const feeds = {
    x: float(
      [2, 5, 3],
      Float32Array.from({ length: 30 }, (_, i) => i),
    ),
  };
  async function run(y: Tensor, options?: LowerOptions): Promise<HostTensor> {
    const id = await engine.load(lower("test", { y }, options));
    const result = await engine.run([{ program: id, fetch: ["y"] }], feeds);
    await engine.unload(id);
    return result["y"]!;
  }

  test("two in one shape are computed from the inputs", async () => {
    const flat = x.transpose([1, 2, 0]).reshape([time, -1]);
    const turned = flat.unsqueeze(1).expand([time, batch, flat.dim(1)]);
    const y = await run(turned);
    expect(y.shape).toEqual([5, 2, 6]);
    expect(Array.from(y.data as Float32Array).slice(0, 6)).toEqual([0, 15, 1, 16, 2, 17]);
  });

  test("products, sums and floors of them", async () => {
    const halves = x.slice(1, 0, time, 2);
    const y = await run(halves.sizeLike().add(x.sizeLike().mul(1000)), { inputs: [x] });
    // ⌊(5 + 1) / 2⌋ · 2 · 3 elements of the halves, 30 of all.
    expect(y.data[0]).toBe(30018);
  });

  test("are read from an input whose values nobody needs, if it is named", async () => {
    const [zeros] = gradients(weight.sum(), [x]);
    await expect(run(zeros!)).rejects.toThrow('No input has an axis of size "batch"');
    const y = await run(zeros!, { inputs: [x] });
    expect(y.shape).toEqual([2, 5, 3]);
    expect(y.data.every((value) => Number(value) === 0)).toBe(true);
  });
});

describe("16-bit floats", () => {
  test.each([
    [0, 0, 0],
    [-0, 0x8000, 0x8000],
    [1, 0x3c00, 0x3f80],
    [-2, 0xc000, 0xc000],
    [65504, 0x7bff, 0x4780],
    [65520, 0x7c00, 0x4780],
    [1e39, 0x7c00, 0x7f80],
    [-Infinity, 0xfc00, 0xff80],
    [2 ** -14, 0x0400, 0x3880],
    [2 ** -24, 0x0001, 0x3380],
    // Halfway cases go to the even neighbor.
    [2 ** -25, 0x0000, 0x3300],
    [1 + 2 ** -11, 0x3c00, 0x3f80],
    [1 + 3 * 2 ** -11, 0x3c02, 0x3f80],
    [1 + 2 ** -8, 0x3c04, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3c0c, 0x3f82],
  ])("%s", (value, half, brain) => {
    expect(toFloat16(value)).toBe(half);
    expect(toBfloat16(value)).toBe(brain);
  });

  test("what is no number stays none", () => {
    expect(toFloat16(NaN) & 0x7fff).toBeGreaterThan(0x7c00);
    expect(toBfloat16(NaN) & 0x7fff).toBeGreaterThan(0x7f80);
  });
});
