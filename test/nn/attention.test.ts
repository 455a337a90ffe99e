import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors/index.ts";
import { concat, constant, dimension, gradients, input, nodesOf, type Tensor } from "../../src/graph/index.ts";
import { attend, attendCausally, attention, causalMask, MASKED, paddingMask, Trace } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { compute, drawnParameters, floats, ids, relativeDistance } from "../models/programs.ts";

const WIDTH = 6;
const HEADS = 2;
const batch = dimension("batch");
const time = dimension("time");

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

type Matrix = number[][];
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const softmax = (row: number[]): number[] => {
  const powers = row.map((value) => Math.exp(value - Math.max(...row)));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
};

describe("attention", () => {
  it("lets neighboring heads share keys and values as if these were repeated, in gradients too", async () => {
    const draw = (heads: number, phase: number): Tensor =>
      constant(
        Float32Array.from({ length: 2 * heads * 3 * 4 }, (_, i) => Math.sin(i * i + phase)),
        [2, heads, 3, 4],
      );
    const repeated = (x: Tensor): Tensor => {
      const [first, second] = x.split(1, [1, 1]);
      return concat([first!, first!, first!, second!, second!, second!], 1);
    };
    const [query, key, value] = [draw(6, 1), draw(2, 2), draw(2, 3)];
    const scope = new Trace("forward").scope;
    const shared = attend(scope, query, key, value, {});
    const whole = attend(scope, query, repeated(key), repeated(value), {});
    const slopes = [shared, whole].map((x) => gradients(x.mul(x).sum(), [query, key, value]));
    const outputs = {
      shared,
      whole,
      ...Object.fromEntries(slopes.flatMap((of, i) => of.map((x, j) => [`${i}${j}`, x]))),
    };
    const results = await compute(engine, outputs, {});
    for (const [one, other] of [
      ["shared", "whole"],
      ["00", "10"],
      ["01", "11"],
      ["02", "12"],
    ] as const) {
      expect(results[one]!.shape).toEqual(results[other]!.shape);
      expect(relativeDistance(floats(results[one]), floats(results[other]))).toBeLessThan(1e-6);
    }
  });

  it("is softmax(Q Kᵀ / √K) V head by head, worked out in plain numbers", async () => {
    const trace = new Trace("forward");
    const x = input("x", "float32", [batch, time, WIDTH]);
    const output = attention(trace.scope, x, { heads: HEADS });
    const values = drawnParameters(trace);
    const rows: Matrix = [0, 1, 2].map((t) => Array.from({ length: WIDTH }, (_, i) => Math.sin(5 * t + 2 * i)));
    const feeds = { x: { dtype: "float32" as const, shape: [1, 3, WIDTH], data: Float32Array.from(rows.flat()) } };
    const results = await compute(engine, { output }, { ...feeds, ...Object.fromEntries(values) });

    const project = (name: string, from: Matrix): Matrix => {
      const [weight, bias] = [floats(values.get(`${name}.weight`)), floats(values.get(`${name}.bias`))];
      const matrix = Array.from({ length: WIDTH }, (_, i) => [...weight.subarray(i * WIDTH, (i + 1) * WIDTH)]);
      return product(from, transposed(matrix)).map((row) => row.map((value, i) => value + bias[i]!));
    };
    const [query, key, value] = ["q_proj", "k_proj", "v_proj"].map((name) => project(name, rows)) as [
      Matrix,
      Matrix,
      Matrix,
    ];
    const size = WIDTH / HEADS;
    const joined: Matrix = rows.map(() => []);
    for (let head = 0; head < HEADS; head++) {
      const part = (of: Matrix): Matrix => of.map((row) => row.slice(head * size, (head + 1) * size));
      const scores = product(part(query), transposed(part(key))).map((row) => row.map((s) => s / Math.sqrt(size)));
      for (const [t, row] of product(scores.map(softmax), part(value)).entries()) joined[t]!.push(...row);
    }
    for (const [i, expected] of project("out_proj", joined).flat().entries()) {
      expect(floats(results["output"])[i]).toBeCloseTo(expected, 5);
    }
  });

  it("needs a width that divides into the heads", () => {
    const x = input("x", "float32", [batch, time, WIDTH]);
    const asked = (): unknown => attention(new Trace("forward").scope, x, { heads: 4 });
    expect(asked).toThrow(GraphError);
    expect(asked).toThrow(/a width of 6 does not divide into 4 heads/);
  });
});

