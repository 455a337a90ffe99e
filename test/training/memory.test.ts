import { afterEach, describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors/index.ts";
import { POOL_SIZE, type Scope } from "../../src/nn/index.ts";
import { dimension, input } from "../../src/graph/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { trainingMemory } from "../../src/training/memory.ts";
import { adam, sgd } from "../../src/training/optimizers.ts";
import { Trainer, type Objective } from "../../src/training/trainer.ts";
import { GRADIENTS } from "../../src/training/update.ts";
import { floats } from "../models/programs.ts";
import { dropouts, pairs, settings, smallTranslator, whole } from "./small-runs.ts";

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

describe("recomputation of a Transformer with dropout", () => {
  it.each(["pre", "post"] as const)("changes neither losses nor gradients (%s-norm)", async (normalization) => {
    const runs = [];
    for (const recompute of [false, true]) {
      const engine = await createEngine({ engine: "onnxruntime", worker: false, threads: 1 });
      engines.push(engine);
      const objective = smallTranslator({ ...dropouts, normalization, encoderLayers: 2, decoderLayers: 2 });
      const trainer = await Trainer.create(engine, objective, { ...settings, recompute });
      const losses: number[] = [];
      for (let update = 1; update <= 3; update++) {
        losses.push((await trainer.step(update, [whole(pairs(6, update))], 1e-2)).loss);
      }
      runs.push({ losses, gradients: floats(await engine.read(GRADIENTS)) });
    }
    expect(runs[1]!.losses).toEqual(runs[0]!.losses);
    expect(runs[1]!.gradients).toEqual(runs[0]!.gradients);
  });

  it("lowers the estimated peak", () => {
    const objective = smallTranslator({ ...dropouts, encoderLayers: 4, decoderLayers: 4 });
    const batches = [{ batch: 50, source: 16, target: 16 }];
    const peak = (recompute: boolean): number =>
      trainingMemory(objective, { optimizer: adam(), recompute, batches }).activations;
    expect(peak(true)).toBeLessThan(0.5 * peak(false));
  });
});

describe("the memory of a training", () => {
  const n = dimension("batch");
  /** One layer of 64 × 64 weights over rows of 64 numbers. */
  const layer: Objective = (scope: Scope) => {
    const weight = scope.parameter("weight", [64, 64], { kind: "xavier" });
    return { loss: input("x", "float32", [n, 64]).linear(weight).tanh().sum() };
  };
  const SIZE = 4 * 64 * 64;
  const batches = [{ batch: 100 }];

  it("is that of parameters, gradients, state and copies", () => {
    const parameters = (options: Partial<Parameters<typeof trainingMemory>[1]>): number =>
      trainingMemory(layer, { optimizer: sgd({ momentum: 0 }), batches, ...options }).parameters / SIZE;
    expect(parameters({})).toBe(4);
    expect(parameters({ optimizer: sgd({ momentum: 0.9 }) })).toBe(5);
    expect(parameters({ optimizer: adam() })).toBe(6);
    expect(parameters({ accumulate: true })).toBe(5);
    expect(parameters({ movingAverage: 0.99 })).toBe(5);
  });

  it("and of the largest batch's results, with what the allocator wastes", () => {
    // At the worst moment the slope of tanh, the gradient from above and their product live together.
    const one = trainingMemory(layer, { optimizer: sgd(), batches }).activations;
    expect(one / (4 * 64 * 100)).toBeCloseTo(3 * 1.05, 1);
    const larger = trainingMemory(layer, { optimizer: sgd(), batches: [{ batch: 10 }, { batch: 200 }] });
    expect(larger.activations / one).toBeCloseTo((2 * 1.15) / 1.05, 1);
  });

  it("counts the evaluating program and dropout's masks", () => {
    const sizes = [{ batch: 8, source: 9, target: 9 }];
    const options = { optimizer: adam(), batches: sizes };
    const plain = trainingMemory(smallTranslator({ dropout: 0 }), options);
    const dropping = trainingMemory(smallTranslator({ dropout: 0.1, attentionDropout: 0.2 }), options);
    expect(dropping.fixed - plain.fixed).toBe(2 * 4 * POOL_SIZE);
    expect(plain.evaluation).toBe(0);
    const evaluated = trainingMemory(smallTranslator({ dropout: 0 }), { ...options, evaluation: sizes });
    expect(evaluated.evaluation).toBeGreaterThan(0);
    expect(evaluated.evaluation).toBeLessThan(plain.activations);
    expect(evaluated.total - plain.total).toBeCloseTo(evaluated.evaluation, 3);
  });

  it("needs all sizes of a batch", () => {
    expect(() => trainingMemory(smallTranslator(), { optimizer: adam(), batches: [{ batch: 2, source: 3 }] })).toThrow(
      GraphError,
    );
  });
});
