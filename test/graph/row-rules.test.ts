import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addDimensions,
  constant,
  dimension,
  floorDivideDimension,
  input,
  iota,
  multiplyDimensions,
  namesIn,
  nodesOf,
  rewrite,
  rowRules,
  showShape,
  sized,
  type Tensor,
} from "../../src/graph/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { evaluate } from "./evaluate.ts";
import { valuesOf, type InputSpec } from "./op-inputs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const [B, T] = [dimension("batch"), dimension("time")];
const specs: Readonly<Record<string, InputSpec>> = {
  x: { dtype: "float32", shape: [2, 3, 4] },
  w: { dtype: "float32", shape: [4, 4] },
  b: { dtype: "float32", shape: [4] },
};
const [x, w, b] = [input("x", "float32", [B, T, 4]), input("w", "float32", [4, 4]), input("b", "float32", [4])];
const feeds = Object.fromEntries(Object.entries(specs).map(([name, spec], i) => [name, valuesOf(spec, i)]));

const operandsOf = (tensor: Tensor, name: string): string[] =>
  nodesOf([tensor])
    .filter(({ op }) => op.name === name)
    .map(({ inputs }) => showShape(inputs[0]!.shape));

describe("rules for rows leave the numbers as they were", () => {
  it.each<[string, Tensor, string, string[]]>([
    ["product of rows", x.linear(w, b), "linear", ["[batch·time, 4]"]],
    ["sum of rows", x.add(x.linear(w, b)), "add", ["[batch·time, 4]"]],
    ["sum of rows, the view in front", x.linear(w, b).add(x), "add", ["[batch·time, 4]"]],
    ["sum of one row for all: as it was", x.linear(w).add(b), "add", ["[batch, time, 4]"]],
    ["LayerNorm of rows", x.linear(w).layerNorm(b, undefined, 1e-5), "layerNorm", ["[batch·time, 4]"]],
    ["RMSNorm of rows", x.linear(w).rmsNorm(b, 1e-5), "rmsNorm", ["[batch·time, 4]"]],
    ["norm of what is no view of rows", x.layerNorm(b, b, 1e-5), "layerNorm", ["[batch, time, 4]"]],
    ["view of view", x.linear(w).reshape([B, T, 2, 2]), "reshape", ["[batch, time, 4]", "[batch·time, 4]"]],
    ["sum with nothing", x.add(constant([0], [1, 1, 1])), "add", []],
    ["sum with something", x.add(constant([2], [1, 1, 1])), "add", ["[batch, time, 4]"]],
    ["sum with nothing that stretches", b.add(constant([0], [1, 1])), "add", ["[4]"]],
  ])("%s", async (_, before, op, operands) => {
    const after = rewrite([before], rowRules)[0]!;
    expect(showShape(after.shape)).toBe(showShape(before.shape));
    expect(operandsOf(after, op)).toEqual(operands);
    const { written, rewritten } = await evaluate(engine, { written: before, rewritten: after }, feeds);
    expect([...rewritten]).toEqual([...written]);
  });

  it("sees a chain of residual layers as rows from end to end", () => {
    const layer = (y: Tensor): Tensor =>
      y.add(y.layerNorm(b, b, 1e-5).linear(w, b).relu().reshape([B, T, 4]).linear(w));
    const after = rewrite([layer(layer(x))], rowRules)[0]!;
    expect(operandsOf(after, "add")).toEqual(["[batch·time, 4]", "[batch·time, 4]"]);
  });
});

describe("sizes that are known", () => {
  it("stand in the shapes of what is made meanwhile, in sums, products and quotients, too", () => {
    const both = addDimensions(multiplyDimensions(T, B), floorDivideDimension(addDimensions(T, 4), 3));
    const [inside, other] = sized(new Map([["time", 1]]), () => [input("y", "float32", [B, T, both]), iota(T)]);
    expect(showShape(inside.shape)).toBe("[batch, 1, batch + 1]");
    expect(showShape(other.shape)).toBe("[1]");
    expect(showShape(input("y", "float32", [B, T]).shape)).toBe("[batch, time]");
    expect(namesIn(both).sort()).toEqual(["batch", "time", "time"]);
  });

  it("make a view of a transposition that moves only axes of size 1", async () => {
    const y = input("y", "float32", [B, 1, 3, 2]);
    const moved = y.swap(1, 2);
    expect(moved.node.op.name).toBe("reshape");
    expect(showShape(moved.shape)).toBe("[batch, 3, 1, 2]");
    expect(y.swap(2, 3).node.op.name).toBe("transpose");
    expect(y.swap(1, 3).node.op.name).toBe("transpose");
    const values = valuesOf({ dtype: "float32", shape: [2, 1, 3, 2] }, 5);
    const { out } = await evaluate(engine, { out: moved }, { y: values });
    expect([...out]).toEqual([...values.data]);
  });
});