describe("masks", () => {
  it("hide padding, and the future", async () => {
    const tokens = input("ids", "int32", [batch, time]);
    const feeds = { ids: ids([5, 0, 7], [0, 0, 3]) };
    const masks = { padding: paddingMask(tokens, 0), future: causalMask(time), later: causalMask(time, 2) };
    const results = await compute(engine, { ...masks, sum: tokens.cast("float32").sum() }, feeds);
    expect(results["padding"]!.shape).toEqual([2, 1, 1, 3]);
    expect([...floats(results["padding"])]).toEqual([0, MASKED, 0, MASKED, MASKED, 0]);
    expect([...floats(results["future"])]).toEqual([0, MASKED, MASKED, 0, 0, MASKED, 0, 0, 0]);
    expect(results["later"]!.shape).toEqual([1, 1, 3, 5]);
    expect([...floats(results["later"])]).toEqual([
      ...[0, 0, 0, MASKED, MASKED],
      ...[0, 0, 0, 0, MASKED],
      ...[0, 0, 0, 0, 0],
    ]);
  });

  it("over everything leave weights that are finite and even, also beside large scores", async () => {
    const scores = input("scores", "float32", [2, 3]);
    const data = Float32Array.of(1, 2, 3, -1e6, 1e6, 0);
    const { weights } = await compute(
      engine,
      { weights: scores.add(constant([MASKED], [])).softmax() },
      { scores: { dtype: "float32", shape: [2, 3], data } },
    );
    for (const weight of floats(weights)) expect(weight).toBeCloseTo(1 / 3, 6);
  });
});

describe("attention that does not see the future", () => {
  const LONG = 150;
  const operands = (): Tensor[] => ["q", "k", "v"].map((name) => input(name, "float32", [batch, HEADS, LONG, 3]));

  it("gives the same by blocks, and the same gradients, without the hidden scores", async () => {
    const outcome = (kind: "training" | "forward"): { outputs: Record<string, Tensor>; scores: number } => {
      const inputs = operands();
      const [query, key, value] = inputs as [Tensor, Tensor, Tensor];
      const context = attendCausally(new Trace(kind).scope, query, key, value, {});
      const slopes = gradients(context.sin().sum(), inputs);
      const wide = nodesOf([context])
        .filter(({ op }) => op.name === "softmax")
        .map(({ outputs: [y] }) => y!);
      const scores = wide.reduce((sum, y) => sum + y.fixed(-1) * y.fixed(-2), 0);
      return { outputs: { context, ...Object.fromEntries(slopes.map((slope, i) => [`slope ${i}`, slope])) }, scores };
    };
    const feeds = Object.fromEntries(
      ["q", "k", "v"].map((name, seed) => {
        const data = Float32Array.from({ length: 2 * HEADS * LONG * 3 }, (_, i) => Math.sin(i * (seed + 1.7)));
        return [name, { dtype: "float32" as const, shape: [2, HEADS, LONG, 3], data }];
      }),
    );
    const [whole, blocks] = [outcome("forward"), outcome("training")];
    expect(blocks.scores).toBeLessThan(0.76 * whole.scores);
    const [expected, got] = [await compute(engine, whole.outputs, feeds), await compute(engine, blocks.outputs, feeds)];
    for (const name of Object.keys(expected)) {
      expect(relativeDistance(floats(got[name]), floats(expected[name])), name).toBeLessThan(1e-6);
    }
  });

  it("takes a short text whole", () => {
    const [query, key, value] = ["q", "k", "v"].map((name) => input(name, "float32", [batch, HEADS, 127, 3]));
    const context = attendCausally(new Trace("training").scope, query!, key!, value!, {});
    expect(nodesOf([context]).filter(({ op }) => op.name === "softmax")).toHaveLength(1);
  });
});
