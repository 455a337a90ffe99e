import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dimension, gradients, input, nodesOf, type Tensor } from "../../src/graph/index.ts";
import { lower, peakOf } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { evaluate } from "./evaluate.ts";
import { valuesOf } from "./op-inputs.ts";

const rows = dimension("rows");
const WIDTH = 6;
const LAYERS = 10;
const x = input("x", "float32", [rows, WIDTH]);
const weights = Array.from({ length: LAYERS }, (_, i) => input(`w${i}`, "float32", [WIDTH, WIDTH]));
const norms = weights.map((_, i) => input(`norm${i}`, "float32", [WIDTH]));
// Read by all layers, from no checkpoint: what is shared stays.
const shift = input("shift", "float32", [WIDTH]).exp();

/** Each layer's end is its LayerNorm, whose statistics the gradient reads, too. */
const ends: Tensor[] = [];
const result = weights.reduce((h, w, i) => {
  const end = h.add(h.linear(w).gelu().add(shift)).layerNorm(norms[i]!, undefined, 1e-5);
  ends.push(end);
  return end;
}, x);
const loss = result.mul(result.exp()).mean();
const targets = [...weights, ...norms, x];

const outputsOf = (checkpoints: readonly Tensor[]): Record<string, Tensor> => ({
  loss,
  ...Object.fromEntries(gradients(loss, targets, { checkpoints }).map((g, i) => [`g${i}`, g])),
});
const feeds = Object.fromEntries(
  [...targets, input("shift", "float32", [WIDTH])].map(({ node, shape }, i) => {
    const { name } = node.attributes as { name: string };
    return [name, valuesOf({ dtype: "float32", shape: shape.map((d) => (typeof d === "number" ? d : 5)) }, i)];
  }),
);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

describe("recomputation", () => {
  test("gives the same loss and gradients, to the bit", async () => {
    expect(await evaluate(engine, outputsOf(ends), feeds)).toEqual(await evaluate(engine, outputsOf([]), feeds));
  });

  test("computes again what lies inside a segment, and neither its end nor what others read", () => {
    const count = (checkpoints: readonly Tensor[], name: string): number =>
      nodesOf(Object.values(outputsOf(checkpoints))).filter(({ op }) => op.name === name).length;
    expect(count([], "gelu")).toBe(LAYERS);
    expect(count(ends, "gelu")).toBe(2 * LAYERS);
    // The shift and the loss's own exponential are kept.
    expect(count(ends, "exp")).toBe(count([], "exp"));
  });

  test("does not begin before the gradient has come down to the segment", () => {
    const nodes = nodesOf(Object.values(outputsOf(ends)));
    const waiting = nodes.filter(({ op }) => op.name === "after");
    expect(waiting.length).toBeGreaterThan(0);
    for (const { inputs } of waiting) {
      // Every signal is a gradient: it depends on the loss's own part of the graph.
      expect(nodesOf([inputs[1]!]).some(({ outputs }) => outputs.includes(result))).toBe(true);
    }
  });

  test("takes less memory, and survives the merging of equal nodes", () => {
    const peak = (checkpoints: readonly Tensor[]): number =>
      peakOf(lower("test", outputsOf(checkpoints)), new Map([["rows", 1000]])).bytes;
    // One result a layer is kept instead of 3⅓.
    expect(peak(ends)).toBeLessThan(0.6 * peak([]));
  });

  test("without a checkpoint changes nothing", () => {
    const bytes = lower("test", outputsOf([])).bytes;
    const named = Object.fromEntries(gradients(loss, targets).map((g, i) => [`g${i}`, g]));
    expect(lower("test", { loss, ...named }).bytes).toEqual(bytes);
  });
});
