import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corruptedLengths, corruptSpans, longestText, spanCounts, spanMask } from "../../src/data/index.ts";
import { random } from "../../src/random/index.ts";

/** What the published algorithm gives, by tools/goldens/span_corruption.py. */
interface Golden {
  readonly counts: readonly { readonly length: number; readonly corrupted: number; readonly spans: number }[];
  readonly raw: readonly { readonly input: number; readonly length: number; readonly target: number }[];
  readonly places: { readonly length: number; readonly draws: number; readonly share: readonly number[] };
  readonly segments: {
    readonly items: number;
    readonly segments: number;
    readonly shares: Readonly<Record<string, number>>;
  };
}
const golden = JSON.parse(readFileSync("test/data/golden/span-corruption.json", "utf8")) as Golden;

const SENTINELS = Array.from({ length: 100 }, (_, i) => 5000 + i);
const text = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe("T5's span corruption", () => {
  it("hides as many tokens in as many spans as the published algorithm", () => {
    for (const { length, ...counts } of golden.counts) expect(spanCounts(length), `of ${length}`).toEqual(counts);
  });

  it("knows how long a text may be", () => {
    // The published target has no last sentinel.
    for (const { input, length, target } of golden.raw) {
      expect(longestText(input)).toBe(length);
      expect(corruptedLengths(length)).toEqual({ input, target: target + 1 });
    }
  });

  it("hides each place as often as the published algorithm", () => {
    const { length, share } = golden.places;
    const draws = 20000;
    const counts = new Array<number>(length).fill(0);
    for (let seed = 0; seed < draws; seed++) {
      for (const [i, hidden] of spanMask(length, { roll: false }, random("places", seed)).entries())
        counts[i]! += hidden;
    }
    for (const [i, expected] of share.entries()) expect(counts[i]! / draws, `place ${i}`).toBeCloseTo(expected, 1.7);
  });

  it("hides each place of a short text as often, unless it ends as published", () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4500; seed++) {
      for (const [i, hidden] of spanMask(10, {}, random("roll", seed)).entries()) counts[i]! += hidden;
      expect(spanMask(10, { roll: false }, random(seed)).join("")).toBe("0000000011");
    }
    // Nine places for a span of two: 500 each, and twice that where two of them meet.
    for (const [i, count] of counts.entries()) {
      expect(Math.abs(count - (i === 0 || i === 9 ? 500 : 1000)), `place ${i}`).toBeLessThan(130);
    }
  });

  it("cuts into spans in all ways equally often", () => {
    // 40 % of 15 tokens: 6 in 3 spans, which begin after each token that stays but before which one does.
    const shares = new Map<string, number>();
    const draws = 10000;
    for (let seed = 0; seed < draws; seed++) {
      const mask = spanMask(15, { density: 0.4, meanLength: 2 }, random("cuts", seed));
      const lengths = mask
        .join("")
        .match(/1+/g)!
        .map((run) => run.length);
      shares.set(lengths.join(), (shares.get(lengths.join()) ?? 0) + 1 / draws);
    }
    expect([...shares.keys()].sort()).toEqual(Object.keys(golden.segments.shares).sort());
    for (const [cut, share] of Object.entries(golden.segments.shares)) expect(shares.get(cut)).toBeCloseTo(share, 1.5);
  });

  it("gives inputs and targets that make up the text again", () => {
    const corruptions = fc.record({
      density: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
      meanLength: fc.double({ min: 1, max: 6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 120 }), corruptions, fc.integer(), (length, corruption, seed) => {
        const { corrupted, spans } = spanCounts(length, corruption);
        const { input, target } = corruptSpans(text(length), SENTINELS, corruption, random(seed));
        expect({ input: input.length + 1, target: target.length + 1 }).toEqual(corruptedLengths(length, corruption));
        expect(input.filter((id) => id >= 5000)).toEqual(SENTINELS.slice(0, spans));
        expect(target.filter((id) => id >= 5000)).toEqual(SENTINELS.slice(0, spans + 1));
        expect(target.filter((id) => id < 5000)).toHaveLength(corrupted);
        const behind = (sentinel: number): number[] => {
          const start = target.indexOf(sentinel) + 1;
          return target.slice(
            start,
            target.findIndex((id, i) => i >= start && id >= 5000),
          );
        };
        expect(input.flatMap((id) => (id >= 5000 ? behind(id) : [id]))).toEqual(text(length));
      }),
    );
  });

  it("is the same for the same generator and drawn anew by another", () => {
    const draw = (seed: number): string => spanMask(40, {}, random(seed)).join("");
    expect(draw(1)).toBe(draw(1));
    expect(new Set([1, 2, 3, 4, 5, 6].map(draw)).size).toBeGreaterThan(4);
  });

  it("says what cannot be corrupted", () => {
    expect(() => spanCounts(1)).toThrow("needs at least 2");
    expect(() => spanCounts(10, { density: 0 })).toThrow("a share between 0 and 1");
    expect(() => corruptSpans(text(100), [1, 2], {}, random(1))).toThrow("has 2 sentinels");
  });
});
