/** Published sizes have the published numbers of parameters, as `transformers` 5.23 counts them. */
import { describe, expect, it } from "vitest";
import { architectureOfPreset, families, parametersOf, type ModelTask } from "../../src/models/index.ts";

/** Without what is no parameter in PyTorch but a buffer: tables of angles. */
function sizeOf(preset: string, task?: ModelTask): number {
  return parametersOf(architectureOfPreset(preset, { task }))
    .filter(({ name }) => !name.endsWith("inv_freq"))
    .reduce((sum, { shape }) => sum + shape.reduce((product, d) => product * d, 1), 0);
}

/** Of the bare model, and of the one that masked words are predicted with. */
const encoders: Readonly<Record<string, readonly [number, number]>> = {
  "bert-base": [109_482_240, 109_514_298],
  "bert-large": [335_141_888, 335_174_458],
  "roberta-base": [124_645_632, 124_697_433],
  "roberta-large": [355_359_744, 355_412_057],
  "distilbert-base": [66_362_880, 66_985_530],
  "albert-base-v2": [11_683_584, 11_221_680],
  "albert-large-v2": [17_683_968, 16_795_824],
  "albert-xlarge-v2": [58_724_864, 54_821_040],
  "albert-xxlarge-v2": [222_595_584, 206_368_944],
  "electra-small-generator": [13_483_008, 13_546_682],
  "electra-base-generator": [33_511_168, 33_740_602],
  "electra-large-generator": [50_999_552, 51_295_290],
  esm2_t6_8M: [7_511_801, 7_512_474],
  esm2_t12_35M: [33_500_401, 33_501_394],
  esm2_t30_150M: [148_138_841, 148_140_154],
  esm2_t33_650M: [651_040_661, 651_043_254],
  esm2_t36_3B: [2_839_000_481, 2_839_005_634],
  esm2_t48_15B: [15_129_089_921, 15_129_100_194],
};

/** Of the bare model, and with the head it was trained with. */
const discriminators: Readonly<Record<string, readonly [number, number]>> = {
  "electra-small-discriminator": [13_483_008, 13_549_057],
  "electra-base-discriminator": [108_891_648, 109_483_009],
  "electra-large-discriminator": [334_092_288, 335_142_913],
};

describe("published sizes", () => {
  it.each(Object.entries(encoders))("%s", (preset, [bare, withHead]) => {
    expect([sizeOf(preset), sizeOf(preset, "masked-lm")]).toEqual([bare, withHead]);
  });

  it.each(Object.entries(discriminators))("%s", (preset, [bare, withHead]) => {
    expect([sizeOf(preset), sizeOf(preset, "pre-training")]).toEqual([bare, withHead]);
  });

  it("are all of those of the encoders", () => {
    const types = ["albert", "bert", "distilbert", "electra", "esm", "roberta"];
    const named = families.filter(({ modelType }) => types.includes(modelType)).flatMap(({ presets }) => presets);
    expect(named.sort()).toEqual([...Object.keys(encoders), ...Object.keys(discriminators)].sort());
  });
});
