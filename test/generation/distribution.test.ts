/** Distributions behind each processor: against transformers' processors, and what must hold for all. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distributionStages } from "../../src/generation/index.ts";

interface Golden {
  readonly history: readonly number[];
  readonly logits: readonly number[];
  readonly stages: readonly { readonly processor: string; readonly probabilities: readonly number[] }[];
}
const golden = JSON.parse(
  readFileSync(new URL("golden/distribution.json", import.meta.url), "utf8"),
) as unknown as Golden;

const settings = {
  repetitionPenalty: 1.3,
  noRepeatNgramSize: 2,
  suppressTokens: [0, 1],
  ...{ temperature: 1.7, topK: 20, topP: 0.95, minP: 0.05, typicalP: 0.8 },
};

describe("a distribution on its way through the processors", () => {
  it("is what transformers' processors leave, one after another", () => {
    const logits = Float32Array.from(golden.logits);
    const stages = distributionStages(logits, { prompt: golden.history }, settings);
    expect(stages.map(({ processor }) => processor)).toEqual(golden.stages.map(({ processor }) => processor));
    for (const [i, { probabilities, processor }] of stages.entries()) {
      for (const [id, p] of golden.stages[i]!.probabilities.entries()) {
        expect(probabilities[id], `${processor}, token ${id}`).toBeCloseTo(p, 6);
      }
    }
    expect([...logits]).toEqual([...Float32Array.from(golden.logits)]);
  });

  it("counts what was written for rules that begin after some tokens, and leaves out what does not act yet", () => {
    const logits = Float32Array.of(0, 1, 2, 3);
    const stagesAt = (written: number[]): string[] =>
      distributionStages(logits, { prompt: [1], written }, { minNewTokens: 2, eosTokenId: 3 }).map(
        ({ processor }) => processor,
      );
    expect(stagesAt([])).toEqual(["model", "minNewTokens"]);
    expect(stagesAt([0, 1])).toEqual(["model"]);
  });

  it("sums to 1 at each stage, and loses the mass that is said", () => {
    const scores = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 60 });
    const range = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(
        scores,
        range(0.1, 3),
        fc.nat(20),
        range(0.05, 1),
        range(0, 0.5),
        (row, temperature, topK, topP, minP) => {
          const stages = distributionStages(Float32Array.from(row), { prompt: [0] }, { temperature, topK, topP, minP });
          for (const [i, { probabilities, entropy, kept, removed, moved, scores: left }] of stages.entries()) {
            expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 4);
            const before = stages[i - 1];
            const gone = [...left.keys()].filter((id) => left[id] === -Infinity);
            expect(kept).toBe(row.length - gone.length);
            expect(kept).toBeGreaterThan(0);
            expect(entropy).toBeGreaterThan(-1e-5);
            expect(entropy).toBeLessThan(Math.log(kept) + 1e-4);
            if (before === undefined) expect(removed).toBe(0);
            else
              expect(removed).toBeCloseTo(
                gone.reduce((sum, id) => sum + before.probabilities[id]!, 0),
                5,
              );
            expect(moved).toBeGreaterThan(removed - 1e-5);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
