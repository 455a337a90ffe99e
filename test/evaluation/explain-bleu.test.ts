import { describe, expect, it } from "vitest";
import { bleu, explainBleu, formatBleuExplanation } from "../../src/evaluation/index.ts";
import { corpusOf, goldens } from "./goldens.ts";

const tasty = explainBleu(["He He He eats tasty fruit"], [["He eats a sweet apple"], ["He is eating a tasty apple"]]);
const guard = explainBleu(
  ["The guard arrived late because of the rain"],
  [["The guard arrived late because it was raining"]],
);

/** The sentences' counts sum to the corpus's, and the steps of the arithmetic give the score. */
function addsUp(golden: (typeof goldens.bleu)[number]): void {
  const { hypotheses, references } = corpusOf(golden.corpus);
  const streams = references.slice(0, golden.references);
  const sentences = hypotheses.length;
  const explained = explainBleu(hypotheses, streams, { ...golden.options, sentences });
  const score = bleu(hypotheses, streams, golden.options);
  expect(explained.score).toBe(score.score);
  expect(explained.line).toBe(score.format());
  const parts = explained.sentences;
  const sum = (number: (sentence: (typeof parts)[number]) => number): number =>
    parts.reduce((total, sentence) => total + number(sentence), 0);
  score.counts.forEach((count, index) => {
    expect(sum((sentence) => sentence.orders[index]!.matched)).toBe(count);
    expect(sum((sentence) => sentence.orders[index]!.total)).toBe(score.totals[index]);
  });
  expect(sum((sentence) => sentence.referenceLength)).toBe(score.referenceLength);
  expect(sum((sentence) => sentence.hypothesis.length)).toBe(score.systemLength);
  const used = explained.precisions.slice(0, explained.averagedOrders);
  const product = used.reduce((all, { precision }) => all * precision, 1);
  expect(explained.geometricMean).toBeCloseTo(product ** (1 / used.length), 9);
  expect(explained.brevityPenalty * explained.geometricMean).toBeCloseTo(score.score, 9);
  expect(formatBleuExplanation(explained)).toContain(`· 100 = ${golden.line.split(" ")[2]!}\n`);
}

describe("explainBleu", () => {
  it("clips: 'He' counts once of three times, 3/6 over both references", () => {
    const [unigrams] = tasty.sentences[0]!.orders;
    expect(unigrams!.ngrams).toEqual([
      { ngram: "He", count: 3, inReferences: [1, 1], most: 1, clipped: 1 },
      { ngram: "eats", count: 1, inReferences: [1, 0], most: 1, clipped: 1 },
      { ngram: "tasty", count: 1, inReferences: [0, 1], most: 1, clipped: 1 },
      { ngram: "fruit", count: 1, inReferences: [0, 0], most: 0, clipped: 0 },
    ]);
    expect(tasty.precisions[0]).toMatchObject({ matched: 3, total: 6, numerator: 3, denominator: 6, precision: 50 });
    expect(formatBleuExplanation(tasty)).toMatch(/^ {2}p1 = 3\/6 = 50\.00 %$/m);
  });

  it("gives 5/8, 4/7, 3/6, 2/5 for the guard", () => {
    expect(guard.precisions.map(({ matched, total }) => `${matched}/${total}`)).toEqual(["5/8", "4/7", "3/6", "2/5"]);
    expect(guard.precisions.some(({ smoothed }) => smoothed)).toBe(false);
    const text = formatBleuExplanation(guard);
    for (const line of ["p1 = 5/8 = 62.50 %", "p2 = 4/7 = 57.14 %", "p3 = 3/6 = 50.00 %", "p4 = 2/5 = 40.00 %"]) {
      expect(text).toContain(`  ${line}\n`);
    }
  });

  it("adds up to what bleu gives, in every golden case", () => {
    goldens.bleu.forEach(addsUp);
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(tasty))).toEqual(tasty);
  });

  it("takes apart the first sentences only, and sums over all", () => {
    const { hypotheses, references } = corpusOf("english");
    const explained = explainBleu(hypotheses, references);
    expect(explained.sentences).toHaveLength(3);
    expect(formatBleuExplanation(explained)).toContain("… and 7 more sentences, counted in what follows");
    expect(formatBleuExplanation(explainBleu(hypotheses, references, { sentences: 0 }))).not.toContain("Sentence");
  });
});

