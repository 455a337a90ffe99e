/** ViT and CLIP: published sizes, configs in sections, images of other sizes. */
import { describe, expect, it } from "vitest";
import { diskFolder } from "../../src/files/disk.ts";
import { architectureOf, architectureOfPreset, parametersOf, traceOf, type ModelTask } from "../../src/models/index.ts";
import { feedsOf } from "../../src/tasks/model-inputs.ts";
import { openModel } from "../../src/tasks/open.ts";

const sizeOf = (preset: string, task?: ModelTask): number =>
  parametersOf(architectureOfPreset(preset, { task })).reduce(
    (sum, { shape }) => sum + shape.reduce((product, d) => product * d, 1),
    0,
  );

describe("published sizes", () => {
  // As `transformers` 5.23 counts the parameters: with the pooler, with 1000 classes, with masked patches.
  it.each([
    ["vit-base-patch16-224", 86_389_248, 86_567_656, 86_390_016],
    ["vit-large-patch16-224", 304_351_232, 304_326_632, 304_089_856],
    ["vit-huge-patch14-224", 632_404_480, 632_045_800, 631_519_308],
  ])("%s", (preset, bare, classes, masked) => {
    expect([sizeOf(preset), sizeOf(preset, "image-classification"), sizeOf(preset, "masked-image")]).toEqual([
      bare,
      classes,
      masked,
    ]);
  });

  it.each([
    ["clip-vit-base-patch32", 151_277_313],
    ["clip-vit-base-patch16", 149_620_737],
    ["clip-vit-large-patch14", 427_616_513],
  ])("%s", (preset, count) => {
    expect(sizeOf(preset)).toBe(count);
  });
});

describe("a config in sections", () => {
  const read = (json: object) => architectureOf({ model_type: "clip", architectures: ["CLIPModel"], ...json }, "DIR");

  it("has the defaults where keys or whole sections are missing", () => {
    const { config } = read({ text_config: { num_hidden_layers: 3 } });
    expect(config).toMatchObject({ text: { layers: 3, width: 512, endId: 49407 }, vision: { layers: 12, patch: 32 } });
  });

  it("of an old file is read from its second copy", () => {
    const { config } = read({
      text_config: { hidden_size: 8, eos_token_id: 2 },
      text_config_dict: { hidden_size: 768, num_attention_heads: 12 },
    });
    expect(config).toMatchObject({ text: { width: 768, heads: 12, endId: 49407 } });
    expect(read({ text_config: { hidden_size: 16 }, text_config_dict: null }).config).toMatchObject({
      text: { width: 16 },
    });
  });

  it("is written back with what no field names", () => {
    const json = { text_config: { hidden_size: 16, note: "mine" }, text_config_dict: null, other: [1] };
    expect(read(json).toJson(json)).toEqual({ ...json, architectures: ["CLIPModel"], model_type: "clip" });
  });

  it("of a published size is written in sections", () => {
    const json = architectureOfPreset("clip-vit-large-patch14").toJson();
    expect(json).toMatchObject({ text_config: { hidden_size: 768 }, vision_config: { patch_size: 14 } });
    expect(json).not.toHaveProperty("text_config_dict");
  });

  it("is refused by the section's key", () => {
    expect(() => read({ vision_config: { hidden_size: 0 } })).toThrow(
      "DIR, vision_config cannot be used: hidden_size must be above 0",
    );
    expect(() => read({ vision_config: { hidden_size: 770 } })).toThrow(
      "hidden_size 770 does not divide into 12 heads",
    );
    expect(() => read({ vision_config: [] })).toThrow();
    expect(() => read({ text_config: 3 })).toThrow("DIR cannot be used");
    expect(() => read({ text_config: { quantization_config: { bits: 4 } } })).toThrow(
      "DIR, text_config: quantization_config",
    );
  });
});

describe("images of another size", () => {
  const open = () => openModel(diskFolder("test/families/vit-image-classification"), { worker: false });
  const picture = (...shape: number[]) => ({
    dtype: "float32" as const,
    shape,
    data: Float32Array.from({ length: shape.reduce((product, d) => product * d, 1) }, (_, i) => Math.sin(i * i)),
  });
  const flag = (value: number) => ({ dtype: "bool" as const, shape: [], data: Uint8Array.of(value) });

  it("are refused unless positions are to be interpolated", async () => {
    const model = await open();
    const small = { pixelValues: picture(1, 3, 8, 20) };
    await expect(model.run(small)).rejects.toThrow(
      '"pixelValues" has the shape [1, 3, 8, 20]; expected [batch, 3, 12, 12]. With an option (interpolatePosEncoding)',
    );
    await expect(model.run({ ...small, interpolatePosEncoding: flag(0) })).rejects.toThrow(
      "expected [batch, 3, 12, 12]",
    );
    const outputs = ["hiddenStates.0"];
    const states = await model.run({ ...small, interpolatePosEncoding: flag(1) }, { outputs });
    expect(states.get("hiddenStates.0")!.shape).toEqual([1, 1 + 2 * 5, 15]);
    await model.dispose();
  });

  it("give what images of the right size give", async () => {
    const model = await open();
    const inputs = { pixelValues: picture(2, 3, 12, 12) };
    const plain = (await model.run(inputs)).get("logits")!;
    const stretched = (await model.run({ ...inputs, interpolatePosEncoding: flag(1) })).get("logits")!;
    expect(stretched.shape).toEqual(plain.shape);
    // Another program: an engine may order its sums otherwise.
    stretched.data.forEach((value, i) => {
      expect(value).toBeCloseTo(Number(plain.data[i]), 5);
    });
    await model.dispose();
  });
});

describe("CLIP", () => {
  const made = architectureOf({ model_type: "clip", architectures: ["CLIPModel"] }, "DIR");

  it("computes what images alone and texts alone give", () => {
    const names = (...given: string[]) => Object.keys(traceOf(made, given).outputs);
    expect(names("pixelValues")).toContain("imageEmbeds");
    expect(names("pixelValues")).not.toContain("logitsPerImage");
    expect(names("inputIds", "attentionMask")).toContain("textEmbeds");
    expect(names("inputIds", "pixelValues")).toContain("logitsPerImage");
    expect(names("inputIds", "pixelValues")).not.toContain("loss");
    expect(names("inputIds", "pixelValues", "returnLoss")).toContain("loss");
    expect(() => traceOf(made, [])).toThrow('needs the input "inputIds", or "pixelValues"');
  });

  it("takes options that are false as not given", () => {
    const inputIds = { dtype: "int32" as const, shape: [1, 2], data: Int32Array.of(1, 2) };
    expect(
      Object.keys(feedsOf(made, { inputIds, returnLoss: { dtype: "bool", shape: [], data: Uint8Array.of(0) } })),
    ).toEqual(["inputIds"]);
  });
});
