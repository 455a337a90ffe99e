import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { input } from "../../src/graph/index.ts";
import { gpt2, gpt2Config, gpt2Presets } from "../../src/models/index.ts";
import { Trace, unflatten } from "../../src/nn/index.ts";
import { createEngine, type Engine } from "../../src/runtime/index.ts";
import { sgd } from "../../src/training/optimizers.ts";
import { Trainer } from "../../src/training/trainer.ts";
import { GRADIENTS } from "../../src/training/update.ts";
import { goldenFile, named } from "./golden-file.ts";
import { batch, compute, floats, norm, relativeDistance } from "./programs.ts";
import { dimension } from "../../src/graph/index.ts";

const time = dimension("time");
const ids = () => input("ids", "int32", [batch, time]);

describe("GPT-2", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ worker: false });
  });
  afterAll(() => engine.dispose());

  it("gives the logits, the loss and every gradient that transformers gives", async () => {
    const { tensors, metadata } = await goldenFile("gpt2.safetensors");
    const settings = JSON.parse(metadata["config"]!) as object;
    const config = gpt2Config.parse({ ...settings, embeddingDropout: 0, attentionDropout: 0, dropout: 0 });
    const parameters = named(tensors, "parameter.");

    const logits = gpt2(new Trace("forward").scope, config, ids());
    const forward = await compute(engine, { logits }, { ids: tensors.get("ids")!, ...Object.fromEntries(parameters) });
    expect(relativeDistance(floats(forward["logits"]), floats(tensors.get("logits")))).toBeLessThan(1e-5);

    const trainer = await Trainer.create(
      engine,
      (scope) => {
        const rows = gpt2(scope, config, ids()).reshape([-1, config.vocabulary]);
        return { loss: rows.crossEntropy(input("labels", "int32", [batch, time]).reshape([-1])).sum() };
      },
      { optimizer: sgd(), seed: 1 },
      parameters,
    );
    const feeds = { ids: tensors.get("ids")!, labels: tensors.get("labels")! };
    const targets = [...(feeds.labels.data as Int32Array)].filter((label) => label >= 0).length;
    const { loss } = await trainer.step(1, [{ feeds, targets, examples: [0, 1, 2] }], 0);
    expect(loss).toBeCloseTo(floats(tensors.get("loss"))[0]!, 5);
    const { data } = await engine.read(GRADIENTS);
    const expected = named(tensors, "gradient.");
    const gradients = unflatten(trainer.parameters.layout, data as Float32Array);
    expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, gradient] of gradients) {
      const [ours, theirs] = [floats(gradient), floats(expected.get(name))];
      expect(relativeDistance(ours, theirs), `${name} ${norm(ours)} ${norm(theirs)}`).toBeLessThan(1e-4);
    }
  });

  it.each([
    ["gpt2", 124_439_808],
    ["gpt2-medium", 354_823_168],
    ["gpt2-large", 774_030_080],
    ["gpt2-xl", 1_557_611_200],
  ] as const)("%s has %i parameters", (preset, count) => {
    const trace = new Trace("forward");
    gpt2(trace.scope, gpt2Config.parse(gpt2Presets[preset]), ids());
    const sizes = [...trace.parameters.values()].map(({ shape }) => shape.reduce((product, d) => product * d, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  });

  it("refuses heads that do not divide the width", () => {
    expect(() => gpt2Config.parse({ width: 10, heads: 3 })).toThrow("heads must divide the width evenly");
  });
});
