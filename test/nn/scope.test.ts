/** Rules that a caller lays over models which know nothing of them. */
import { describe, expect, it } from "vitest";
import { input, printGraph, type Tensor } from "../../src/graph/index.ts";
import { linear, Trace, type Scope } from "../../src/nn/index.ts";

const x = (): Tensor => input("x", "float32", [2, 3]);
/** A layer that publishes what it gives, and another on top. */
const model = (scope: Scope): Tensor => {
  const hidden = scope.publish("hidden", linear(scope.at("first"), x(), 4));
  return linear(scope.at("second"), hidden, 1);
};

describe("rules of a scope", () => {
  it("freeze parameters by name, those of scopes below too, and never thaw what a model holds fixed", () => {
    const trace = new Trace("training");
    trace.run((scope) => {
      scope
        .at("table")
        .with({ trained: () => true })
        .fixed("values", [2]);
      return model(scope.at("teacher").with({ trained: () => false })).add(model(scope.at("student")));
    });
    const trained = [...trace.parameters.values()].filter((parameter) => parameter.trained).map(({ name }) => name);
    expect(trained).toEqual(
      ["first", "second"].flatMap((layer) => [`student.${layer}.weight`, `student.${layer}.bias`]),
    );
    expect(trace.parameters.get("table.values")!.trained).toBe(false);
  });

  it("let two models share parameters, which must have one shape", () => {
    const trace = new Trace("training");
    const rename = (path: string): string => path.replace(/^[ab]\.first\./, "shared.");
    trace.run((scope) => model(scope.at("a").with({ rename })).add(model(scope.at("b").with({ rename }))));
    expect([...trace.parameters.keys()]).toEqual([
      ...["shared.weight", "shared.bias"],
      ...["a.second.weight", "a.second.bias", "b.second.weight", "b.second.bias"],
    ]);
    const clash = (scope: Scope): Tensor => {
      const all = scope.with({ rename: () => "one" });
      linear(all.at("a"), x(), 4, { bias: false });
      return linear(all.at("b"), x(), 5, { bias: false });
    };
    expect(() => new Trace("training").run(clash)).toThrow("The parameter one has the shape");
  });

  it("change what linear layers give, each with its own path, the innermost first", () => {
    const seen: string[] = [];
    const adapt = (times: number) => (scope: Scope, _: Tensor, y: Tensor) => {
      seen.push(`${scope.path} ${times}`);
      return scope.path.endsWith("second") ? y.mul(times) : y;
    };
    const y = new Trace("forward").run((scope) =>
      model(
        scope
          .with({ adapt: adapt(2) })
          .at("m")
          .with({ adapt: adapt(3) }),
      ),
    );
    expect(seen).toEqual(["m.first 3", "m.first 2", "m.second 3", "m.second 2"]);
    expect(printGraph({ y })).toMatchInlineSnapshot(`
      "$x: float32[2, 3] = input()
      $m.first.weight: float32[4, 3] = input()
      $m.first.bias: float32[4] = input()
      %3: float32[2, 4] = linear($x, $m.first.weight, $m.first.bias) {layout: out-in}
      $m.second.weight: float32[1, 4] = input()
      $m.second.bias: float32[1] = input()
      %6: float32[2, 1] = linear(%3, $m.second.weight, $m.second.bias) {layout: out-in}
      %7: float32[] = constant() {values: [3], shape: []}
      %8: float32[2, 1] = mul(%6, %7)
      %9: float32[] = constant() {values: [2], shape: []}
      %10: float32[2, 1] = mul(%8, %9)
      return y = %10"
    `);
  });

  it("put other tensors in place of published ones, and publish under other names", () => {
    const trace = new Trace("forward");
    const y = trace.run((scope) =>
      model(
        scope.with({
          instead: (name, tensor) => (name === "hidden" ? tensor.slice(0, 0, 1) : tensor),
          publishAs: (name) => `teacher.${name}`,
        }),
      ),
    );
    expect([...trace.records.keys()]).toEqual(["teacher.hidden"]);
    expect(trace.records.get("teacher.hidden")!.shape).toEqual([1, 4]);
    expect(y.shape).toEqual([1, 1]);
  });
});
