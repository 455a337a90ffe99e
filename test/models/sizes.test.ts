/** Published sizes have the published numbers of parameters; nothing is allocated for it. */
import { describe, expect, it } from "vitest";
import { architectureOfPreset, parametersOf } from "../../src/models/index.ts";

describe("published sizes", () => {
  it.each([
    ["gpt2", 124_439_808],
    ["openai-gpt", 116_534_784],
    ["ctrl", 1_637_964_550],
    ["transfo-xl-wt103", 285_205_322],
    ["llama-7b", 6_738_415_616],
    ["llama-13b", 13_015_864_320],
    ["llama-30b", 32_528_943_616],
    ["llama-65b", 65_285_660_672],
    ["llama-2-7b", 6_738_415_616],
    ["llama-2-13b", 13_015_864_320],
    ["llama-2-70b", 68_976_648_192],
    ["llama-3-8b", 8_030_261_248],
    ["llama-3-70b", 70_553_706_496],
    ["llama-3.1-8b", 8_030_261_248],
    ["llama-3.2-1b", 1_235_814_400],
    ["llama-3.2-3b", 3_212_749_824],
    ["tinyllama-1.1b", 1_100_048_384],
  ])("%s: %i", (preset, count) => {
    const trained = parametersOf(architectureOfPreset(preset)).filter((parameter) => parameter.trained);
    const sizes = trained.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  });
});
