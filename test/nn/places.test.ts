/** Nodes bear the place in the model where they were made, and what is computed does not depend on it. */
import { describe, expect, it } from "vitest";
import { gradients, input, type Tensor } from "../../src/graph/index.ts";
import { lower, namesOf } from "../../src/onnx/index.ts";
import { linear, Trace, type Scope } from "../../src/nn/index.ts";

const model = (scope: Scope): Tensor => {
  const x = input("x", "float32", [2, 3]);
  const inner = linear(scope.at("first"), x.exp(), 4).tanh();
  const outer = linear(scope.at("layers", 1, "second"), inner, 5);
  scope.at("loss").enter();
  return outer.mul(outer).sum();
};
const nodes = (outputs: Record<string, Tensor>) => namesOf(lower("test", outputs).bytes).nodes;
const places = (outputs: Record<string, Tensor>): string[] =>
  nodes(outputs).map(({ name, type }) => `${name.replace(/\/?[^/]*$/, "")}: ${type}`);

describe("names of nodes", () => {
  it("begin with the path of the scope that was used last", () => {
    expect(places({ y: new Trace("forward").run(model) })).toEqual([
      ": Exp",
      "first: Gemm",
      "first: Tanh",
      "layers.1.second: Gemm",
      "loss: Mul",
      "loss: ReduceSum",
    ]);
  });

  it("say of what a gradient rule makes whose gradient it is", () => {
    const trace = new Trace("training");
    const loss = trace.run(model);
    const [gradient] = gradients(loss, [trace.parameters.get("first.weight")!.tensor]);
    const found = new Set(places({ gradient: gradient! }).map((place) => place.split(":")[0]!));
    expect([...found].filter((place) => place.endsWith("backward")).sort()).toEqual([
      "first/backward",
      "layers.1.second/backward",
      "loss/backward",
    ]);
  });

  it("are only a kind and a number outside of a trace, also after one that failed", () => {
    const failing = (scope: Scope): Tensor => {
      scope.at("deep").parameter("weight", [1], { kind: "zeros" });
      throw new Error("on purpose");
    };
    expect(() => new Trace("forward").run(failing)).toThrow("on purpose");
    new Trace("forward").scope.at("elsewhere").record("x", input("x", "float32", [1]));
    expect(nodes({ y: input("x", "float32", [1]).exp() }).map(({ name }) => name)).toEqual(["Exp_0"]);
  });

  it("are unique, and do not keep equal nodes apart", () => {
    const twice = (scope: Scope): Tensor => {
      const x = input("x", "float32", [2]);
      scope.at("a").enter();
      const first = x.exp();
      scope.at("b").enter();
      return first.add(x.exp());
    };
    expect(places({ y: new Trace("forward").run(twice) })).toEqual(["a: Exp", "b: Add"]);
    const trace = new Trace("training");
    const loss = trace.run(model);
    const targets = [...trace.parameters.values()].map(({ tensor }) => tensor);
    const all = nodes(Object.fromEntries(gradients(loss, targets).map((tensor, i) => [`g${i}`, tensor])));
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(8);
  });
});
