import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors/index.ts";
import {
  parseConfig,
  transformerConfig,
  transformerFromJson,
  transformerParts,
  transformerPresets,
  transformerToJson,
  type TransformerConfig,
  type TransformerPreset,
} from "../../src/models/index.ts";
import { Trace } from "../../src/nn/index.ts";
import type { HostTensor } from "../../src/onnx/index.ts";
import { createEngine, type Engine, type Values } from "../../src/runtime/index.ts";
import {
  compute,
  distance,
  drawnParameters,
  floats,
  ids,
  relativeDistance,
  smallConfig,
  traceTransformer,
} from "./programs.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ worker: false, threads: 1 });
});
afterAll(() => engine.dispose());

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);

/** The parameters that tracing meets, added up. */
function tracedCount(config: TransformerConfig): number {
  const { trace } = traceTransformer(config, "forward");
  return [...trace.parameters.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Logits, and whatever else is asked for by record name. */
async function forward(config: TransformerConfig, feeds: Values, records: readonly string[] = []): Promise<Values> {
  const { trace, logits } = traceTransformer(config, "forward");
  const wanted = records.map((name) => [name, trace.records.get(name)!] as const);
  return compute(
    engine,
    { logits, ...Object.fromEntries(wanted) },
    { ...feeds, ...Object.fromEntries(drawnParameters(trace)) },
  );
}

/** The rows of the last axis. */
function rows({ data, shape }: HostTensor): Float32Array[] {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, i) =>
    (data as Float32Array).subarray(i * width, (i + 1) * width),
  );
}

describe("parameter counts", () => {
  // Per layer: attention 4 (D² + D), feed-forward 2 D F + F + D, a norm 2 D; the table V D. Worked out by hand.
  const expected: [TransformerPreset, number, number][] = [
    ["tiny", 10_000, 4 * (132_480 + 198_784) + 1_280_000],
    ["tiny", 37_000, 6_061_056],
    ["small", 10_000, 6 * (789_760 + 1_053_440) + 2_560_000],
    ["small", 37_000, 20_531_200],
    ["base", 10_000, 6 * (3_152_384 + 4_204_032) + 5_120_000],
    ["base", 37_000, 63_082_496],
    ["big", 10_000, 6 * (12_596_224 + 16_796_672) + 10_240_000],
    ["big", 37_000, 214_245_376],
  ];
  it.each(expected)("%s with %d tokens", (preset, vocabulary, count) => {
    const config = transformerConfig.parse({ ...transformerPresets[preset], vocabulary });
    expect(transformerParts(config).total).toBe(count);
    expect(tracedCount(config)).toBe(count);
  });

  it("by formula are those of the traced model, whatever the config", () => {
    const small = fc.integer({ min: 1, max: 3 });
    const config = fc.record({
      vocabulary: fc.integer({ min: 3, max: 40 }),
      targetVocabulary: fc.option(fc.integer({ min: 3, max: 40 }), { nil: undefined }),
      encoderLayers: small,
      decoderLayers: small,
      width: small.map((n) => 4 * n),
      feedForward: fc.integer({ min: 1, max: 9 }),
      heads: fc.constantFrom(1, 2, 4),
      normalization: fc.constantFrom("pre", "post"),
      positions: fc.constantFrom("interleaved", "halves", "learned"),
      tiedEmbeddings: fc.constantFrom("all", "output", "none"),
      maxPositions: fc.integer({ min: 1, max: 9 }),
    });
    const sensible = config.filter((c) => c.tiedEmbeddings !== "all" || c.targetVocabulary === undefined);
    fc.assert(
      fc.property(sensible, (settings) => {
        const parsed = transformerConfig.parse(settings);
        expect(transformerParts(parsed).total).toBe(tracedCount(parsed));
      }),
      { numRuns: 30 },
    );
  });
});

describe("configs", () => {
  const valid = { vocabulary: 23 };
  const parse = (settings: Record<string, unknown>): TransformerConfig =>
    parseConfig(
      transformerConfig,
      { ...valid, ...settings },
      "translator.yaml",
      Object.keys(transformerConfig.parse(valid)),
    );

  it("have the paper's choices where nothing is said", () => {
    expect(parse({})).toMatchObject({
      ...transformerPresets.base,
      dropout: 0.1,
      normalization: "post",
      activation: "relu",
      positions: "interleaved",
      tiedEmbeddings: "all",
    });
  });

  it.each([
    [{ hedas: 4 }, /there is no key "hedas"; did you mean "heads"\?/],
    [{ encoder_layers: 4 }, /there is no key "encoder_layers"; did you mean "encoderLayers"\?/],
    [{ width: 10, heads: 4 }, /heads: 4 heads cannot share a width of 10 evenly/],
    [{ targetVocabulary: 9 }, /tiedEmbeddings: two vocabularies cannot share one matrix; use "output" or "none"/],
    [{ activation: "swish" }, /activation must be one of relu, gelu, gelu_tanh, silu, quick_gelu, tanh/],
    [{ normalization: "both" }, /normalization must be one of post, pre/],
    [{ positions: "rotary" }, /positions must be one of interleaved, halves, learned/],
    [{ dropout: 1 }, /dropout must be below 1, not 1\./],
    [{ width: 12.5 }, /width must be a whole number, not 12\.5\./],
    [{ decoderLayers: 0 }, /decoderLayers must be above 0, not 0\./],
  ])("refuse %j", (settings, message) => {
    expect(() => parse(settings)).toThrow(ConfigError);
    expect(() => parse(settings)).toThrow(message);
  });

  it("come back from config.json", () => {
    const config = smallConfig({ targetVocabulary: 9, tiedEmbeddings: "none", positions: "learned" });
    const json = JSON.parse(JSON.stringify(transformerToJson(config))) as Record<string, unknown>;
    expect(transformerFromJson(json, "config.json")).toEqual(config);
    expect(() => transformerFromJson({ ...json, d_modle: 9 }, "config.json")).toThrow(
      /unknown key "d_modle".*"d_model"/,
    );
    expect(() => transformerFromJson({ ...json, model_type: "bert" }, "config.json")).toThrow(ConfigError);
  });
});

