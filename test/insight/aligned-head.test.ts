/** The head that looks most like an alignment, by hand. */
import { alignedHeads } from "heed/insight";
import { expect, it } from "vitest";

it("prefers a head that looks sharply at different places", () => {
  // Of three heads over two written and three source tokens: one sharp and moving, one sharp and stuck, one even.
  const data = Float32Array.from([0.8, 0.1, 0.1, 0.1, 0.9, 0, 1, 0, 0, 1, 0, 0, 0.4, 0.3, 0.3, 0.3, 0.4, 0.3]);
  const found = alignedHeads({ dtype: "float32", shape: [1, 3, 2, 3], data });
  expect(found.map(({ head }) => head)).toEqual([0, 1, 2]);
  expect(found[0]!.focus).toBeCloseTo(0.85);
  expect(found.map(({ coverage }) => coverage)).toEqual([1, 0.5, 1]);
  expect(found[1]!.score).toBeCloseTo(0.5);
});
