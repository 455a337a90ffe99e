/** Parameters by part: every published size adds up, and parts are told from paths alike in all families. */
import { describe, expect, it } from "vitest";
import { countParameters, type ParameterCounts } from "../../src/insight/index.ts";
import {
  architectureOf,
  architectureOfPreset,
  families,
  parametersOf,
  type ModelTask,
} from "../../src/models/index.ts";

const counts = (preset: string, task?: ModelTask): ParameterCounts =>
  countParameters(parametersOf(architectureOfPreset(preset, { task })));

/** As transformers 5.23 counts them: num_parameters() of the first class of the family. */
const totals: Readonly<Record<string, number>> = {
  "bert-base": 109_482_240,
  "bert-large": 335_141_888,
  "roberta-base": 124_645_632,
  "roberta-large": 355_359_744,
  "distilbert-base": 66_362_880,
  "albert-base-v2": 11_683_584,
  "albert-large-v2": 17_683_968,
  "albert-xlarge-v2": 58_724_864,
  "albert-xxlarge-v2": 222_595_584,
  "electra-small-generator": 13_483_008,
  "electra-base-generator": 33_511_168,
  "electra-large-generator": 50_999_552,
  "electra-small-discriminator": 13_483_008,
  "electra-base-discriminator": 108_891_648,
  "electra-large-discriminator": 334_092_288,
  esm2_t6_8M: 7_511_801,
  esm2_t12_35M: 33_500_401,
  esm2_t30_150M: 148_138_841,
  esm2_t33_650M: 651_040_661,
  esm2_t36_3B: 2_839_000_481,
  esm2_t48_15B: 15_129_089_921,
  gpt2: 124_439_808,
  "gpt2-medium": 354_823_168,
  "gpt2-large": 774_030_080,
  "gpt2-xl": 1_557_611_200,
  "openai-gpt": 116_534_784,
  ctrl: 1_637_964_550,
  "transfo-xl-wt103": 285_205_322,
  "llama-7b": 6_738_415_616,
  "llama-13b": 13_015_864_320,
  "llama-30b": 32_528_943_616,
  "llama-65b": 65_285_660_672,
  "llama-2-7b": 6_738_415_616,
  "llama-2-13b": 13_015_864_320,
  "llama-2-70b": 68_976_648_192,
  "llama-3-8b": 8_030_261_248,
  "llama-3-70b": 70_553_706_496,
  "llama-3.1-8b": 8_030_261_248,
  "llama-3.2-1b": 1_235_814_400,
  "llama-3.2-3b": 3_212_749_824,
  "tinyllama-1.1b": 1_100_048_384,
  "bart-base": 139_420_416,
  "bart-large": 406_291_456,
  "mbart-large-cc25": 610_851_840,
  "mbart-large-50": 610_879_488,
  "opus-mt": 73_886_208,
  "t5-small": 60_506_624,
  "t5-base": 222_903_552,
  "t5-large": 737_668_096,
  "t5-3b": 2_851_598_336,
  "t5-11b": 11_307_321_344,
  "t5-v1_1-small": 76_961_152,
  "t5-v1_1-base": 247_577_856,
  "t5-v1_1-large": 783_150_080,
  "t5-v1_1-xl": 2_849_757_184,
  "t5-v1_1-xxl": 11_135_332_352,
};

