/** Masks: how many tokens are chosen, what becomes of them, and which never are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskTokens, type MaskableRow, type MaskingOptions } from "../../src/objectives/index.ts";
import { random } from "../../src/random/index.ts";

const MASK = 4;
const ordinary = Int32Array.from({ length: 95 }, (_, i) => 5 + i);
const vocabulary = { mask: MASK, ordinary };

/** Special tokens at both ends, words of the given lengths between them; no id twice. */
function rowOf(...lengths: number[]): MaskableRow {
  const words = lengths.flatMap((length, word) => Array<number>(length).fill(word));
  return {
    ids: Int32Array.of(2, ...words.map((_, i) => 200 + i), 3),
    words: Int32Array.of(-1, ...words, -1),
  };
}

function draws(row: MaskableRow, options: MaskingOptions, count: number) {
  return Array.from({ length: count }, (_, i) => maskTokens(row, vocabulary, options, random("draws", i)));
}

/** Whether a count of a binomial variable lies within five standard deviations of its mean. */
function expectShare(count: number, of: number, share: number): void {
  expect(Math.abs(count - of * share)).toBeLessThan(5 * Math.sqrt(of * share * (1 - share)));
}

describe("over many draws", () => {
  const units = [
    ["tokens", rowOf(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)],
    ["spans", rowOf(...Array<number>(40).fill(1))],
  ] as const;

  it.each(units)("%s: 15 %% are chosen, of these 80 %% masked, 10 %% replaced, 10 %% kept", (unit, row) => {
    const found = draws(row, { unit, span: 3 }, 6000);
    const candidates = 6000 * (row.ids.length - 2);
    const fates = found.flatMap((one) => one.fates);
    const count = (fate: string): number => fates.filter((one) => one === fate).length;
    // Spans are drawn whole, which triples their variance.
    expect(Math.abs(fates.length / candidates - 0.15)).toBeLessThan(0.003);
    expectShare(count("masked"), fates.length, 0.8);
    expectShare(count("replaced"), fates.length, 0.1);
    expectShare(count("kept"), fates.length, 0.1);
  });

  it("every token is chosen as often as any other", () => {
    const row = rowOf(2, 1, 3, 1, 1, 2);
    const counts = new Map<number, number>();
    for (const { places } of draws(row, {}, 8000)) for (const p of places) counts.set(p, (counts.get(p) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const count of counts.values()) expectShare(count, 8000, 0.15);
  });

  it("replacements are any ordinary token, each as often as the others", () => {
    const row = rowOf(...Array<number>(20).fill(1));
    const found = draws(row, { share: 0.5, mask: 0, random: 1 }, 2000);
    const ids = found.flatMap((one) => one.places.map((place) => one.ids[place]!));
    expect(new Set(ids)).toEqual(new Set(ordinary));
    for (const id of ordinary) expectShare(ids.filter((one) => one === id).length, ids.length, 1 / ordinary.length);
  });
});

const rows = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 30 }).map((words) => rowOf(...words));
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe("whatever the row", () => {
  it.each(["tokens", "words", "spans"] as const)(
    "%s: special tokens never, and what is told is what was there",
    (unit) => {
      fc.assert(
        fc.property(rows, seeds, fc.double({ min: 0.05, max: 0.9, noNaN: true }), (row, seed, share) => {
          const { ids, places, fates } = maskTokens(row, vocabulary, { unit, share }, random(seed));
          expect(places.length).toBe(fates.length);
          expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
          const chosen = new Map(places.map((place, i) => [place, fates[i]!]));
          for (const [place, id] of ids.entries()) {
            const fate = chosen.get(place);
            if (fate === undefined || fate === "kept") expect(id).toBe(row.ids[place]);
            else if (fate === "masked") expect(id).toBe(MASK);
            else expect(ordinary).toContain(id);
            if (row.words[place]! < 0) expect(fate).toBeUndefined();
          }
        }),
      );
    },
  );

  it("whole words are chosen whole or not at all, and no more than there should be", () => {
    fc.assert(
      fc.property(rows, seeds, (row, seed) => {
        const { places } = maskTokens(row, vocabulary, { unit: "words", share: 0.3 }, random(seed));
        const chosen = new Set(places);
        const words = new Set(places.map((place) => row.words[place]));
        for (const [place, word] of row.words.entries()) expect(chosen.has(place)).toBe(words.has(word));
        expect(places.length).toBeLessThanOrEqual(Math.ceil(0.3 * (row.ids.length - 2)));
      }),
    );
  });

  it("spans are so many neighbors", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 6 }), (seed, span) => {
        const row = rowOf(...Array<number>(60).fill(1));
        const { places } = maskTokens(row, vocabulary, { unit: "spans", span, share: 0.2 }, random(seed));
        let run = 0;
        for (const [i, place] of places.entries()) {
          run++;
          if (places[i + 1] === place + 1) continue;
          expect(run % span).toBe(0);
          run = 0;
        }
      }),
    );
  });

  it("at least one is chosen where that is asked for", () => {
    const row = rowOf(3);
    for (const unit of ["tokens", "words", "spans"] as const) {
      const counts = Array.from(
        { length: 50 },
        (_, i) => maskTokens(row, vocabulary, { unit }, random(i), 1).places.length,
      );
      expect(Math.min(...counts)).toBeGreaterThan(0);
    }
    expect(draws(row, {}, 50).some(({ places }) => places.length === 0)).toBe(true);
  });
});

it("the same stream gives the same masks, another one others", () => {
  const row = rowOf(...Array<number>(40).fill(1));
  const draw = (epoch: number) => maskTokens(row, vocabulary, {}, random(1, "masking", epoch, 7));
  expect(draw(0)).toEqual(draw(0));
  expect(draw(0).places).not.toEqual(draw(1).places);
  expect([...row.ids.slice(1, 4)]).toEqual([200, 201, 202]);
});
