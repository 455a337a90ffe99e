import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IGNORED, padRows, tokenBatches, translationBatch, type PairLength } from "../../src/data/index.ts";
import { random } from "../../src/random/index.ts";

const lengthsOf = fc.array(
  fc.record({ source: fc.integer({ min: 1, max: 60 }), target: fc.integer({ min: 1, max: 60 }) }),
  {
    maxLength: 300,
  },
);
const optionsOf = fc.record({
  tokens: fc.integer({ min: 1, max: 500 }),
  seed: fc.nat(),
  epoch: fc.nat({ max: 50 }),
  multiple: fc.integer({ min: 1, max: 8 }),
});

/** Lengths as captions have them: around 14, source and target alike. */
function captions(count: number): PairLength[] {
  const draws = random(5, "captions");
  return Array.from({ length: count }, () => {
    const target = Math.max(4, Math.round(14 + 4 * draws.normal()));
    return { source: Math.max(4, Math.round(target + 2.5 * draws.normal())), target };
  });
}

describe("tokenBatches", () => {
  it("holds each example exactly once in an epoch, within the limit, and reports padding and what is too long", () => {
    fc.assert(
      fc.property(lengthsOf, optionsOf, (lengths, options) => {
        const { batches, padding, oversized } = tokenBatches(lengths, options);
        expect(batches.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        const up = (length: number): number => Math.ceil(length / options.multiple) * options.multiple;
        let [places, used] = [0, 0];
        for (const batch of batches) {
          const source = up(Math.max(...batch.map((index) => lengths[index]!.source)));
          const target = up(Math.max(...batch.map((index) => lengths[index]!.target)));
          places += batch.length * (source + target);
          for (const index of batch) used += lengths[index]!.source + lengths[index]!.target;
          if (batch.length > 1) expect(Math.max(source, target) * batch.length).toBeLessThanOrEqual(options.tokens);
        }
        if (places > 0) expect(padding.both).toBeCloseTo(1 - used / places, 10);
        const tooLong = [...lengths.keys()].filter(
          (index) => up(Math.max(lengths[index]!.source, lengths[index]!.target)) > options.tokens,
        );
        expect([...oversized].sort((a, b) => a - b)).toEqual(tooLong);
        for (const index of tooLong) expect(batches).toContainEqual([index]);
      }),
    );
  });

  it("depends on seed and epoch alone", () => {
    const lengths = captions(500);
    const at = (seed: number, epoch: number) => tokenBatches(lengths, { tokens: 300, seed, epoch }).batches;
    expect(at(1, 2)).toEqual(at(1, 2));
    expect(at(1, 3)).not.toEqual(at(1, 2));
    expect(at(2, 2)).not.toEqual(at(1, 2));
  });

  it("mixes: few examples that share a batch share one again in the next epoch, and lengths come in no order", () => {
    const lengths = captions(20_000);
    const [first, second] = [0, 1].map((epoch) => tokenBatches(lengths, { tokens: 512, seed: 1, epoch }).batches);
    const place = new Map(second!.flatMap((batch, number) => batch.map((index) => [index, number] as const)));
    let [together, all] = [0, 0];
    for (const batch of first!) {
      for (const a of batch)
        for (const b of batch) if (a < b) [together, all] = [together + Number(place.get(a) === place.get(b)), all + 1];
    }
    expect(together / all).toBeLessThan(0.35);
    const means = first!.map((batch) => batch.reduce((sum, index) => sum + lengths[index]!.target, 0) / batch.length);
    const rises = means.slice(1).filter((mean, i) => mean > means[i]!).length / (means.length - 1);
    expect(rises).toBeGreaterThan(0.3);
    expect(rises).toBeLessThan(0.7);
  });

  it.each([
    [512, 0.01],
    [1024, 0.015],
    [4096, 0.03],
  ])("pads little on caption-like lengths without smaller batches: %i tokens, under %f", (tokens, bound) => {
    const lengths = captions(29_000);
    const least = lengths.reduce((sum, { source, target }) => sum + Math.max(source, target), 0) / tokens;
    for (const epoch of [0, 1, 2]) {
      const { batches, padding } = tokenBatches(lengths, { tokens, seed: 1, epoch });
      expect(padding.both).toBeLessThan(bound);
      expect(batches.length).toBeLessThan(1.1 * least);
    }
  });

  it("separates examples that share a batch in some epochs, also where batches are large", () => {
    const lengths = captions(29_000);
    const epochs = Array.from({ length: 6 }, (_, epoch) => {
      const { batches } = tokenBatches(lengths, { tokens: 4096, seed: 1, epoch });
      return new Map(batches.flatMap((batch, number) => batch.map((index) => [index, number] as const)));
    });
    let [always, pairs] = [0, 0];
    for (let a = 0; a < 2000; a++) {
      for (let b = 0; b < a; b++) {
        if (epochs[0]!.get(a) !== epochs[0]!.get(b)) continue;
        pairs++;
        if (epochs.every((place) => place.get(a) === place.get(b))) always++;
      }
    }
    expect(always / pairs).toBeLessThan(0.3);
  });

  it("refuses limits that are no whole numbers above 0, and has no batches for no examples", () => {
    const plain = { tokens: 10, seed: 1, epoch: 0 };
    expect(tokenBatches([], plain)).toEqual({ batches: [], padding: { source: 0, target: 0, both: 0 }, oversized: [] });
    expect(() => tokenBatches([], { ...plain, tokens: 0 })).toThrow("tokens is 0");
    expect(() => tokenBatches([], { ...plain, multiple: 1.5 })).toThrow("multiple is 1.5");
  });
});

describe("translationBatch", () => {
  const pairs = [
    { source: [7, 8, 2], target: [5, 2] },
    { source: [9, 2], target: Int32Array.of(4, 5, 6, 2) },
  ];

  it("shifts the target behind the start token and ignores padding in the labels", () => {
    const batch = translationBatch(pairs, { pad: 0, start: 1 });
    expect(batch.source).toEqual({ data: Int32Array.of(7, 8, 2, 9, 2, 0), shape: [2, 3] });
    expect(batch.target).toEqual({ data: Int32Array.of(1, 5, 0, 0, 1, 4, 5, 6), shape: [2, 4] });
    expect(batch.labels).toEqual({ data: Int32Array.of(5, 2, IGNORED, IGNORED, 4, 5, 6, 2), shape: [2, 4] });
    expect(batch.tokens).toBe(6);
  });

  it("rounds lengths up to a multiple", () => {
    const batch = translationBatch(pairs, { pad: 3, start: 1, multiple: 4 });
    expect(batch.source).toEqual({ data: Int32Array.of(7, 8, 2, 3, 9, 2, 3, 3), shape: [2, 4] });
    expect(batch.tokens).toBe(6);
  });

  it("gives back every token where it was", () => {
    const rows = fc.array(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 5 }), (each, multiple) => {
        const { data, shape } = padRows(each, 0, multiple);
        expect(shape[1] % multiple).toBe(0);
        expect(shape[1] - Math.max(...each.map((row) => row.length))).toBeLessThan(multiple);
        for (const [index, row] of each.entries()) {
          const found = Array.from(data.subarray(index * shape[1], (index + 1) * shape[1]));
          expect(found).toEqual([...row, ...Array<number>(shape[1] - row.length).fill(0)]);
        }
      }),
    );
  });

  it("refuses no pairs and sides without tokens", () => {
    expect(() => translationBatch([], { pad: 0, start: 1 })).toThrow("at least one pair");
    expect(() => translationBatch([...pairs, { source: [1], target: [] }], { pad: 0, start: 1 })).toThrow(
      "Pair 2 of the batch has no target tokens",
    );
  });
});
