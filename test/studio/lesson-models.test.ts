/** The models of the lessons reach in Node what the lessons say of them. */
import { createEngine } from "heed";
import { describe, expect, it } from "vitest";
import { bigrams, sentences, trainToyAttention, words } from "../../studio/src/lessons/models/attention.ts";
import { largest, type Work } from "../../studio/src/lessons/models/work.ts";

const work = (quick = true): Work => ({
  engine: () => createEngine({ engine: "wasm", threads: 1 }),
  quick,
  seed: 1,
  stop: { aborted: false },
  progress: () => undefined,
});

describe("the toy attention task", () => {
  it("is beyond a bigram table, and one head gets it right by looking at who ordered", async () => {
    expect(Math.max(...bigrams()[words.indexOf("the")]!)).toBe(0.5);
    const { losses, weights, chances } = await trainToyAttention(work());
    expect(losses.at(-1)).toBeCloseTo(Math.LN2 / 4, 2);
    for (const [s, sentence] of sentences.entries()) {
      expect(words[largest(chances[s]![3]!)]).toBe(sentence[4]);
      expect(largest(weights[s]![3]!)).toBe(1);
    }
  });
});
