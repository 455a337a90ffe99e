/** Equal and near texts: all that are near are found, nothing else is, whatever the order; and what that says of sides. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clustersOf, copiesOn, findDuplicates } from "../../src/data/index.ts";
import { random } from "../../src/random/index.ts";

const words = Array.from({ length: 400 }, (_, i) => `w${(i * 7919).toString(36)}`);

/** A sentence of words drawn by the seed. */
function sentence(seed: number, length = 24): string[] {
  const draw = random(seed, "sentence");
  return Array.from({ length }, () => words[draw.below(words.length)]!);
}

/** The share of common pieces, counted plainly. */
function jaccard(a: string, b: string, size = 5): number {
  const pieces = (text: string): Set<string> => {
    const found = new Set<string>();
    for (let i = 0; i + size <= text.length; i++) found.add(text.slice(i, i + size));
    return found.size === 0 ? new Set([text]) : found;
  };
  const [x, y] = [pieces(a), pieces(b)];
  const common = [...x].filter((piece) => y.has(piece)).length;
  return common / (x.size + y.size - common);
}

describe("near duplicates", () => {
  it("are those whose pieces say so, compared each with each", () => {
    const texts: string[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const original = sentence(seed);
      texts.push(original.join(" "));
      const changed = [...original];
      for (let change = 0; change < seed % 7; change++) changed[(change * 5) % 24] = words[(seed * 31 + change) % 400]!;
      texts.push(changed.join(" "));
    }
    for (const threshold of [0.5, 0.7, 0.8, 0.95]) {
      const { groups, near } = findDuplicates(texts, { threshold });
      const found = new Set<string>();
      for (const { first, second, similarity } of near) {
        const [a, b] = [groups[first]![0]!, groups[second]![0]!];
        expect(similarity).toBeCloseTo(jaccard(texts[a]!, texts[b]!), 9);
        found.add(`${a} ${b}`);
      }
      for (const [group] of groups.map((rows, i) => [i, rows] as const)) {
        for (let other = group + 1; other < groups.length; other++) {
          const [a, b] = [groups[group]![0]!, groups[other]![0]!];
          // At the threshold itself a pair may be missed; a little above it that is as good as impossible.
          if (jaccard(texts[a]!, texts[b]!) > threshold + 0.03) expect(found, `${threshold}`).toContain(`${a} ${b}`);
        }
      }
    }
  });

  it("do not differ for case, blanks and punctuation, and do for words of another script", () => {
    const { groups, near } = findDuplicates([
      "A good film.",
      "a GOOD  film",
      "a bad film",
      "好电影很好看",
      "坏电影很难看",
      "…",
      "…",
    ]);
    expect(groups.map((rows) => [...rows])).toEqual([[0], [1], [2], [3], [4], [5, 6]]);
    expect(near).toEqual([{ first: 0, second: 1, similarity: 1 }]);
  });

  it("connect: a text near to one that is near to another is of their cluster", () => {
    const base = sentence(1, 40);
    const replaced = (at: number[]): string => base.map((word, i) => (at.includes(i) ? `other${i}` : word)).join(" ");
    const texts = [replaced([]), replaced([3, 4]), replaced([3, 4, 20, 21]), sentence(2, 40).join(" ")];
    const clusters = clustersOf(findDuplicates(texts, { threshold: 0.85 }));
    expect(clusters[0]).toBe(clusters[1]);
    expect(clusters[1]).toBe(clusters[2]);
    expect(clusters[3]).not.toBe(clusters[0]);
  });

  it("need a threshold that can be", () => {
    expect(() => findDuplicates(["a"], { threshold: 0 })).toThrow("The threshold is 0");
    expect(() => findDuplicates(["a"], { shingle: 0.5 })).toThrow("A shingle has 0.5 characters");
    expect(findDuplicates([])).toEqual({ groups: [], near: [] });
  });

  it("every row is in one group, equal ones together", () => {
    const texts = fc.array(fc.stringMatching(/^[ab .]{0,6}$/), { maxLength: 30 });
    fc.assert(
      fc.property(texts, (all) => {
        const { groups } = findDuplicates(all);
        expect(groups.flat().sort((a, b) => a - b)).toEqual([...all.keys()]);
        const group = (row: number): number => groups.findIndex((rows) => rows.includes(row));
        for (const [a, x] of all.entries())
          for (const [b, y] of all.entries()) expect(group(a) === group(b)).toBe(x === y);
      }),
      { numRuns: 50 },
    );
  });
});

describe("copies on another side", () => {
  const base = sentence(7);
  const close = [...base.slice(0, -1), "else"].join(" ");
  const texts = [base.join(" "), base.join(" "), sentence(8).join(" "), base.join(" "), close, sentence(9).join(" ")];
  const side = (row: number): number => (row < 3 ? 0 : 1);
  const found = findDuplicates(texts, { side });

  it("are counted as equal or as near, each row once", () => {
    expect(copiesOn(found, side, 1, 0)).toEqual({ exact: 1, near: 1 });
    expect(copiesOn(found, side, 0, 1)).toEqual({ exact: 2, near: 0 });
    expect(copiesOn(found, side, 0, 0)).toEqual({ exact: 2, near: 0 });
    expect(copiesOn(found, side, 1, 1)).toEqual({ exact: 0, near: 2 });
  });

  it("are found for each row of many that are near each other, on each side", () => {
    // All of one mold: connected after a few pairs, and each must still learn that the other side has something near.
    const mold = (i: number): string => [...sentence(11, 40), `number${i}`].join(" ");
    const many = Array.from({ length: 200 }, (_, i) => mold(i));
    const half = (row: number): number => row % 2;
    const copies = copiesOn(findDuplicates(many, { side: half }), half, 1, 0);
    expect(copies.exact + copies.near).toBe(100);
  });
});
