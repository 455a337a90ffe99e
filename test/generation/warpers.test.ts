import { expect, it } from "vitest";
import { typicalP } from "../../src/generation/index.ts";

it("typicalP keeps the tokens nearest to the entropy, as few as have the mass: counted out by hand", () => {
  // Entropy 1.2356; −ln p is off by .54, .03, 1.07, 1.58 and 1.98: the order is 1, 0, 2, with .3, .8 and .9 together.
  const kept = (mass: number): number[] => {
    const scores = Float32Array.of(0.5, 0.3, 0.1, 0.06, 0.04).map(Math.log);
    typicalP(mass)(scores, []);
    return [...scores.keys()].filter((i) => scores[i] !== -Infinity);
  };
  expect([0.29, 0.75, 0.85].map(kept)).toEqual([[1], [0, 1], [0, 1, 2]]);
});
