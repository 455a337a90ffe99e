import { describe, expect, test } from "vitest";
import { GraphError } from "../../src/errors/index.ts";
import {
  concat,
  constant,
  dimension,
  full,
  gradients,
  input,
  nodesOf,
  printGraph,
  verifyGraph,
  Tensor,
} from "../../src/graph/index.ts";
import { defineOp } from "../../src/graph/op.ts";

const [batch, time] = [dimension("batch"), dimension("time")];
const x = input("x", "float32", [batch, time, 8]);
const w = input("w", "float32", [4, 8]);
const b = input("b", "float32", [4]);

describe("the printer", () => {
  test("writes one node a line, operands first", () => {
    const scores = x.linear(w, b).reshape([-1, 4]).softmax();
    expect(printGraph({ scores, loss: scores.max(-1).mean() })).toMatchInlineSnapshot(`
      "$x: float32[batch, time, 8] = input()
      $w: float32[4, 8] = input()
      $b: float32[4] = input()
      %3: float32[batch, time, 4] = linear($x, $w, $b) {layout: out-in}
      %4: float32[batch·time, 4] = reshape(%3) {shape: [batch·time, 4]}
      %5: float32[batch·time, 4] = softmax(%4) {axis: 1}
      %6: float32[batch·time] = max(%5) {axes: [1], keep: false}
      %7: float32[] = mean(%6) {axes: [0], keep: false}
      return scores = %5
      return loss = %7"
    `);
  });

  test("writes gradients, windows and several outputs like everything else", () => {
    const image = input("image", "float32", [batch, 2, time]);
    const pooled = image.maxPool(3, { stride: 2, padding: 1 });
    const [gradient] = gradients(pooled.sum(), [image]);
    expect(printGraph({ pooled, gradient: gradient! })).toMatchInlineSnapshot(`
      "$image: float32[batch, 2, time] = input()
      %1: float32[batch, 2, ⌊(time + 1) / 2⌋], %2: int64[batch, 2, ⌊(time + 1) / 2⌋] = maxPool($image) {kernel: [3], strides: [2], dilations: [1], before: [1], after: [1]}
      %3: float32[] = full() {value: 1, shape: []}
      %4: float32[1, 1, 1] = reshape(%3) {shape: [1, 1, 1]}
      %5: float32[batch, 2, ⌊(time + 1) / 2⌋] = expand(%4) {shape: [batch, 2, ⌊(time + 1) / 2⌋]}
      %6: float32[batch, 2, time] = scatterWindows(%5, %2) {size: [time], apart: [2]}
      return pooled = %1
      return gradient = %6"
    `);
  });
});

describe("the verifier", () => {
  test("accepts a graph with its gradients", () => {
    const loss = x.linear(w, b).gelu().mean();
    const [byW, byB] = gradients(loss, [w, b]);
    expect(() => {
      verifyGraph({ loss, byW: byW!, byB: byB! });
    }).not.toThrow();
  });

  test("finds a node whose type is not what its rule says", () => {
    const y = x.relu();
    const wrong = new Tensor({ dtype: "float16", shape: y.shape }, y.node, 0);
    (y.node.outputs as Tensor[])[0] = wrong;
    expect(() => {
      verifyGraph({ y: wrong });
    }).toThrow("The graph says relu(float32[batch, time, 8]) gives float16[batch, time, 8], its rule says float32");
  });
});

