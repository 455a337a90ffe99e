import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import {
  bleu,
  bleuStatistics,
  bootstrap,
  chrf,
  chrfStatistics,
  classificationStatistics,
  meanStatistics,
  pairedBootstrap,
  pairedRandomization,
  rankingStatistics,
  regressionStatistics,
} from "../../src/evaluation/index.ts";
import {
  bootstrapOver,
  exchanges,
  pairedBootstrapOver,
  pairedRandomizationOver,
  resamples,
} from "../../src/evaluation/resampling.ts";
import { random } from "../../src/random/index.ts";
import { asOurs, corpusOf, goldens } from "./goldens.ts";
import { expectAllSame, golden } from "./task-goldens.ts";

describe("equal to sacreBLEU's, given the draws that it made", () => {
  const { samples, seed, drawn, exchanged, results } = goldens.resampling;
  const draw = { samples, seed, confidence: 0.95 };
  const digits = (row: string): number[] => Array.from(row, Number);
  const { hypotheses, references } = corpusOf("english");
  const others = corpusOf("englishAgain").hypotheses;

  it.each(results)("$metric", (golden) => {
    const [measure, statistics] = golden.metric === "bleu" ? [bleu, bleuStatistics] : [chrf, chrfStatistics];
    const [baseline, system] = [statistics(hypotheses, references), statistics(others, references)];
    const segments = drawn.map((row) => Int32Array.from(digits(row)));

    const interval = bootstrapOver(baseline, segments, draw);
    expect(measure(hypotheses, references).format({ signature: true, interval })).toBe(asOurs(golden.line));

    // sacreBLEU resamples in 32-bit numbers.
    const paired = pairedBootstrapOver(baseline, system, segments, draw);
    expect(paired.system).toBeCloseTo(golden.system, 9);
    expect(paired.systemInterval.mean).toBeCloseTo(golden.systemMean, 3);
    expect(paired.systemInterval.halfWidth).toBeCloseTo(golden.systemHalfWidth, 3);
    expect(paired.pValue).toBeCloseTo(golden.bootstrapP, 9);
    expect(paired.baselineInterval).toEqual(interval);

    const flips = exchanged.map((row) => Uint8Array.from(digits(row)));
    const { pValue } = pairedRandomizationOver(baseline, system, flips, draw);
    expect(pValue).toBeCloseTo(golden.randomizationPWithTies, 9);
    expect(pValue).toBeGreaterThanOrEqual(golden.randomizationP);
  });
});

describe("any metric over examples", () => {
  interface Resampled {
    readonly name: "macro F1" | "AUC" | "Spearman";
    readonly gold: number[];
    readonly one: number[];
    readonly two: number[];
    readonly drawn: string[];
    readonly score: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
    readonly undefined: number;
    readonly reached: number;
  }
  const { resampled, permuted } = golden("intervals") as {
    resampled: Resampled[];
    permuted: { one: number[]; two: number[]; p: number }[];
  };
  const draw = { samples: 200, seed: 1, confidence: 0.95 };
  const measures = {
    "macro F1": (gold: number[], predicted: number[]) =>
      classificationStatistics(gold.map(String), predicted.map(String), { labels: ["0", "1", "2"] })[1]!,
    AUC: (gold: number[], predicted: number[]) => rankingStatistics(gold, predicted)[0]!,
    Spearman: (gold: number[], predicted: number[]) => regressionStatistics(gold, predicted)[1]!,
  };

  it.each(resampled)("has the interval that scikit-learn's or SciPy's $name has on the same resamples", (one) => {
    const statistics = measures[one.name](one.gold, one.one);
    const drawn = one.drawn.map((row) => Int32Array.from(row, Number));
    const { score, mean, low, high, undefinedSamples } = bootstrapOver(statistics, drawn, draw);
    const expected = [one.score, one.mean, one.low, one.high, one.undefined];
    expectAllSame([score, mean, low, high, undefinedSamples], expected, () => one.name);
  });

  it("leaves out resamples for which it is not defined", () => {
    expect(resampled.find(({ name }) => name === "AUC")!.undefined).toBeGreaterThan(0);
    expect(() => bootstrap(rankingStatistics([1, 1], [1, 2])[0]!)).toThrow(
      /ROC AUC is not defined for these 2 examples/,
    );
  });

  /** Every way to exchange. */
  const allExchanges = (examples: number): Uint8Array[] =>
    Array.from({ length: 2 ** examples }, (_, bits) =>
      Uint8Array.from({ length: examples }, (__, i) => (bits >> i) & 1),
    );

  it.each(resampled)("has the exact permutation test's p-value over all exchanges: $name", (one) => {
    const [baseline, system] = [one.one, one.two].map((predicted) => measures[one.name](one.gold, predicted));
    const all = allExchanges(one.gold.length);
    const { pValue } = pairedRandomizationOver(baseline!, system!, all, draw);
    expect(pValue).toBeCloseTo((one.reached + 1) / (all.length + 1), 12);
  });

  it("has the p-value of SciPy's permutation test, of a mean", () => {
    for (const { one, two, p } of permuted) {
      const all = allExchanges(one.length);
      const { pValue } = pairedRandomizationOver(meanStatistics(one), meanStatistics(two), all, draw);
      expect(pValue).toBeCloseTo((p * all.length + 1) / (all.length + 1), 9);
    }
  });
});

