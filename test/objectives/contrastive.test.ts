import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { architectureOf, type Architecture } from "../../src/models/index.ts";
import { ModelParameters, Trace } from "../../src/nn/index.ts";
import { inBatchPairs, LOGIT_SCALE, type ContrastiveOptions } from "../../src/objectives/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { Model } from "../../src/tasks/model.ts";
import { sgd, Trainer, type Batch } from "../../src/training/index.ts";
import { floats } from "../models/programs.ts";
import { drawn, differentiated, evaluated, matrix } from "./running.ts";

const bert = (dropout = 0): Architecture =>
  architectureOf(
    {
      ...{ model_type: "bert", vocab_size: 30, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2 },
      ...{ intermediate_size: 12, max_position_embeddings: 8, architectures: ["BertModel"] },
      ...{ hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout },
    },
    "a test",
  );
const GIVEN = ["inputIds", "attentionMask"];
const feeds = {
  inputIds: matrix([2, 5, 6, 3], [2, 7, 3, 0], [2, 9, 10, 11], [2, 12, 3, 0], [2, 14, 15, 3], [2, 16, 17, 3]),
  attentionMask: matrix([1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]),
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

/** The cosines of all pairs by the plain formula, from the model's hidden states: [3][3]. */
async function cosines(pooling: ContrastiveOptions["pooling"], values: ReadonlyMap<string, HostTensor>) {
  const architecture = bert();
  const trace = new Trace("forward");
  trace.run((scope) => architecture.compute(scope, GIVEN));
  const specs = [...trace.parameters.values()];
  const named = new Map(specs.map(({ name }) => [name, values.get(name)!]));
  const model = new Model<"features">(architecture, await ModelParameters.fromValues(engine, specs, named));
  const hidden = floats((await model.run(feeds)).get("lastHiddenState"));
  const lengths = [4, 3, 4, 3, 4, 4];
  const vectors = lengths.map((length, row) => {
    const at = (time: number): number[] => [...hidden.subarray((row * 4 + time) * 8, (row * 4 + time + 1) * 8)];
    const times = pooling === "class" ? [0] : pooling === "last" ? [length - 1] : [...Array(length).keys()];
    const sum = at(0).map((_, i) => times.reduce((total, time) => total + at(time)[i]!, 0));
    const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
    return sum.map((value) => value / norm);
  });
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  return [0, 2, 4].map((first) => [1, 3, 5].map((second) => dot(vectors[first]!, vectors[second]!)));
}

/** Σ −log softmax of the own column. */
const rowLoss = (scores: readonly (readonly number[])[]): number =>
  scores.reduce((sum, row, i) => sum + Math.log(row.reduce((all, x) => all + Math.exp(x), 0)) - row[i]!, 0);
const transposed = (rows: readonly (readonly number[])[]): number[][] =>
  rows[0]!.map((_, i) => rows.map((row) => row[i]!));

describe("pairs of a batch", () => {
  it.each(["mean", "class", "last"] as const)("have the loss of their cosines, pooled by %s", async (pooling) => {
    const objective = inBatchPairs(bert(), GIVEN, { pooling, temperature: 0.05 });
    const values = drawn(objective, 2);
    const found = await evaluated(engine, objective, values, feeds);
    const scores = await cosines(pooling, values);
    expect(found["loss"]).toBeCloseTo(rowLoss(scores.map((row) => row.map((x) => x / 0.05))), 3);
    expect(found["right"]).toBe(scores.filter((row, i) => Math.max(...row) === row[i]).length);
  });

  it("count both ways as CLIP does", async () => {
    const objective = inBatchPairs(bert(), GIVEN, { pooling: "mean", temperature: 0.1, bothWays: true });
    const values = drawn(objective, 2);
    const scores = (await cosines("mean", values)).map((row) => row.map((x) => x * 10));
    const { loss } = await evaluated(engine, objective, values, feeds);
    expect(loss).toBeCloseTo((rowLoss(scores) + rowLoss(transposed(scores))) / 2, 3);
  });

  it("learn their temperature up to a hundredfold", async () => {
    const objective = inBatchPairs(bert(), GIVEN, { pooling: "mean", temperature: "learned" });
    const trace = new Trace("training");
    trace.run(objective);
    expect(trace.parameters.get(LOGIT_SCALE)).toMatchObject({
      ...{ shape: [], trained: true, initial: { kind: "values", values: [Math.log(1 / 0.07)] } },
    });
    const values = drawn(objective, 2);
    const scores = await cosines("mean", values);
    for (const [scale, times] of [
      [Math.log(20), 20],
      [Math.log(500), 100],
    ] as const) {
      values.set(LOGIT_SCALE, { dtype: "float32", shape: [], data: Float32Array.of(scale) });
      const { loss } = await evaluated(engine, objective, values, feeds);
      expect(loss).toBeCloseTo(rowLoss(scores.map((row) => row.map((x) => x * times))), 2);
      const slope = floats((await differentiated(engine, objective, values, feeds))[`gradient.${LOGIT_SCALE}`]);
      expect(slope[0] === 0).toBe(times === 100);
    }
  });

  it("read one text under two masks where it stands at two places", async () => {
    const objective = inBatchPairs(bert(0.3), GIVEN, { pooling: "mean", temperature: 0.05 });
    const own = await createEngine({ worker: false, threads: 1 });
    const trainer = await Trainer.create(own, objective, { optimizer: sgd(), seed: 1 });
    const twice = matrix([2, 5, 6, 3], [2, 5, 6, 3], [2, 9, 10, 3], [2, 9, 10, 3]);
    const ones = matrix([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]);
    const batch = (examples: readonly number[]): Batch => {
      return { feeds: { inputIds: twice, attentionMask: ones }, targets: 2, examples };
    };
    const [apart, alike] = [
      await trainer.step(1, [batch([0, 1, 2, 3])], 0),
      await trainer.step(1, [batch([0, 0, 1, 1])], 0),
    ];
    const even = (await trainer.evaluate([batch([0, 1, 2, 3])]))["loss"]!;
    // Equal masks make both vectors of a text the same, as no masks do; other masks make them differ.
    expect(alike.loss).toBeLessThan(apart.loss);
    expect(even).not.toBeCloseTo(apart.loss, 3);
    await own.dispose();
  });
});