describe("errors name what was given, what was expected, and the line that asked", () => {
  const cases: readonly [string, () => unknown, string][] = [
    ["add", () => x.add(w), "add: shapes [batch, time, 8] and [4, 8] do not broadcast."],
    ["mul", () => x.mul(constant([1], [1], "int64")), "mul: operands float32[batch, time, 8] and int64[1] have differ"],
    ["matmul", () => x.matmul(w), "matmul: float32[batch, time, 8] by float32[4, 8]. Expected [..., M, K] by"],
    ["linear", () => x.linear(w, x), "linear: x float32[batch, time, 8], weight float32[4, 8], bias float32[batch,"],
    [
      "reshape",
      () => x.reshape([batch, 9]),
      "reshape: float32[batch, time, 8] has [8·batch·time] elements, [batch, 9]",
    ],
    ["reshape -1", () => x.reshape([3, -1]), "reshape: cannot tell what -1 is in [3, -1] for float32[batch, time, 8]"],
    ["transpose", () => x.transpose([0, 1, 1]), "transpose: order [0, 1, 1] of float32[batch, time, 8]; name each"],
    ["an axis", () => x.sum(3), "sum: axis 3 of a tensor with shape [batch, time, 8]; it has 3 axes."],
    ["concat", () => concat([x, w], 0), "concat along axis 0: float32[batch, time, 8] and float32[4, 8] differ"],
    ["slice", () => w.slice(0, 2, 5), "slice: [2] to [5] by 1 of axis 0 of float32[4, 8] does not lie inside"],
    ["pad", () => w.pad(0, -1, 0), "pad: [-1, 0] around axis 0 of float32[4, 8]"],
    ["expand", () => w.expand([4, 9]), "expand: float32[4, 8] does not stretch to [4, 9]."],
    ["gather", () => w.gather(x), "gather: got float32[batch, time, 8], expected int32 or int64. Cast it first."],
    ["where", () => x.where(x, x), "where: got float32[batch, time, 8], expected bool."],
    ["fixed", () => x.fixed(0), "Axis 0 of float32[batch, time, 8] must be a number here."],
    [
      "layerNorm",
      () => x.layerNorm(b, undefined, 1e-5),
      "layerNorm: x float32[batch, time, 8] and a parameter float32[4]",
    ],
    [
      "crossEntropy",
      () => w.crossEntropy(b.cast("int64").reshape([2, 2])),
      "crossEntropy: logits float32[4, 8] and targets",
    ],
    [
      "conv",
      () => x.conv(w),
      "conv: float32[batch, time, 8] with weight float32[4, 8]; expected [N, channels, sizes...] over",
    ],
    ["conv channels", () => x.conv(full(0, [2, 3, 3])), "conv: float32[batch, time, 8] with weight float32[2, 3, 3]"],
    [
      "conv window",
      () => full(0, [1, 3, 2]).conv(full(0, [2, 3, 4])),
      "conv: a window that reaches over 4 elements does not",
    ],
    [
      "conv groups",
      () => full(0, [1, 4, 9]).conv(full(0, [3, 2, 2]), { groups: 2 }),
      "conv: [3] channels do not split into 2",
    ],
    [
      "convTranspose",
      () => full(0, [1, 3, 4]).convTranspose(full(0, [3, 2, 2]), { outputPadding: 1 }),
      "cannot have the sizes [6]",
    ],
    [
      "maxPool",
      () => x.maxPool(2, { padding: 2 }),
      "maxPool: padding [2, 2] around windows of [2]; it must be smaller",
    ],
    ["constant", () => constant([1, 2], [3]), "constant: got 2 values for shape [3], expected 3."],
  ];
  test.each(cases)("%s", (_, ask, message) => {
    let error: unknown;
    try {
      ask();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(GraphError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toMatch(/asked for at .*graph\.test\.ts:\d+:\d+/);
  });

  test("the line is found however deep the layers are", () => {
    const layer = (depth: number): Tensor => (depth === 0 ? x.add(w) : layer(depth - 1));
    expect(() => layer(30)).toThrow(/asked for at layer .*graph\.test\.ts/);
  });
});

describe("gradients", () => {
  const number = input("a", "float32", []);

  test("of several uses are added up", () => {
    const [g] = gradients(number.mul(number).add(number), [number]);
    // 1 · a + 1 · a, and 1 for the last use.
    expect(printGraph({ g: g! })).toMatchInlineSnapshot(`
      "%0: float32[] = full() {value: 1, shape: []}
      $a: float32[] = input()
      %2: float32[] = mul(%0, $a)
      %3: float32[] = add(%0, %2)
      %4: float32[] = mul(%0, $a)
      %5: float32[] = add(%3, %4)
      return g = %5"
    `);
  });

  test("of what the loss does not depend on are zeros of its shape", () => {
    const [g] = gradients(number.mul(2), [w]);
    expect(g!.shape).toEqual([4, 8]);
    expect(g!.node.op.name).toBe("full");
    expect(g!.node.attributes).toMatchObject({ value: 0 });
  });

  test("by a result inside the graph", () => {
    const hidden = x.linear(w, b);
    const [g] = gradients(hidden.relu().sum(), [hidden]);
    expect(g!.shape).toEqual(hidden.shape);
    expect(nodesOf([g!]).some((node) => node.op.name === "linear")).toBe(true);
  });

  test("need one number", () => {
    expect(() => gradients(x, [w])).toThrow("gradients: the loss is float32[batch, time, 8], expected one number.");
    expect(() => gradients(number.cast("int64"), [number])).toThrow("gradients: the loss is int64[]");
  });

  const blocked = defineOp({
    name: "blocked",
    infer: ([t]) => [t!],
    gradient: { notDifferentiable: "it was made for this test" },
    lower: (_, { inputs }) => [inputs[0]!],
  });

  test("stop with an error at an op that has none, unless nothing is wanted behind it", () => {
    const path = number.mul(number).apply(blocked, [], {});
    expect(() => gradients(path, [number])).toThrow(
      "the loss depends on blocked(float32[]), which has no gradient: it was made for this test. Put stopGradient()",
    );
    expect(() => gradients(path.mul(b.sum()), [b])).not.toThrow();
    expect(() => gradients(path.mul(2), [path])).not.toThrow();
  });

  test("a rule that gives the wrong shape is found out", () => {
    const wrong = defineOp({
      name: "wrong",
      infer: ([t]) => [t!],
      gradient: ({ gradients: [g] }) => [g!.unsqueeze(0)],
      lower: (_, { inputs }) => [inputs[0]!],
    });
    expect(() => gradients(number.apply(wrong, [], {}), [number])).toThrow(
      "The gradient rule of wrong gave float32[1]",
    );
  });

  test("of 20,000 nodes in a row do not overflow the stack", () => {
    let y: Tensor = number;
    for (let i = 0; i < 20_000; i++) y = y.sin();
    const [g] = gradients(y, [number]);
    expect(nodesOf([g!]).length).toBeGreaterThan(60_000);
    expect(printGraph({ g: g! }).split("\n").length).toBeGreaterThan(60_000);
  });
});
