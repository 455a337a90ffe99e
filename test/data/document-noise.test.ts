import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addNoise,
  documentRotation,
  sentencePermutation,
  textInfilling,
  tokenDeletion,
  tokenMasking,
} from "../../src/data/index.ts";
import { poisson } from "../../src/data/document-noise.ts";
import { random } from "../../src/random/index.ts";

const MASK = 1000;
/** 0, 1, 2, … : every token tells its place. */
const text = (length: number): number[] => Array.from({ length }, (_, i) => i);
const texts = fc.integer({ min: 0, max: 60 }).map(text);
const shares = fc.double({ min: 0, max: 1, noNaN: true });
const seeds = fc.integer({ min: 0, max: 1e9 });
const masks = (ids: readonly number[]): number => ids.filter((id) => id === MASK).length;
const rises = (ids: readonly number[]): boolean => ids.every((id, i) => i === 0 || id > ids[i - 1]!);

describe("token masking", () => {
  it("puts the mask token in a share of the places and leaves the others", () => {
    fc.assert(
      fc.property(texts, shares, seeds, (ids, share, seed) => {
        const noisy = tokenMasking(ids, { share, mask: MASK }, random(seed));
        expect(noisy).toHaveLength(ids.length);
        expect(masks(noisy)).toBe(Math.round(share * ids.length));
        expect(noisy.every((id, i) => id === MASK || id === ids[i])).toBe(true);
      }),
    );
  });

  it("chooses every place equally often", () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4000; seed++) {
      const noisy = tokenMasking(text(10), { share: 0.3, mask: MASK }, random("places", seed));
      for (const [i, id] of noisy.entries()) if (id === MASK) counts[i]!++;
    }
    // 1,200 expected, with a standard deviation of 29.
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(130);
  });
});

describe("token deletion", () => {
  it("leaves a share out and the others in their order", () => {
    fc.assert(
      fc.property(texts, shares, seeds, (ids, share, seed) => {
        const noisy = tokenDeletion(ids, { share }, random(seed));
        expect(noisy).toHaveLength(ids.length - Math.round(share * ids.length));
        expect(rises(noisy)).toBe(true);
      }),
    );
  });
});

describe("text infilling", () => {
  it("takes exactly a share of the tokens, and each span or insertion is one mask", () => {
    fc.assert(
      fc.property(texts, shares, seeds, (ids, share, seed) => {
        const { ids: noisy, removed, spans, insertions } = textInfilling(ids, { share, mask: MASK }, random(seed));
        expect(removed).toBe(Math.round(share * ids.length));
        expect(masks(noisy)).toBe(spans + insertions);
        const kept = noisy.filter((id) => id !== MASK);
        expect(kept).toHaveLength(ids.length - removed);
        expect(rises(kept)).toBe(true);
        // Between two kept tokens that were neighbors lies nothing but insertions.
        const gaps = noisy.filter((id, i) => id !== MASK && i > 0 && noisy[i - 1] !== MASK && id !== noisy[i - 1]! + 1);
        expect(gaps).toEqual([]);
      }),
    );
  });

  it("draws lengths from a Poisson distribution of mean 3, zeros among them", () => {
    const counts = new Array<number>(30).fill(0);
    for (let seed = 0; seed < 20000; seed++) counts[poisson(3, random("lengths", seed))]!++;
    const expected = (k: number): number => (20000 * Math.exp(-3) * 3 ** k) / [1, 1, 2, 6, 24, 120, 720][k]!;
    for (const k of [0, 1, 2, 3, 4, 5, 6]) {
      expect(Math.abs(counts[k]! - expected(k)), `length ${k}`).toBeLessThan(5 * Math.sqrt(expected(k)));
    }
  });

  it("inserts one mask for about 5 % of the lengths and covers a span with each of the others", () => {
    let [spans, insertions, removed] = [0, 0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const made = textInfilling(text(400), { share: 0.3, mask: MASK }, random("infill", seed));
      [spans, insertions, removed] = [spans + made.spans, insertions + made.insertions, removed + made.removed];
    }
    expect(insertions / (spans + insertions)).toBeCloseTo(Math.exp(-3), 2);
    // 3 / (1 − e⁻³) = 3.16, less what the last span of each text is cut by.
    expect(removed / spans).toBeGreaterThan(3.05);
    expect(removed / spans).toBeLessThan(3.17);
  });

  it("refuses shares and lengths that are none", () => {
    expect(() => textInfilling([1], { share: 1.5, mask: MASK }, random(1))).toThrow("expected a number from 0 to 1");
    expect(() => textInfilling([1], { share: 0.5, mask: MASK, meanLength: 0 }, random(1))).toThrow("at least 1");
  });
});

describe("sentence permutation and document rotation", () => {
  it("keeps all sentences, and makes each order equally often", () => {
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const order = sentencePermutation(["a", "b", "c"], random("order", seed)).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
    for (const count of orders.values()) expect(Math.abs(count - 500)).toBeLessThan(110);
  });

  it("rotates to every token, and nothing is lost", () => {
    const starts = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const ids = documentRotation(text(7), random("turn", seed));
      expect(ids).toEqual(text(7).map((i) => (i + ids[0]!) % 7));
      starts.add(ids[0]!);
    }
    expect(starts.size).toBe(7);
    expect(documentRotation([], random(1))).toEqual([]);
  });
});

describe("all noises together", () => {
  const sentences = [text(8), text(6).map((i) => 100 + i), text(5).map((i) => 200 + i)];

  it("change nothing where none is asked for", () => {
    expect(addNoise(sentences, {}, MASK, random(1))).toEqual(sentences.flat());
  });

  it("are the same for the same generator, and others for others", () => {
    const draw = (seed: number): number[] => addNoise(sentences, { infill: 0.3, permute: 1 }, MASK, random(seed));
    expect(draw(4)).toEqual(draw(4));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => draw(seed).join())).size).toBeGreaterThan(3);
  });

  it("delete after masking, and permute before both", () => {
    const noisy = addNoise(sentences, { mask: 0.25, delete: 0.5, permute: 1 }, MASK, random(3));
    // 19 tokens; 10 are deleted after 5 were masked.
    expect(noisy).toHaveLength(9);
    for (const sentence of sentences) expect(rises(noisy.filter((id) => sentence.includes(id)))).toBe(true);
  });
});
