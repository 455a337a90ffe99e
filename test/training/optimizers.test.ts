import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { input, type Tensor } from "../../src/graph/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { optimizers, type OptimizerName } from "../../src/training/optimizers.ts";
import { Trainer, type Objective } from "../../src/training/trainer.ts";

interface Summary {
  readonly every: number;
  readonly values: readonly number[];
  readonly sum: number;
  readonly squares: number;
}
interface Case {
  readonly optimizer: OptimizerName;
  readonly options: Record<string, never>;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly norms: readonly number[];
  readonly parameters: Readonly<Record<string, Summary>>;
}
interface Golden {
  readonly rates: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly cases: Readonly<Record<string, Case>>;
}

/** Made by tools/goldens/optimizers.py. Two of the shapes are larger than the pieces that updates are run in. */
const golden = JSON.parse(readFileSync(new URL("golden/optimizers.json", import.meta.url), "utf8")) as Golden;
const shapes = Object.entries(golden.shapes);

/** The golden's formula: element i is ((7919 i + 104729 seed) mod 2003 − 1001) / 1024. */
function values(shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, d) => product * d, 1);
  const data = Float32Array.from({ length: size }, (_, i) => (((i * 7919 + 104_729 * seed) % 2003) - 1001) / 1024);
  return { dtype: "float32", shape, data };
}

/** Σ parameter · input: the gradient of a parameter is the input of its name, whatever the parameter is. */
const productOfBoth: Objective = (scope) => {
  const products = shapes.map(([name, shape]) =>
    scope
      .parameter(name, shape, { kind: "zeros" })
      .mul(input(`wanted ${name}`, "float32", shape))
      .sum(),
  );
  return { loss: products.reduce((sum: Tensor, product) => sum.add(product)) };
};

describe("parameters that are fixed", () => {
  it.each(Object.keys(optimizers) as OptimizerName[])("stay as they are: %s", async (name) => {
    const engine = await createEngine({ worker: false, threads: 1 });
    const shape = [3, 40];
    const both: Objective = (scope) => ({
      loss: scope
        .fixed("table", shape, { kind: "ones" })
        .mul(scope.parameter("weight", shape, { kind: "ones" }))
        .sum(),
    });
    const settings = { optimizer: optimizers[name](), weightDecay: 0.5, clipNorm: 1, movingAverage: 0, seed: 1 };
    const trainer = await Trainer.create(engine, both, settings);
    for (const update of [1, 2]) await trainer.step(update, [{ feeds: {}, targets: 1, examples: [0] }], 0.1);
    const after = await trainer.parameters.read();
    expect(after.get("table")!.data).toEqual(new Float32Array(120).fill(1));
    expect(after.get("weight")!.data[0]).not.toBe(1);
    await engine.dispose();
  });
});

describe("five updates with changing rates equal the references'", () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await createEngine({ worker: false, threads: 1 });
  });
  afterEach(() => engine.dispose());

  it.each(Object.entries(golden.cases))("%s", async (_, { optimizer, options, weightDecay, clipNorm, ...expected }) => {
    const first = new Map(shapes.map(([name, shape], i) => [name, values(shape, i + 1)]));
    const settings = { optimizer: optimizers[optimizer](options), weightDecay, clipNorm, movingAverage: 0, seed: 1 };
    const trainer = await Trainer.create(engine, productOfBoth, settings, first);
    for (const [i, rate] of golden.rates.entries()) {
      const update = i + 1;
      const feeds = Object.fromEntries(
        shapes.map(([name, shape], k) => [`wanted ${name}`, values(shape, 10 * update + k + 1)]),
      );
      const { gradientNorm } = await trainer.step(update, [{ feeds, targets: 1, examples: [0] }], rate);
      expect(Math.abs(gradientNorm / expected.norms[i]! - 1)).toBeLessThan(1e-5);
    }
    for (const [name, { data }] of await trainer.parameters.read()) compare(name, data as Float32Array, expected);
  });
});

function compare(name: string, got: Float32Array, { parameters }: Pick<Case, "parameters">): void {
  const { every, values: wanted, sum, squares } = parameters[name]!;
  for (const [i, value] of wanted.entries()) {
    expect(Math.abs(got[i * every]! - value), `${name}[${i * every}]`).toBeLessThan(2e-6);
  }
  expect(Math.abs(got.reduce((a, b) => a + b, 0) - sum) / got.length, name).toBeLessThan(1e-6);
  expect(Math.abs(got.reduce((a, b) => a + b * b, 0) / squares - 1), name).toBeLessThan(1e-5);
}
