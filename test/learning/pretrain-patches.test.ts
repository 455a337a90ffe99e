import { describe, expect, it } from "vitest";
import { pretrain, previewPretraining, wayConfig } from "../../src/learning/index.ts";
import { random } from "../../src/random/index.ts";
import { ImageModel } from "../../src/tasks/image-model.ts";
import { openModel } from "../../src/tasks/open.ts";
import { pretraining, textFolder } from "./damaged-texts.ts";

/** A picture of 16 × 16 pixels whose colors run from left to right or from top to bottom. */
function picture(seed: number): Uint8Array {
  const draw = random("picture", seed);
  const [across, from, to] = [draw.below(2) === 0, draw.below(256), draw.below(256)];
  const pixels = Array.from({ length: 256 }, (_, i) => {
    const share = (across ? i % 16 : Math.floor(i / 16)) / 15;
    return Math.round(from + (to - from) * share);
  });
  const header = new TextEncoder().encode("P6\n16 16\n255\n");
  return Uint8Array.from([...header, ...pixels.flatMap((value) => [value, 255 - value, 128])]);
}

const names = Array.from({ length: 24 }, (_, i) => `image-${i}.ppm`);
const files = await textFolder(Object.fromEntries(names.map((name, i) => [name, picture(i)])));
const config = {
  ...{ objective: "patches", data: names.slice(0, 20), validation: names.slice(20) },
  model: {
    ...{ model_type: "vit", hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 },
    ...{ image_size: 16, patch_size: 4, encoder_stride: 4 },
  },
  training: { updates: 4, batchTokens: 170, learningRate: 3e-3, warmUp: 2, schedule: "constant", saveEvery: 2 },
};

describe("heed pretrain --objective patches", () => {
  it("goes on after an interruption to the bit, and leaves a model that reads images", async () => {
    const whole = await pretraining(files, config);
    const begun = await pretraining(files, config, { stopAt: 2 });
    const resumed = await pretraining(files, config, { folder: begun.folder, resume: true });
    expect([...begun.losses, ...resumed.losses]).toEqual(whole.losses);
    expect(resumed.learned!.scores).toEqual(whole.learned!.scores);
    expect(Object.keys(whole.learned!.scores)).toEqual(["loss", "mean color loss"]);
    const model = new ImageModel(await openModel(whole.folder, { engine: "onnxruntime", worker: false, threads: 1 }));
    const { shape } = (await model.read([picture(3)], { outputs: ["reconstruction"] })).get("reconstruction")!;
    expect(shape).toEqual([1, 3, 16, 16]);
    await model.dispose();
  });

  it("gets better than the mean color of what is seen", async () => {
    const { learned } = await pretraining(files, {
      ...config,
      training: { ...config.training, updates: 100, saveEvery: 100 },
    });
    const { loss, "mean color loss": guess } = learned!.scores as Record<string, number>;
    expect(loss).toBeLessThan(guess!);
  });

  it("shows which patches are hidden, others in each epoch", async () => {
    const context = {
      files,
      from: undefined,
      engine: { engine: "onnxruntime" as const, worker: false, threads: 1 },
      warn: () => undefined,
    };
    const show = async (epoch: number) =>
      (await previewPretraining(wayConfig(pretrain, config, "the test"), context, { rows: 2, epoch })).rows;
    const [first] = await show(0);
    expect(first!.about).toBe("10 of 16 patches are hidden");
    expect(first!.input.join("").match(/▓/g)).toHaveLength(10);
    expect(await show(1)).not.toEqual(await show(0));
  });

  it("says which file is no image", async () => {
    const other = await textFolder({ "a.ppm": "P6\n16 16\n65535\n" });
    await expect(pretraining(other, { ...config, data: ["a.ppm"], validation: [] })).rejects.toThrow(
      /a\.ppm: This PPM file/,
    );
  });
});
