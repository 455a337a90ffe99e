/** Parameters that begin to be trained later: until then nothing of them changes, and nothing else knows of them. */
import { afterEach, describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { adafactor, adamW } from "../../src/training/optimizers.ts";
import { Trainer, type Batch, type Objective, type TrainerOptions } from "../../src/training/trainer.ts";

const objective: Objective = (scope) => {
  const x = input("x", "float32", [dimension("batch"), 3]);
  const lower = scope.at("lower").parameter("weight", [4, 3], { kind: "xavier" });
  const upper = scope.at("upper").parameter("weight", [2, 4], { kind: "xavier" });
  const error = x.linear(lower).tanh().linear(upper).sub(1);
  return { loss: error.mul(error).sum() };
};
const data = Float32Array.of(1, -2, 0.5, 0.25, 3, -1);
const batch: Batch = {
  feeds: { x: { dtype: "float32", shape: [2, 3], data } },
  ...{ targets: 2, examples: [0, 1] },
};
const RATE = 0.01;

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

async function trainer(options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const engine = await createEngine({ worker: false, threads: 1 });
  engines.push(engine);
  return Trainer.create(engine, objective, {
    optimizer: adamW(),
    seed: 4,
    weightDecay: 0.1,
    clipNorm: 0.5,
    ...options,
  });
}
const lowerLater = (name: string): number => (name.startsWith("lower") ? 3 : 0);
const values = async (one: Trainer, name: string): Promise<number[]> =>
  Array.from((await one.parameters.read()).get(name)!.data, Number);
const LOWER = "lower.weight";

describe.each([
  ["adamw", adamW()],
  ["adafactor", adafactor()],
])("with %s", (_, optimizer) => {
  it("a part stays as it is until its turn, without decay", async () => {
    const made = await trainer({ optimizer, starts: lowerLater });
    const [before, above] = [await values(made, LOWER), await values(made, "upper.weight")];
    for (let update = 1; update <= 3; update++) await made.step(update, [batch], RATE);
    expect(await values(made, LOWER)).toEqual(before);
    expect(await values(made, "upper.weight")).not.toEqual(above);
    await made.step(4, [batch], RATE);
    for (const [i, value] of (await values(made, LOWER)).entries()) expect(value).not.toBe(before[i]);
  });
});

it("until its turn the norm, and so the clipping, is that of the others alone", async () => {
  const frozen: Objective = (scope) => objective(scope.with({ trained: (name) => name !== LOWER }));
  const later = await trainer({ starts: lowerLater });
  const engine = await createEngine({ worker: false, threads: 1 });
  engines.push(engine);
  const how = { optimizer: adamW(), seed: 4, weightDecay: 0.1, clipNorm: 0.5 };
  const without = await Trainer.create(engine, frozen, how, await later.parameters.read());
  for (let update = 1; update <= 3; update++) {
    expect(await later.step(update, [batch], RATE)).toEqual(await without.step(update, [batch], RATE));
  }
  expect(await values(later, "upper.weight")).toEqual(await values(without, "upper.weight"));
});

it("its optimizer counts from its own first update: the first step of AdamW is as long as the rate", async () => {
  const made = await trainer({ starts: lowerLater, weightDecay: 0 });
  for (let update = 1; update <= 3; update++) await made.step(update, [batch], RATE);
  const before = await values(made, LOWER);
  await made.step(4, [batch], RATE);
  for (const [i, value] of (await values(made, LOWER)).entries()) {
    expect(Math.abs(value - before[i]!)).toBeCloseTo(RATE, 5);
  }
});

it("all that start at once are trained as without starts, to the bit; parts of a batch add up as before", async () => {
  const [plain, all] = [await trainer(), await trainer({ starts: () => 0 })];
  for (let update = 1; update <= 3; update++) {
    expect(await all.step(update, [batch, batch], RATE)).toEqual(await plain.step(update, [batch, batch], RATE));
  }
  expect(await values(all, LOWER)).toEqual(await values(plain, LOWER));
});

it("a run that is put back in the middle goes on to the bit, before its turn and after", async () => {
  for (const at of [2, 4]) {
    const whole = await trainer({ starts: lowerLater });
    const losses: number[] = [];
    let kept: [Map<string, HostTensor>, Map<string, Float32Array>] | undefined;
    for (let update = 1; update <= 6; update++) {
      losses.push((await whole.step(update, [batch, batch], RATE)).loss);
      if (update === at) kept = [await whole.parameters.read(), await whole.state()];
    }
    const again = await trainer({ starts: lowerLater });
    await again.parameters.write(kept![0]);
    await again.restore(kept![1]);
    for (let update = at + 1; update <= 6; update++) {
      expect((await again.step(update, [batch, batch], RATE)).loss).toBe(losses[update - 1]);
    }
  }
});

it("something must be trained from the first update on", async () => {
  await expect(trainer({ starts: () => 2 })).rejects.toThrow(
    /None of the 2 parameters is trained from the first update/,
  );
});