/** `count` draws from a normal distribution. */
function normals(count: number, mean: number, ...stream: (number | string)[]): number[] {
  const generator = random("resampling test", ...stream);
  return Array.from({ length: count }, () => mean + generator.normal());
}

describe("bootstrap", () => {
  it("finds the interval of a mean: 1.96 standard errors to each side", () => {
    const interval = bootstrap(meanStatistics(normals(400, 3)), { samples: 2000, seed: 3 });
    expect(interval.halfWidth).toBeGreaterThan((1.96 / 20) * 0.85);
    expect(interval.halfWidth).toBeLessThan((1.96 / 20) * 1.15);
    expect(interval.low).toBeLessThan(interval.score);
    expect(interval.high).toBeGreaterThan(interval.score);
    expect(interval.mean).toBeCloseTo(interval.score, 1);
  });

  it("leaves the asked share of resamples outside", () => {
    const values = meanStatistics(normals(50, 0));
    const scores = Array.from(resamples(50, { samples: 1000, seed: 1, confidence: 0.9 }), (segments) => {
      return Array.from(segments, (i) => values.rows[2 * i]!).reduce((a, b) => a + b, 0) / 50;
    });
    for (const [confidence, outside] of [
      [0.9, 100],
      [0.95, 50],
    ] as const) {
      const { low, high } = bootstrap(values, { confidence });
      expect(scores.filter((score) => score < low - 1e-12 || score > high + 1e-12)).toHaveLength(outside);
    }
  });

  it("gives the same for the same seed and another for another", () => {
    const { hypotheses, references } = corpusOf("english");
    const statistics = bleuStatistics(hypotheses, references);
    expect(bootstrap(statistics, { seed: 5 })).toEqual(bootstrap(statistics, { seed: 5 }));
    expect(bootstrap(statistics, { seed: 5 }).mean).not.toBe(bootstrap(statistics, { seed: 6 }).mean);
    expect(bootstrap(statistics).score).toBe(bleu(hypotheses, references).score);
  });

  it("weighs a mean", () => {
    expect(bootstrap(meanStatistics([1, 4], [3, 1])).score).toBe(1.75);
    expect(() => meanStatistics([1, 2], [1])).toThrow(/2 values but 1 weights/);
    expect(() => meanStatistics([])).toThrow(InputError);
  });

  it("refuses options out of range", () => {
    expect(() => bootstrap(meanStatistics([1]), { samples: 0 })).toThrow(/samples is 0/);
    expect(() => bootstrap(meanStatistics([1]), { confidence: 95 })).toThrow(/confidence is 95/);
  });
});

describe("paired tests", () => {
  const base = normals(300, 0, "base");
  const noise = normals(300, 0, "noise");
  const baseline = meanStatistics(base);
  const better = meanStatistics(base.map((value, i) => value + 0.2 + 0.5 * noise[i]!));
  const shift = noise.reduce((sum, value) => sum + value, 0) / noise.length - 0.02;
  const same = meanStatistics(base.map((value, i) => value + 0.5 * (noise[i]! - shift)));

  it("see a difference that is there, and its direction", () => {
    const paired = pairedBootstrap(baseline, better);
    expect(paired.pValue).toBeLessThan(0.01);
    expect(paired.wins).toBeGreaterThan(0.99);
    expect(paired.differenceInterval.low).toBeGreaterThan(0);
    expect(pairedBootstrap(better, baseline).wins).toBeLessThan(0.01);
    expect(pairedRandomization(baseline, better, { samples: 1000 }).pValue).toBeLessThan(0.01);
  });

  it("see none where there is none", () => {
    expect(pairedBootstrap(baseline, same).pValue).toBeGreaterThan(0.05);
    expect(pairedRandomization(baseline, same, { samples: 1000 }).pValue).toBeGreaterThan(0.05);
  });

  it("give 1 for a system against itself, where sacreBLEU gives 1 / (samples + 1)", () => {
    expect(pairedBootstrap(baseline, baseline).pValue).toBe(1);
    expect(pairedRandomization(baseline, baseline, { samples: 100 }).pValue).toBe(1);
  });

  it("do not take a difference in two sentences for a sure one", () => {
    const changed = meanStatistics(base.map((value, i) => value + (i < 2 ? 0.3 : 0)));
    // Four outcomes of two coins, of which two are as large as the real one.
    const { pValue } = pairedRandomization(baseline, changed, { samples: 2000 });
    expect(pValue).toBeGreaterThan(0.4);
    expect(pValue).toBeLessThan(0.6);
  });

  it("toss fair and different coins", () => {
    const counts = new Uint32Array(70);
    let repeated = 0;
    for (const segments of exchanges(70, { samples: 2000, seed: 1, confidence: 0.95 })) {
      segments.forEach((bit, i) => (counts[i]! += bit));
      repeated += segments[0] === segments[32] ? 1 : 0;
    }
    for (const count of [...counts, repeated]) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it("refuse what cannot be paired", () => {
    expect(() => pairedBootstrap(baseline, meanStatistics([1]))).toThrow(/300 examples and the system 1/);
    const [cased, lower] = [{}, { lowercase: true }].map((options) => bleuStatistics(["a"], [["a"]], options));
    expect(() => pairedRandomization(cased!, lower!)).toThrow(/case:mixed.*case:lc/);
    expect(() => pairedRandomization(cased!, bleuStatistics(["a"], [["a"]], { maxOrder: 2 }))).toThrow(InputError);
  });
});
