import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CheckpointError, GraphError } from "../../src/errors/index.ts";
import { gradients, input } from "../../src/graph/index.ts";
import {
  embedding,
  initialValues,
  layoutOf,
  ModelParameters,
  PARAMETERS,
  Trace,
  type Parameter,
} from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { random } from "../../src/random/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";

const trace = new Trace("training");
trace.scope.at("a").parameter("bias", [5], { kind: "zeros" });
trace.scope.at("a").parameter("weight", [5, 7], { kind: "xavier" });
trace.scope.at("norm").parameter("weight", [5], { kind: "ones" });
trace.scope.at("table").parameter("weight", [40, 30], { kind: "normal", deviation: 0.5 });
const specs: readonly Parameter[] = [...trace.parameters.values()];

function valuesFor(list: readonly Parameter[]): Map<string, HostTensor> {
  return new Map(
    list.map(({ name, shape }, k) => {
      const size = shape.reduce((product, d) => product * d, 1);
      return [name, { dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, i) => i + k / 8) }];
    }),
  );
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe("the layout of parameters", () => {
  it("has matrices first, each at a multiple of 64 bytes, and none over another", () => {
    const { places, size, decayed } = layoutOf(specs);
    expect([...places.keys()]).toEqual(["a.weight", "table.weight", "a.bias", "norm.weight"]);
    let end = 0;
    for (const place of places.values()) {
      expect(place.offset % 16).toBe(0);
      expect(place.offset).toBeGreaterThanOrEqual(end);
      end = place.offset + place.size;
    }
    expect(places.get("a.bias")!.offset).toBe(decayed);
    expect(size).toBeGreaterThanOrEqual(end);
  });
});

describe("fresh parameters", () => {
  const fresh = async (seed: number, list = specs): Promise<Map<string, HostTensor>> =>
    (await ModelParameters.initialize(engine, list, seed)).read();

  it("are the seed's, name by name, whatever else the model has", async () => {
    const all = await fresh(3);
    expect(await fresh(3)).toEqual(all);
    expect((await fresh(4)).get("a.weight")).not.toEqual(all.get("a.weight"));
    const some = await fresh(3, specs.slice(2));
    for (const [name, value] of some) expect(value.data).toEqual(all.get(name)!.data);
  });

  it("follow their initializers", async () => {
    const all = await fresh(3);
    expect(all.get("a.bias")!.data).toEqual(new Float32Array(5));
    expect(all.get("norm.weight")!.data).toEqual(new Float32Array(5).fill(1));
    const generator = (): ReturnType<typeof random> => random(1, "test");
    const moments = (kind: Parameter["initial"], shape: readonly number[]): { deviation: number; largest: number } => {
      const values = initialValues({ shape, initial: kind }, generator());
      return {
        deviation: Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length),
        largest: values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0),
      };
    };
    expect(moments({ kind: "normal", deviation: 0.5 }, [100, 200]).deviation).toBeCloseTo(0.5, 2);
    const xavier = moments({ kind: "xavier" }, [100, 200]);
    expect(xavier.largest).toBeLessThanOrEqual(Math.sqrt(6 / 300));
    expect(xavier.deviation).toBeCloseTo(Math.sqrt(2 / 300), 3);
    const uniform = moments({ kind: "uniform", bound: 0.25 }, [100, 200]);
    expect(uniform.largest).toBeGreaterThan(0.249);
    expect(uniform.largest).toBeLessThanOrEqual(0.25);
    const table = { kind: "values", values: [3, 1, 2] } as const;
    expect(initialValues({ shape: [3], initial: table }, generator())).toEqual(Float32Array.of(3, 1, 2));
  });

  it("have a row of zeros for padding, and the same other rows", () => {
    const trace = new Trace("training");
    embedding(trace.scope, input("ids", "int32", [2]), 4, 3, {
      initial: { kind: "normal", deviation: 1 },
      paddingId: 1,
    });
    const [parameter] = trace.parameters.values();
    const plain = initialValues({ shape: [4, 3], initial: { kind: "normal", deviation: 1 } }, random(1, "test"));
    expect(initialValues(parameter!, random(1, "test"))).toEqual(plain.fill(0, 3, 6));
  });
});

