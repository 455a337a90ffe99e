import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import {
  alignmentAccuracy,
  meanNats,
  mergeAttention,
  perplexity,
  sumShares,
  tokenAccuracy,
} from "../../src/evaluation/index.ts";

describe("tokenAccuracy", () => {
  it("leaves out padding", () => {
    const share = tokenAccuracy([5, 6, 0, 9], Int32Array.of(5, 7, 0, 9), { ignore: 0 });
    expect(share).toEqual({ correct: 2, total: 3, accuracy: 2 / 3 });
    expect(tokenAccuracy([5, 6, 0, 9], [5, 7, 0, 9]).accuracy).toBe(0.75);
  });

  it("adds up over batches by count", () => {
    const shares = [tokenAccuracy([1], [1]), tokenAccuracy([1, 1, 1], [2, 2, 2])];
    expect(sumShares(shares)).toEqual({ correct: 1, total: 4, accuracy: 0.25 });
    expect(sumShares([]).accuracy).toBeNaN();
  });

  it("refuses different lengths", () => {
    expect(() => tokenAccuracy([1], [1, 2])).toThrow(/1 predicted ids and 2 gold ids/);
  });
});

describe("perplexity", () => {
  it("of uniform guesses among 10 is 10", () => {
    expect(perplexity([{ nats: Math.log(10), tokens: 3 }])).toBeCloseTo(10, 12);
  });

  it("weighs parts by their tokens", () => {
    const parts = [
      { nats: 1, tokens: 3 },
      { nats: 5, tokens: 1 },
      { nats: NaN, tokens: 0 },
    ];
    expect(meanNats(parts)).toBe(2);
    expect(perplexity(parts)).toBeCloseTo(Math.exp(2), 12);
    expect(() => perplexity([])).toThrow(InputError);
  });
});

describe("mergeAttention", () => {
  it("sums over source sub-words and averages over target sub-words", () => {
    const attention = [
      [0.5, 0.25, 0.25],
      [0.125, 0.125, 0.75],
      [0, 1, 0],
    ];
    const merged = mergeAttention(
      attention,
      [
        [0, 2],
        [2, 3],
      ],
      [
        [0, 2],
        [2, 3],
      ],
    );
    expect(merged).toEqual([
      [0.5, 0.5],
      [1, 0],
    ]);
  });

  it("keeps the sum of a row where the spans cover the source", () => {
    const weights = fc.array(fc.nat(100), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(weights, { minLength: 2, maxLength: 5 }), fc.integer({ min: 1, max: 5 }), (rows, cut) => {
        const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
        const merged = mergeAttention(
          rows,
          [
            [0, cut],
            [cut, 6],
          ],
          [[0, rows.length]],
        );
        const total = merged[0]!.reduce((a, b) => a + b, 0);
        expect(total).toBeCloseTo(sums.reduce((a, b) => a + b, 0) / rows.length, 9);
      }),
    );
  });

  it("refuses spans outside the matrix", () => {
    expect(() => mergeAttention([[1, 0]], [[0, 3]], [[0, 1]])).toThrow(/source span 0 is \[0, 3\).*2 source/);
    expect(() => mergeAttention([[1, 0]], [[0, 1]], [[1, 2]])).toThrow(/target span 0.*1 target/);
    expect(() => mergeAttention([[1, 0]], [[1, 1]], [[0, 1]])).toThrow(InputError);
  });
});

describe("alignmentAccuracy", () => {
  // Target "the red house" from source "la maison rouge": links are source-target.
  const gold = [
    [0, 0],
    [2, 1],
    [1, 2],
  ] as const;
  const attention = [
    [0.8, 0.1, 0.1],
    [0.2, 0.2, 0.6],
    [0.1, 0.3, 0.6],
  ];

  it("reads rows as targets and links as source-target", () => {
    expect(alignmentAccuracy(attention, gold)).toEqual({ correct: 2, total: 3, accuracy: 2 / 3 });
    // One target word that looks at the second of two source words.
    expect(alignmentAccuracy([[0.1, 0.9]], [[1, 0]]).correct).toBe(1);
    expect(() => alignmentAccuracy([[0.1, 0.9]], [[0, 1]])).toThrow(InputError);
  });

  it("counts the asked targets only, and no target without a link", () => {
    expect(alignmentAccuracy(attention, gold, { targets: [1, 2] })).toEqual({ correct: 1, total: 2, accuracy: 0.5 });
    expect(alignmentAccuracy(attention, gold.slice(0, 1), { targets: [0, 1, 2] }).total).toBe(1);
  });

  it("takes any of several gold words, but no tie with a wrong one", () => {
    const many = [
      [0, 0],
      [1, 0],
    ] as const;
    expect(alignmentAccuracy([[0.1, 0.8, 0.1]], many).correct).toBe(1);
    expect(alignmentAccuracy([[0.4, 0.4, 0.2]], many).correct).toBe(1);
    expect(alignmentAccuracy([[0.4, 0.2, 0.4]], many).correct).toBe(0);
    expect(alignmentAccuracy([[1 / 3, 1 / 3, 1 / 3]], many).correct).toBe(0);
  });

  it("refuses links outside the matrix", () => {
    expect(() => alignmentAccuracy(attention, [[3, 0]])).toThrow(/link 3-0.*3 target words by 3 source words/);
    expect(() => alignmentAccuracy(attention, [[0, 3]])).toThrow(InputError);
  });
});
