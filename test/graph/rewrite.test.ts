import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  dimension,
  gradients,
  input,
  lossWithLogits,
  nodesOf,
  rewrite,
  type RewriteRule,
  type Tensor,
} from "../../src/graph/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { evaluate } from "./evaluate.ts";
import { valuesOf, type InputSpec } from "./op-inputs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false });
});
afterAll(() => engine.dispose());

const opsOf = (tensor: Tensor): string[] => nodesOf([tensor]).map(({ op }) => op.name);

/** What a rule is tried on: a loss as a function of inputs. */
interface Case {
  readonly rule: RewriteRule;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly loss: (inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** An op that is there only where the rule applied. */
  readonly becomes: string;
}

const float = (...shape: number[]): InputSpec => ({ dtype: "float32", shape });
const named = (spec: InputSpec, ...names: (string | null)[]): InputSpec => ({ ...spec, names });

/** The loss and its gradients by all float inputs, with and without the rules. */
async function expectEqual({ rule, inputs, loss, becomes }: Case): Promise<void> {
  const symbols = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, names }]) => [
      name,
      input(
        name,
        dtype,
        shape.map((d, i) => (names?.[i] == null ? d : dimension(names[i]))),
      ),
    ]),
  );
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, spec], i) => [name, valuesOf(spec, i)]));
  const floats = Object.values(symbols).filter(({ dtype }) => dtype === "float32");
  const before = loss(symbols);
  const after = rewrite([before], [rule])[0]!;
  expect(opsOf(before)).not.toContain(becomes);
  expect(opsOf(after)).toContain(becomes);
  const all = (value: Tensor): Record<string, Tensor> => ({
    loss: value,
    ...Object.fromEntries(gradients(value, floats).map((gradient, i) => [`gradient ${i}`, gradient])),
  });
  const [expected, got] = [await evaluate(engine, all(before), feeds), await evaluate(engine, all(after), feeds)];
  for (const [name, values] of Object.entries(expected)) {
    const scale = Math.hypot(...values) + 1e-6;
    expect(Math.hypot(...values.map((v, i) => v - got[name]![i]!)) / scale, name).toBeLessThan(2e-6);
  }
}

const rows = (names: (string | null)[] = []): Case["inputs"] => ({
  x: named(float(3, 7, 8), ...names),
  w: float(2500, 8),
  t: named({ dtype: "int32", shape: [3, 7], low: -500, high: 2500 }, ...names),
});

describe("each rewrite leaves the loss and every gradient as they were", () => {
  it.each<[string, Case]>([
    [
      "loss with logits",
      {
        rule: lossWithLogits,
        inputs: rows(["batch", "time"]),
        loss: ({ x, w, t }) =>
          x!
            .linear(w!)
            .reshape([-1, 2500])
            .crossEntropy(t!.reshape([-1]))
            .mean(),
        becomes: "linearCrossEntropy",
      },
    ],
    [
      "loss with logits, smoothed, with a bias and a weight for each row",
      {
        rule: lossWithLogits,
        inputs: { ...rows(), b: float(2500), weight: float(21) },
        loss: ({ x, w, t, b, weight }) =>
          x!
            .linear(w!, b)
            .reshape([21, 2500])
            .crossEntropy(t!.reshape([21]), { labelSmoothing: 0.1 })
            .mul(weight!)
            .sum(),
        becomes: "linearCrossEntropy",
      },
    ],
  ])("%s", (_, example) => expectEqual(example));
});

describe("a rewrite does not apply", () => {
  const [x, w] = [input("x", "float32", [4, 8]), input("w", "float32", [2500, 8])];
  const t = input("t", "int32", [4]);

  it.each<[string, (logits: Tensor) => Tensor]>([
    ["where others read the logits", (logits) => logits.crossEntropy(t).sum().add(logits.max())],
    [
      "where there are few classes",
      () =>
        x
          .linear(input("few", "float32", [9, 8]))
          .crossEntropy(t)
          .sum(),
    ],
    ["where the logits are changed on the way", (logits) => logits.tanh().crossEntropy(t).sum()],
  ])("%s", (_, build) => {
    const loss = build(x.linear(w));
    expect(rewrite([loss], [lossWithLogits])[0]).toBe(loss);
  });
});

describe("rewriting", () => {
  const x = input("x", "float32", [4]);

  it("keeps the nodes above the first change, and makes those below anew", () => {
    const doubled: RewriteRule = {
      name: "exp becomes 2 x",
      apply: (node, { now }) => (node.op.name === "exp" ? [now(node.inputs[0]!).scale(2)] : undefined),
    };
    const sine = x.sin();
    const [after] = rewrite([sine.exp().cos()], [doubled]);
    expect(opsOf(after!)).toEqual(["input", "sin", "constant", "mul", "cos"]);
    expect(nodesOf([after!])).toContain(sine.node);
  });

  it("follows several outputs of a node", () => {
    const [first, second] = x.split(0, [1, 3]) as [Tensor, Tensor];
    const [sum] = rewrite(
      [first.add(second.sum())],
      [
        {
          name: "sin first",
          apply: (node, { now }) =>
            node.op.name === "split" ? now(node.inputs[0]!).sin().split(0, [1, 3]) : undefined,
        },
      ],
    );
    expect(opsOf(sum!)).toContain("sin");
  });
});