describe("formatBleuExplanation", () => {
  it("shows every step", () => {
    expect(formatBleuExplanation(tasty)).toMatchInlineSnapshot(`
      "BLEU of 1 sentence against 2 references, tokenization 13a, case kept

      Sentence 1
        hypothesis   He He He eats tasty fruit   6 tokens
        reference 1  He eats a sweet apple       5 tokens
        reference 2  He is eating a tasty apple  6 tokens

        1-gram  hypothesis  reference 1  reference 2  most  clipped
        He               3            1            1     1        1
        eats             1            1            0     1        1
        tasty            1            0            1     1        1
        fruit            1            0            0     0        0
        sum              6                                        3
        clipped precision 3/6

        2-gram       hypothesis  reference 1  reference 2  most  clipped
        He He                 2            0            0     0        0
        He eats               1            1            0     1        1
        eats tasty            1            0            0     0        0
        tasty fruit           1            0            0     0        0
        sum                   5                                        1
        clipped precision 1/5

        3-gram            hypothesis  reference 1  reference 2  most  clipped
        He He He                   1            0            0     0        0
        He He eats                 1            0            0     0        0
        He eats tasty              1            0            0     0        0
        eats tasty fruit           1            0            0     0        0
        sum                        4                                        0
        clipped precision 0/4

        4-gram               hypothesis  reference 1  reference 2  most  clipped
        He He He eats                 1            0            0     0        0
        He He eats tasty              1            0            0     0        0
        He eats tasty fruit           1            0            0     0        0
        sum                           3                                        0
        clipped precision 0/3

      Precisions: clipped matches / n-grams of the hypotheses
        p1 = 3/6 = 50.00 %
        p2 = 1/5 = 20.00 %
        p3 = 0/4, smoothed to 1/8 = 12.50 %
        p4 = 0/3, smoothed to 1/12 = 8.33 %

      Brevity penalty
        c = 6 tokens of the hypotheses, r = 6 of the references (nearest in length, sentence by sentence)
        c >= r: BP = 1

      Geometric mean
        (p1 · p2 · p3 · p4)^(1/4) = (0.5000 · 0.2000 · 0.1250 · 0.0833)^(1/4) = 0.1797

      BLEU = BP · mean · 100 = 1.0000 · 0.1797 · 100 = 17.97

      BLEU = 17.97 50.0/20.0/12.5/8.3 (BP = 1.000 ratio = 1.000 hyp_len = 6 ref_len = 6)
      nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:heed-0.1.0"
    `);
  });

  it("shows the brevity penalty with its numbers", () => {
    const short = explainBleu(["The guard arrived late"], [["The guard arrived late because it rained"]]);
    const text = formatBleuExplanation(short);
    expect(text).toContain("  c < r: BP = exp(1 - r/c) = exp(1 - 7/4) = 0.4724\n");
    expect(text).toContain("BLEU = BP · mean · 100 = 0.4724 · 1.0000 · 100 = 47.24\n");
  });

  it("says what is missing in output that is too short, empty or without a match", () => {
    const text = (hypothesis: string, effectiveOrder: boolean): string =>
      formatBleuExplanation(explainBleu([hypothesis], [["a b c d e"]], { effectiveOrder }));
    expect(text("a b", false)).toContain("  p3 = 0/0: the output is too short to have any\n");
    expect(text("a b", false)).toContain("one precision is 0, so the mean is 0");
    expect(text("a b", true)).toContain("  (p1 · p2)^(1/2) = (1.0000 · 1.0000)^(1/2) = 1.0000\n");
    expect(text("a b", true)).toContain("Geometric mean of the first 2 orders: the output is too short");
    expect(text("", false)).toContain("  c = 0: BP = 0\n");
    expect(text("x y z w", false)).toContain("no n-gram matches at all, so nothing is smoothed and the mean is 0");
  });

  it("lines columns up by characters", () => {
    const text = formatBleuExplanation(explainBleu(["😀 é"], [["😀 é"]], { maxOrder: 1 }));
    expect(text).toContain("  😀                1          1        1\n  é                1          1        1\n");
  });
});
