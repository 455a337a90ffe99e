import { describe, expect, test } from "vitest";
import { GraphError } from "../../src/errors/index.ts";
import { dimension, gradients, input, type Tensor } from "../../src/graph/index.ts";
import { decodeMessage, lower, peakOf } from "../../src/onnx/index.ts";
import { sizedGraph } from "../../src/onnx/sizes.ts";
import golden from "../graph/golden/ops.json" with { type: "json" };
import { inputsOf, type GoldenSize } from "../graph/op-inputs.ts";
import { samples } from "../graph/op-samples.ts";

const n = dimension("n");
const sizes = (count: number): ReadonlyMap<string, number> => new Map([["n", count]]);
const x = input("x", "float32", [n, 25]);
const peak = (y: Tensor, count = 10): number => peakOf(lower("test", { y }), sizes(count)).bytes;

describe("the peak of inner results", () => {
  test("adds up what lives together; inputs and outputs are the caller's", () => {
    // 10 × 25 float32 are 1,000 bytes: e alone, then e and its negative, then both and their product.
    const e = x.exp();
    expect(peak(e.sum())).toBe(1000);
    expect(peak(e.mul(e.neg()).sum())).toBe(3000);
    // The product's operands are gone when its own negative is made.
    expect(peak(e.mul(e.neg()).neg().sum())).toBe(3000);
    expect(peak(x.neg())).toBe(0);
  });

  test("grows with the sizes, and names the node where it is reached", () => {
    const program = lower("test", { y: x.exp().mul(x.neg()).sum() });
    expect(peakOf(program, sizes(1000))).toEqual({ bytes: 300_000, at: expect.stringMatching(/^Mul_/) as string });
  });

  test("counts other types by their size, and a view of a result not at all", () => {
    expect(peak(x.greater(0).cast("float32").sum())).toBe(250 + 1000);
    // Two sums of 4 bytes beside the one result that both read.
    const e = x.exp();
    expect(peak(e.reshape([-1, 5]).sum().add(e.sum()))).toBeLessThanOrEqual(1008);
  });

  test("keeps a result that is seen under another shape as long as the view", () => {
    // e, its negative, and what becomes of that, while e's view is still to be read.
    const e = x.exp();
    const view = e.reshape([-1, 5]);
    const late = e.neg().neg().reshape([-1, 5]);
    expect(peak(late.mul(view).sum())).toBe(3000);
  });

  test("needs a value for each named size", () => {
    expect(() => peakOf(lower("test", { y: x.exp().sum() }), new Map())).toThrow(GraphError);
  });
});

describe("the order of nodes", () => {
  const LAYERS = 8;
  const weights = Array.from({ length: LAYERS }, (_, i) => input(`w${i}`, "float32", [25, 25]));
  const hidden = weights.reduce((h, w) => h.linear(w).tanh(), x);
  const loss = hidden.mul(hidden).mean();
  const training = lower("training", {
    loss,
    // Asked for from the first layer on, whose gradient comes last.
    ...Object.fromEntries(gradients(loss, weights).map((g, i) => [`g${i}`, g])),
  });

  test("computes each layer's weight gradient when its operands are there, so that they can go", () => {
    // One result of each layer is kept for the backward pass; four more live while one layer is worked on.
    const results = peakOf(training, sizes(1000)).bytes / (1000 * 25 * 4);
    expect(results).toBeGreaterThan(LAYERS);
    expect(results).toBeLessThanOrEqual(LAYERS + 4.1);
  });

  test("takes transposed matrices into their products", () => {
    const nodes = decodeMessage("Model", training.bytes).graph!.nodes!;
    expect(nodes.filter(({ type }) => type === "Transpose")).toEqual([]);
    expect(nodes.filter(({ attributes = [] }) => attributes.some(({ name }) => name === "transA"))).toHaveLength(
      LAYERS,
    );
  });
});

describe("sizes of results", () => {
  const entries = Object.entries(golden.samples as unknown as Record<string, Record<"tiny" | "large", GoldenSize>>);

  test.each(entries)("%s", (name, { tiny, large }) => {
    for (const { inputs, shape } of [tiny, large]) {
      const named = new Map<string, number>();
      for (const spec of inputs) spec.names?.forEach((axis, i) => axis !== null && named.set(axis, spec.shape[i]!));
      const result = samples[name]!(...inputsOf(inputs));
      const program = lower(name, { result }, { inputs: inputsOf(inputs) });
      expect(sizedGraph(program, named).sizes.get("result")).toMatchObject({ dtype: result.dtype, dims: shape });
    }
  });

  test("of a gradient through every kind of layer have a rule, too", () => {
    const ids = input("ids", "int32", [n]);
    const table = input("table", "float32", [300, 25]);
    const rows = table.gather(ids);
    const norm = rows.layerNorm(input("w", "float32", [25]), input("b", "float32", [25]), 1e-5).gelu();
    const loss = norm.linear(table).crossEntropy(ids, { labelSmoothing: 0.1 }).mean();
    const [byTable] = gradients(loss, [table]);
    expect(sizedGraph(lower("test", { g: byTable! }), sizes(40)).sizes.get("g")!.dims).toEqual([300, 25]);
  });
});
