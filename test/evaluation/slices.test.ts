/** Parts of a test set: who is in them, and that their scores are those of the examples by themselves. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bleuStatistics,
  bootstrap,
  confusionStatistics,
  accuracy,
  lengthSlices,
  meanStatistics,
  sliceScores,
  statisticsOf,
  valueSlices,
  wordSlices,
} from "../../src/evaluation/index.ts";

describe("slices", () => {
  it("by length are about equally large, and keep equal lengths together", () => {
    expect(lengthSlices([3, 9, 1, 5, 5, 5, 12, 2], 3, "words")).toEqual([
      { name: "1 to 3 words", examples: [0, 2, 7] },
      { name: "5 words", examples: [3, 4, 5] },
      { name: "9 to 12 words", examples: [1, 6] },
    ]);
    expect(lengthSlices([4, 4, 4], 4)).toEqual([{ name: "4 tokens", examples: [0, 1, 2] }]);
    expect(lengthSlices([], 4)).toEqual([]);
    expect(() => lengthSlices([1], 0)).toThrow("parts is 0");
  });

  it("by length hold every example once, in rising order of length", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (lengths, parts) => {
        const slices = lengthSlices(lengths, parts);
        expect(slices.length).toBeLessThanOrEqual(parts);
        expect(slices.flatMap(({ examples }) => examples).sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        slices.reduce((before, { examples }) => {
          const own = examples.map((i) => lengths[i]!);
          expect(Math.min(...own)).toBeGreaterThan(before);
          return Math.max(...own);
        }, -1);
      }),
    );
  });

  it("by value and by word name their examples", () => {
    expect(valueSlices(["b", "a", "b"], (value) => `class ${value}`)).toEqual([
      { name: "class a", examples: [1] },
      { name: "class b", examples: [0, 2] },
    ]);
    expect(wordSlices(["Not bad.", "knot", "l'été NOT"], ["not", "été"])).toEqual([
      { name: 'with "not"', examples: [0, 2] },
      { name: 'with "été"', examples: [2] },
    ]);
  });

  it("score as their examples would alone, with the same interval", () => {
    const gold = ["a", "b", "a", "b", "a"];
    const predicted = ["a", "a", "a", "b", "b"];
    const all = confusionStatistics("accuracy", gold, predicted, accuracy);
    const [first] = sliceScores(all, [{ name: "some", examples: [0, 1, 4] }, { name: "none", examples: [] }]); // prettier-ignore
    expect(first).toMatchObject({ name: "some", examples: 3, score: 1 / 3 });
    const alone = confusionStatistics("accuracy", ["a", "b", "a"], ["a", "a", "b"], accuracy);
    expect(first!.interval).toEqual(bootstrap(alone));
    const lines = ["the cat sat on the mat", "a dog", "no"];
    const bleu = bleuStatistics(lines, [["the cat sat on a mat", "a dog barks", "yes"]]);
    const part = statisticsOf(bleu, [0, 1]);
    expect(part.score(part.rows)).toBe(
      ((one) => one.score(one.rows))(bleuStatistics(lines.slice(0, 2), [["the cat sat on a mat", "a dog barks"]])),
    );
    expect(() => statisticsOf(bleu, [3])).toThrow("no example 3");
  });

  it("of one example have no interval", () => {
    expect(sliceScores(meanStatistics([1, 0]), [{ name: "one", examples: [1] }])[0]).toEqual({
      ...{ name: "one", examples: 1, score: 0, interval: undefined },
    });
  });
});