describe("masks", () => {
  const variants = [smallConfig(), smallConfig({ normalization: "pre", positions: "learned", activation: "gelu" })];
  const source = ids([5, 6, 7, 2], [8, 9, 2, 0]);

  it.each(variants)("a later target token changes no earlier logits (%#)", async (config) => {
    const before = await forward(config, { source, target: ids([1, 4, 5, 6, 7], [1, 9, 9, 9, 9]) });
    const after = await forward(config, { source, target: ids([1, 4, 5, 20, 7], [1, 9, 9, 9, 9]) });
    const [a, b] = [rows(before["logits"]!), rows(after["logits"]!)];
    for (const [i, row] of a.entries()) {
      if (i < 3 || i > 4) expect(distance(row, b[i]!)).toBeLessThan(1e-6);
      else expect(relativeDistance(row, b[i]!)).toBeGreaterThan(1e-2);
    }
  });

  it.each(variants)("padding the source further changes nothing (%#)", async (config) => {
    const target = ids([1, 4, 5], [1, 9, 9]);
    const before = await forward(config, { source, target });
    const after = await forward(config, { source: ids([5, 6, 7, 2, 0, 0, 0], [8, 9, 2, 0, 0, 0, 0]), target });
    expect(distance(floats(after["logits"]), floats(before["logits"]))).toBeLessThan(1e-6);
    const other = await forward(config, { source: ids([5, 6, 7, 2], [8, 9, 2, 3]), target });
    const [a, b] = [rows(before["logits"]!), rows(other["logits"]!)];
    expect(distance(a[0]!, b[0]!)).toBeLessThan(1e-6);
    expect(relativeDistance(a[3]!, b[3]!)).toBeGreaterThan(1e-2);
  });

  it("an example's logits do not depend on its neighbors", async () => {
    const config = smallConfig();
    const both = await forward(config, { source, target: ids([1, 4, 5], [1, 9, 9]) });
    const alone = await forward(config, { source: ids([8, 9, 2]), target: ids([1, 9, 9]) });
    expect(distance(floats(both["logits"]).subarray(3 * 23), floats(alone["logits"]))).toBeLessThan(1e-5);
  });

  it("a source of nothing but padding gives finite logits", async () => {
    const { logits } = await forward(smallConfig(), { source: ids([0, 0]), target: ids([1, 4]) });
    expect(floats(logits).every((value) => Number.isFinite(value))).toBe(true);
  });
});

describe("records", () => {
  const config = smallConfig();
  const attentions = (layer: number): string[] => [
    `model.encoder.layers.${layer}.self_attn.attention`,
    `model.decoder.layers.${layer}.self_attn.attention`,
    `model.decoder.layers.${layer}.encoder_attn.attention`,
  ];

  it("are named by their place in the model, and as all families name theirs", () => {
    const { trace } = traceTransformer(config, "forward");
    const layers = (stack: string, names: readonly string[]): string[] =>
      [0, 1].flatMap((i) => names.map((name) => `model.${stack}.layers.${i}.${name}`));
    const expected = [
      ...["encoder", "decoder"].flatMap((stack) => [
        `model.${stack}.embed_positions.positions`,
        `model.${stack}.embeddings`,
      ]),
      ...layers("encoder", ["self_attn.attention", "hidden"]),
      ...layers("decoder", ["self_attn.attention", "encoder_attn.attention", "hidden"]),
      ...["encoder", "decoder"].flatMap((stack) => [0, 1, 2].map((i) => `${stack}HiddenStates.${i}`)),
      ...["encoder", "decoder", "cross"].flatMap((kind) =>
        ["Attentions", "Queries", "Keys", "Values", "Contexts"].flatMap((part) =>
          [0, 1].map((i) => `${kind}${part}.${i}`),
        ),
      ),
      "encoderLastHiddenState",
    ];
    expect([...trace.records.keys()].sort()).toEqual(expected.sort());
  });

  it("of attention: each row sums to 1, and gives nothing to what is masked", async () => {
    const names = [0, 1].flatMap(attentions);
    const feeds = { source: ids([5, 6, 7, 2], [8, 9, 2, 0]), target: ids([1, 4, 5], [1, 9, 9]) };
    const results = await forward(config, feeds, [...names, "model.encoder.layers.1.hidden"]);
    expect(results["model.encoder.layers.1.hidden"]!.shape).toEqual([2, 4, 16]);
    for (const name of names) {
      const weights = results[name]!;
      const [times, keys] = [
        name.includes("encoder.layers") ? 4 : 3,
        name.includes("decoder.layers") && name.includes("self") ? 3 : 4,
      ];
      expect(weights.shape, name).toEqual([2, 4, times, keys]);
      for (const [i, row] of rows(weights).entries()) {
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
        const [example, time] = [Math.floor(i / (4 * times)), i % times];
        const hidden = (key: number): boolean => (keys === 3 ? key > time : example === 1 && key === 3);
        for (const [key, weight] of row.entries()) expect(weight > 0, `${name} ${i} ${key}`).toBe(!hidden(key));
      }
    }
  });

  it("are the same in a program for training, but for dropout", () => {
    const forwardNames = [...traceTransformer(config, "forward").trace.records.keys()];
    expect([...traceTransformer(config, "training").trace.records.keys()]).toEqual(forwardNames);
    expect(new Trace("forward").records.size).toBe(0);
  });
});
