/** What a step reports beside its loss. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/runtime/index.ts";
import { sgd, Trainer, type Batch, type Objective } from "../../src/training/index.ts";
import { describeEngines } from "../engines.ts";

const objective: Objective = (scope) => {
  const weight = scope.parameter("weight", [1], { kind: "ones" });
  const y = input("x", "float32", [dimension("batch")]).mul(weight);
  return { loss: y.mul(y).sum(), total: y.sum(), large: y.greater(2).cast("float32").sum() };
};

const batch = (values: readonly number[]): Batch => ({
  feeds: { x: { dtype: "float32", shape: [values.length], data: Float32Array.from(values) } },
  targets: values.length,
  examples: [...values.keys()],
});

describeEngines((options: EngineOptions) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ ...options, worker: false, threads: 1 });
  });
  afterAll(() => engine.dispose());
  const how = { optimizer: sgd(), seed: 1 };

  it("are means over the targets of all parts", async () => {
    const trainer = await Trainer.create(engine, objective, { ...how, report: ["large", "total"] });
    const { loss, reports } = await trainer.step(1, [batch([1, 2, 6]), batch([3])], 0);
    expect(loss).toBeCloseTo((1 + 4 + 36 + 9) / 4, 5);
    expect(reports).toEqual({ large: 0.5, total: 3 });
  });

  it("are none unless asked for, and must be entries of the objective", async () => {
    const trainer = await Trainer.create(engine, objective, how);
    expect((await trainer.step(1, [batch([1])], 0)).reports).toBeUndefined();
    await expect(Trainer.create(engine, objective, { ...how, report: ["small"] })).rejects.toThrow(
      /no entry "small" to report. It has total, large/,
    );
  });
});
