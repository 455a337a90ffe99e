import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transformerConfig, type TransformerConfig } from "../../src/models/index.ts";
import { unflatten } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/runtime/index.ts";
import { sgd } from "../../src/training/optimizers.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { GRADIENTS } from "../../src/training/update.ts";
import { describeEngines } from "../engines.ts";
import { goldenFile, named } from "./golden-file.ts";
import { compute, floats, norm, relativeDistance, traceTransformer, translating } from "./programs.ts";

const variants = ["paper", "pre-norm", "halves"] as const;
type Variant = (typeof variants)[number];

interface Golden {
  readonly config: TransformerConfig;
  readonly smoothing: number;
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

/** Made by tools/goldens/transformer.py. */
async function golden(variant: Variant): Promise<Golden> {
  const { tensors, metadata } = await goldenFile(`transformer-${variant}.safetensors`);
  const settings = JSON.parse(metadata["config"]!) as Record<string, unknown>;
  const config = transformerConfig.parse({ ...settings, dropout: 0 });
  return { config, smoothing: Number(metadata["smoothing"]), tensors };
}

/** Softmax does not change when one number is added to all scores of a row: a key's bias has no gradient. */
const isZeroInTruth = (name: string): boolean => name.endsWith("k_proj.bias");

async function compare(engine: Engine, variant: Variant): Promise<void> {
  const { config, smoothing, tensors } = await golden(variant);
  const parameters = named(tensors, "parameter.");
  const feeds = Object.fromEntries(["source", "target", "labels"].map((name) => [name, tensors.get(name)!]));

  const { logits } = traceTransformer(config, "forward");
  const forward = await compute(engine, { logits }, { ...feeds, ...Object.fromEntries(parameters) });
  expect(forward["logits"]!.shape).toEqual(tensors.get("logits")!.shape);
  expect(relativeDistance(floats(forward["logits"]), floats(tensors.get("logits")))).toBeLessThan(1e-5);

  const options = { optimizer: sgd(), weightDecay: 0, clipNorm: 0, movingAverage: 0, seed: 1 };
  const trainer = await Trainer.create(engine, translating(config, smoothing), options, parameters);
  const targets = floats({ ...tensors.get("labels")!, data: Float32Array.from(feeds["labels"]!.data as Int32Array) });
  const part = { feeds, targets: targets.filter((label) => label >= 0).length, examples: [0, 1, 2] };
  const { loss } = await trainer.step(1, [part], 0);
  const expectedLoss = floats(tensors.get("loss"))[0]!;
  expect(Math.abs(loss - expectedLoss)).toBeLessThan(1e-5 * expectedLoss);

  const { data } = await engine.read(GRADIENTS);
  const gradients = unflatten(trainer.parameters.layout, data as Float32Array);
  const expected = named(tensors, "gradient.");
  expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, gradient] of gradients) {
    if (isZeroInTruth(name)) expect(norm(floats(gradient)), name).toBeLessThan(1e-6);
    else expect(relativeDistance(floats(gradient), floats(expected.get(name))), name).toBeLessThan(1e-4);
  }
}

async function compareOn(options: EngineOptions, variant: Variant): Promise<string> {
  const engine = await createEngine(options);
  try {
    await compare(engine, variant);
    return engine.description;
  } finally {
    await engine.dispose();
  }
}

describe("loss, logits and every gradient of the whole Transformer equal PyTorch's", () => {
  describeEngines((options) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ ...options, worker: false });
    });
    afterAll(() => engine.dispose());

    it.each(variants)("%s", (variant) => compare(engine, variant));

    it("through the worker", async () => {
      await compareOn({ ...options, worker: true }, "paper");
    });
  });

  it("on WebAssembly", async () => {
    expect(await compareOn({ worker: false, engine: "wasm", threads: 1 }, "pre-norm")).toContain("WebAssembly");
  });
});
