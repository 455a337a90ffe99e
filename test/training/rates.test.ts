/** Learning rates that differ by parameter, and objectives that freeze what the parameters train. */
import { afterEach, expect, it } from "vitest";
import { input, type Tensor } from "../../src/graph/index.ts";
import { ModelParameters, Trace, type Scope } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { trainerOf } from "../../src/training/fit.ts";
import type { Epoch } from "../../src/training/index.ts";
import { adafactor, adamW, sgd, type Optimizer } from "../../src/training/optimizers.ts";
import { Trainer, type Batch, type Objective } from "../../src/training/trainer.ts";
import { describeEngines } from "../engines.ts";

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

const names = ["slow", "fast", "still", "bias"];
/** Every parameter is pulled to zero by the same gradient, 1 for each element. */
const objective: Objective = (scope: Scope) => {
  const table = (name: string, shape: number[]): Tensor => scope.parameter(name, shape, { kind: "ones" });
  const all = [table("slow", [3, 4]), table("fast", [2, 2]), table("still", [5, 1]), table("bias", [4])];
  return {
    loss: all
      .map((one) => one.sum())
      .reduce((a, b) => a.add(b))
      .add(input("x", "float32", [1]).sum().mul(0)),
  };
};
const batch: Batch = {
  feeds: { x: { dtype: "float32", shape: [1], data: Float32Array.of(1) } },
  targets: 1,
  examples: [0],
};
const rates = (name: string): number => ({ slow: 0.25, still: 0 })[name] ?? 1;

describeEngines((options) => {
  const moved = async (optimizer: Optimizer, weightDecay = 0): Promise<number[]> => {
    const engine = await createEngine({ ...options, worker: false, threads: 1 });
    engines.push(engine);
    const trainer = await Trainer.create(engine, objective, { optimizer, seed: 1, rates, weightDecay });
    await trainer.step(1, [batch], 0.1);
    const values = await trainer.parameters.read();
    return names.map((name) => 1 - (values.get(name)!.data as Float32Array)[0]!);
  };

  it("takes what keeps the divisor from zero from the settings of a run", async () => {
    const moves: number[] = [];
    for (const epsilon of [undefined, 1, 9]) {
      const engine = await createEngine({ ...options, worker: false, threads: 1 });
      engines.push(engine);
      const trace = new Trace("training");
      trace.run(objective);
      const parameters = await ModelParameters.initialize(engine, [...trace.parameters.values()], 1);
      const epoch = (): Epoch => ({ length: 1, batch: () => [batch] });
      const how = { learningRate: 0.1, clipNorm: 0, epsilon };
      const trainer = await trainerOf({ parameters, objective, epoch }, how);
      await trainer.step(1, [batch], 0.1);
      moves.push(1 - ((await trainer.parameters.read()).get("fast")!.data as Float32Array)[0]!);
    }
    // The gradient is 1, so the step is rate / (1 + ε).
    [0.1, 0.05, 0.01].forEach((due, i) => {
      expect(moves[i]).toBeCloseTo(due, 5);
    });
  });

  it.each([
    ["sgd", sgd({ momentum: 0 })],
    ["adamw", adamW()],
    ["adafactor", adafactor()],
  ])("moves parameters by their share of the rate: %s", async (_, optimizer) => {
    const [slow, fast, still, bias] = await moved(optimizer);
    expect(fast).toBeGreaterThan(0.01);
    expect(slow! / fast!).toBeCloseTo(0.25, 4);
    expect(still).toBe(0);
    expect(bias! / fast!).toBeCloseTo(1, 4);
  });

  it("has no decay where nothing is learned, and less where less is", async () => {
    const [slow, fast, still] = await moved(adamW(), 0.5);
    const [plainSlow, plainFast] = await moved(adamW());
    expect(still).toBe(0);
    expect((slow! - plainSlow!) / (fast! - plainFast!)).toBeCloseTo(0.25, 3);
  });

  it("refuses parameters that do not train what the objective does", async () => {
    const engine = await createEngine({ ...options, worker: false, threads: 1 });
    engines.push(engine);
    const trace = new Trace("training");
    trace.run(objective);
    const parameters = await ModelParameters.initialize(engine, [...trace.parameters.values()], 1);
    const frozen: Objective = (scope) => objective(scope.with({ trained: (name) => name !== "fast" }));
    const create = Trainer.create(engine, frozen, { optimizer: sgd(), seed: 1 }, parameters);
    await expect(create).rejects.toThrow(
      "The parameter fast is frozen in the objective and trained among the parameters",
    );
  });
});