describe("fixed parameters", () => {
  it("get no gradient, and lie behind what decays", () => {
    const trace = new Trace("training");
    const table = trace.scope.fixed("table", [2, 3], { kind: "ones" });
    const weight = trace.scope.parameter("weight", [2, 3], { kind: "ones" });
    const targets = [...trace.parameters.values()].map(({ tensor }) => tensor);
    const [ofTable, ofWeight] = gradients(table.mul(weight).sum(), targets);
    expect(ofTable!.node.op.name).toBe("full");
    expect(ofWeight!.node.op.name).not.toBe("full");
    const { places, decayed } = layoutOf([...trace.parameters.values()]);
    expect(places.get("table")!.offset).toBe(decayed);
    expect(places.get("weight")!.offset).toBe(0);
  });
});

describe("given parameters", () => {
  it("come back by name, whatever their order", async () => {
    const values = valuesFor(specs);
    const parameters = await ModelParameters.fromValues(engine, specs, new Map([...values].reverse()));
    const read = await parameters.read();
    for (const [name, value] of values) expect(read.get(name)).toEqual(value);
    await parameters.write(
      new Map([...values].map(([name, value]) => [name, { ...value, data: value.data.map(() => 2 as never) }])),
    );
    expect((await parameters.read()).get("a.bias")!.data).toEqual(new Float32Array(5).fill(2));
    expect((await engine.read(PARAMETERS)).data).toHaveLength(parameters.layout.size);
  });

  it("that are missing, misshapen, of another dtype or unknown are all named", async () => {
    const values = valuesFor(specs);
    values.delete("a.weight");
    values.set("a.bias", { dtype: "float32", shape: [6], data: new Float32Array(6) });
    values.set("norm.weight", { dtype: "int32", shape: [5], data: new Int32Array(5) });
    values.set("lm_head.weight", { dtype: "float32", shape: [1], data: new Float32Array(1) });
    const refusal = ModelParameters.fromValues(engine, specs, values);
    await expect(refusal).rejects.toThrow(CheckpointError);
    await expect(refusal).rejects.toThrow(
      [
        "The weights do not fit the model that the config describes:",
        "  missing: a.weight [5, 7]",
        "  wrong shape: a.bias is [6], expected [5]",
        "  wrong dtype: norm.weight is int32, expected float32",
        "  not part of the model: lm_head.weight",
      ].join("\n"),
    );
  });

  it("that come one after the other are checked as well", async () => {
    const values = valuesFor(specs);
    const stream = async function* (left: number): AsyncGenerator<readonly [string, HostTensor]> {
      for (const entry of [...values].slice(0, left)) yield await Promise.resolve(entry);
    };
    const parameters = await ModelParameters.fromStream(engine, specs, stream(4));
    for (const [name, value] of await parameters.read()) expect(value).toEqual(values.get(name));
    await expect(ModelParameters.fromStream(engine, specs, stream(3))).rejects.toThrow(
      `missing: ${[...values.keys()][3]!}`,
    );
    values.set("a.weight", { dtype: "float32", shape: [7, 5], data: new Float32Array(35) });
    await expect(ModelParameters.fromStream(engine, specs, stream(4))).rejects.toThrow("a.weight is [7, 5]");
  });

  it("of quite another model are counted after the first ten", async () => {
    const values = new Map([...Array(15).keys()].map((i) => [`x${i}`, valuesFor(specs).get("a.bias")!]));
    await expect(ModelParameters.fromValues(engine, specs, values)).rejects.toThrow(
      /missing: a\.bias \[5\](\n.*){9}\n {2}and 9 more$/,
    );
  });
});

describe("a scope", () => {
  it("gives one tensor for one name, and refuses another shape", () => {
    const { scope } = new Trace("forward");
    const weight = scope.at("layers", 3).parameter("weight", [2, 3], { kind: "ones" });
    expect(scope.at("layers.3").parameter("weight", [2, 3], { kind: "ones" })).toBe(weight);
    const again = (): unknown => scope.at("layers", 3).parameter("weight", [3, 2], { kind: "ones" });
    expect(again).toThrow(GraphError);
    expect(again).toThrow(/layers\.3\.weight has the shape \[2, 3\]; a second use asks for \[3, 2\]/);
  });
});
