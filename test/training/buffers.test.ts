/** What is kept with the parameters and not trained stays as it is, whatever else an update changes. */
import { afterEach, describe, expect, it } from "vitest";
import { dimension, input } from "../../src/graph/index.ts";
import { layoutOf, ModelParameters } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { adafactor, adamW } from "../../src/training/optimizers.ts";
import { trainingProgram } from "../../src/training/step-program.ts";
import { Trainer, type Objective } from "../../src/training/trainer.ts";
import { AVERAGE, GRADIENTS } from "../../src/training/update.ts";

const ROWS = dimension("batch");

/** Squared distance of x W + b + shift from 1, where the shift is a buffer. */
const objective: Objective = (scope) => {
  const x = input("x", "float32", [ROWS, 3]);
  const shift = scope.at("a").fixed("shift", [1, 4]);
  const weight = scope.at("b").parameter("weight", [4, 3], { kind: "xavier" });
  const bias = scope.at("c").parameter("bias", [4], { kind: "zeros" });
  const error = x.linear(weight, bias).add(shift).sub(1);
  return { loss: error.mul(error).sum() };
};
const batch = {
  feeds: { x: { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 0.25, 3, -1) } as HostTensor },
  targets: 2,
  examples: [0, 1],
};
const shift: HostTensor = { dtype: "float32", shape: [1, 4], data: Float32Array.of(1, 2, 3, 4) };
const zero: HostTensor = { dtype: "float32", shape: [1, 4], data: new Float32Array(4) };

const engines: Engine[] = [];
const open = async (): Promise<Engine> => {
  engines.push(await createEngine({ worker: false, threads: 1 }));
  return engines.at(-1)!;
};
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

describe("a buffer", () => {
  const { trace, program } = trainingProgram(objective, {});
  const all = [...trace.parameters.values()];

  it("lies behind all that is trained, and has no gradient", () => {
    const layout = layoutOf(all);
    expect([...layout.places.keys()]).toEqual(["b.weight", "c.bias", "a.shift"]);
    expect(layout.places.get("a.shift")!.offset).toBe(layout.trained);
    expect(layout.trained).toBeLessThan(layout.size);
    expect(program.outputs.map(({ name }) => name)).toEqual(["loss", "gradient.b.weight", "gradient.c.bias"]);
  });

  it.each([
    ["element by element", adamW()],
    ["as a whole", adafactor()],
  ])("stays what it was through updates of parameters %s, and its average with it", async (_, optimizer) => {
    const engine = await open();
    const start = await ModelParameters.initialize(engine, all, 1);
    await start.write(new Map([...(await start.read()), ["a.shift", shift]]));
    const options = { optimizer, weightDecay: 0.1, movingAverage: 0.9, clipNorm: 1, seed: 1 };
    const trainer = await Trainer.create(engine, objective, options, start);
    const before = await trainer.parameters.read();
    for (const update of [1, 2, 3]) await trainer.step(update, [batch, batch], 0.1);
    const after = await trainer.parameters.read();
    expect(after.get("a.shift")).toEqual(shift);
    expect((await trainer.parameters.read(AVERAGE)).get("a.shift")).toEqual(shift);
    for (const name of ["b.weight", "c.bias"]) expect(after.get(name)).not.toEqual(before.get(name));
    const { trained, size } = trainer.parameters.layout;
    expect((await engine.read(GRADIENTS)).data).toHaveLength(trained);
    for (const [name, values] of await trainer.state()) expect(values.length, name).toBeLessThanOrEqual(size);
  });

  it("is zeros where values come without it, and is what they have for it otherwise", async () => {
    const values = await (await ModelParameters.initialize(await open(), all, 1)).read();
    values.delete("a.shift");
    const without = await ModelParameters.fromValues(await open(), all, values);
    expect((await without.read()).get("a.shift")).toEqual(zero);
    const given = await ModelParameters.fromValues(await open(), all, new Map([...values, ["a.shift", shift]]));
    expect((await given.read()).get("a.shift")).toEqual(shift);
    values.delete("c.bias");
    await expect(ModelParameters.fromValues(await open(), all, values)).rejects.toThrow("missing: c.bias [4]");
  });
});