describe("published sizes", () => {
  it.each(Object.entries(totals))("%s: %i", (preset, total) => {
    const { parts, total: found } = counts(preset);
    expect(found).toBe(total);
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(total);
    expect(parts.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it("all add up, whatever their head, and have no part without a name", () => {
    for (const { presets, heads } of families) {
      const [preset] = presets;
      if (preset === undefined) continue;
      for (const className of Object.keys(heads)) {
        const parameters = parametersOf(architectureOfPreset(preset, { className }));
        const { parts, total } = countParameters(parameters);
        const size = parameters
          .filter(({ name }) => !/inv_freq|final_logits_bias/.test(name))
          .reduce((sum, { shape }) => sum + shape.reduce((product, d) => product * d, 1), 0);
        expect([className, total]).toEqual([className, size]);
        for (const { part, times, each, count } of parts) expect([part, times * each]).toEqual([part, count]);
      }
    }
  });
});

/** Each part with how often it is there. */
const timesOf = ({ parts }: ParameterCounts): Record<string, number> =>
  Object.fromEntries(parts.map(({ part, times }) => [part, times]));

describe("parts", () => {
  it("of an encoder: embeddings first, the head last", () => {
    expect(Object.entries(timesOf(counts("bert-base", "masked-lm")))).toEqual([
      ...[
        ["embeddings", 1],
        ["token types", 1],
        ["positions", 1],
      ],
      ...[
        ["norms", 25],
        ["attention", 12],
        ["feed-forward", 12],
        ["output layer", 1],
      ],
    ]);
    expect(timesOf(counts("bert-base", "sequence-classification"))).toMatchObject({ pooler: 1, head: 1 });
    expect(timesOf(counts("albert-base-v2"))).toMatchObject({ attention: 1, "embedding projection": 1 });
    expect(timesOf(counts("distilbert-base", "masked-lm"))).toMatchObject({
      attention: 6,
      norms: 13,
      "output layer": 1,
    });
    expect(timesOf(counts("esm2_t6_8M", "masked-lm"))).toMatchObject({
      attention: 6,
      norms: 13,
      head: 1,
      "output layer": 1,
    });
  });

  it("of a decoder, whose tied output layer counts once, with the embeddings", () => {
    expect(timesOf(counts("gpt2"))).toEqual({
      embeddings: 1,
      positions: 1,
      norms: 25,
      attention: 12,
      "feed-forward": 12,
    });
    expect(counts("gpt2").parts[0]).toMatchObject({ part: "embeddings", each: 50257 * 768 });
    expect(timesOf(counts("llama-7b"))).toEqual({
      embeddings: 1,
      norms: 65,
      attention: 32,
      "feed-forward": 32,
      "output layer": 1,
    });
  });

  it("of an encoder-decoder, of both stacks", () => {
    expect(timesOf(counts("t5-small"))).toEqual({
      ...{ embeddings: 1, "encoder relative positions": 1, "decoder relative positions": 1 },
      ...{ "encoder norms": 13, "encoder attention": 6, "encoder feed-forward": 6 },
      ...{ "decoder norms": 19, "decoder attention": 6, "decoder cross-attention": 6, "decoder feed-forward": 6 },
    });
    expect(timesOf(counts("bart-base"))).toMatchObject({
      embeddings: 1,
      "encoder positions": 1,
      "decoder cross-attention": 6,
    });
  });

  it("of two towers, and of images", () => {
    expect(timesOf(counts("clip-vit-base-patch32"))).toMatchObject({
      ...{ "text attention": 12, "vision attention": 12, "text embeddings": 1, "vision patch embeddings": 1 },
      ...{ "projections into the common space": 1 },
    });
    expect(timesOf(counts("vit-base-patch16-224", "image-classification"))).toMatchObject({
      ...{ "patch embeddings": 1, "class and mask tokens": 1, positions: 1, attention: 12, head: 1 },
    });
  });

  it("of layers of unlike sizes stand in rows of their own", () => {
    const json = {
      model_type: "transfo-xl",
      vocab_size: 20,
      cutoffs: [5, 9],
      div_val: 2,
      d_model: 8,
      d_embed: 8,
      n_head: 2,
      d_head: 4,
    };
    const { parts } = countParameters(parametersOf(architectureOf(json, "config.json")));
    expect(parts.filter(({ part }) => part === "embeddings").map(({ each }) => each)).toEqual([5 * 8, 4 * 4, 11 * 2]);
  });
});
