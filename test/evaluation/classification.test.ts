import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import {
  accuracy,
  averagedScores,
  averagePrecision,
  brier,
  calibrationStatistics,
  classificationStatistics,
  classScores,
  confidences,
  confusionMatrix,
  expectedCalibrationError,
  labelsIn,
  matchCounts,
  matthews,
  pairedRandomization,
  rankingStatistics,
  reliabilityBins,
  rocAuc,
  scoreOf,
  topKStatistics,
} from "../../src/evaluation/index.ts";
import { expectAllSame, expectSame, golden } from "./task-goldens.ts";

const letters = (text: string): string[] => Array.from(text);

interface ClassCase {
  readonly gold: string;
  readonly predicted: string;
  readonly accuracy: number;
  readonly matthews: number;
  /** Precision, recall and F1: micro, macro, weighted. */
  readonly averages: readonly number[][];
  readonly classes: readonly number[][];
  readonly confusion: readonly number[];
}

describe("classes", () => {
  it("are scored as scikit-learn does, in 1,000 random cases", () => {
    const { cases } = golden("classification") as { cases: ClassCase[] };
    expect(cases).toHaveLength(1000);
    for (const one of cases) {
      const what = (): string => `${one.gold} / ${one.predicted}`;
      const [gold, predicted] = [letters(one.gold), letters(one.predicted)];
      const matrix = confusionMatrix(gold, predicted);
      expectAllSame([...matrix.counts], one.confusion, what);
      expectSame(accuracy(matrix), one.accuracy, what);
      expectSame(matthews(matrix), one.matthews, what);
      const counts = matchCounts(matrix);
      for (const [i, average] of (["micro", "macro", "weighted"] as const).entries()) {
        const { precision, recall, f1 } = averagedScores(counts, average);
        expectAllSame([precision, recall, f1], one.averages[i]!, () => `${what()}, ${average}`);
      }
      const each = classScores(counts).flatMap((c) => [c.precision, c.recall, c.f1, c.support]);
      expectAllSame(each, one.classes.flat(), what);
      const measured = classificationStatistics(gold, predicted).map(scoreOf);
      expectAllSame(measured, [one.accuracy, one.averages[1]![2]!, one.averages[2]![2]!, one.matthews], what);
    }
  });

  it("of another order of labels give the same scores", () => {
    const [gold, predicted] = [letters("aabbbc"), letters("abbbca")];
    const [one, two] = [confusionMatrix(gold, predicted), confusionMatrix(gold, predicted, ["c", "d", "a", "b"])];
    expect(two.counts.reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(accuracy(two)).toBe(accuracy(one));
    expect(matthews(two)).toBe(matthews(one));
    // d is neither due nor predicted.
    expect(averagedScores(matchCounts(two), "macro").f1).toBeCloseTo(averagedScores(matchCounts(one), "macro").f1, 12);
  });

  it("have the positive class's scores where one is named", () => {
    const measured = classificationStatistics(letters("yynn"), letters("ynyn"), { positive: "y" });
    expect(measured.map(({ metric }) => metric).slice(4)).toEqual(["precision of y", "recall of y", "F1 of y"]);
    expect(measured.slice(4).map(scoreOf)).toEqual([0.5, 0.5, 0.5]);
    expect(() => classificationStatistics(["y"], ["y"], { positive: "yes" })).toThrow(/no example has.*There is y/i);
  });

  it("that cannot be scored are refused", () => {
    expect(() => confusionMatrix(["a"], ["a", "b"])).toThrow(/1 gold values and 2 predicted/);
    expect(() => confusionMatrix([], [])).toThrow(InputError);
    expect(() => confusionMatrix(["a"], ["b"], ["a"])).toThrow(/Example 1 has the label "b".*none of a/);
  });

  it("of two systems are compared only with the same labels, since rows hold places among them", () => {
    const [gold, first, second] = [letters("abab"), letters("abaa"), letters("cbab")];
    const [one] = classificationStatistics(gold, first);
    const [two] = classificationStatistics(gold, second);
    expect(() => pairedRandomization(one!, two!)).toThrow(/stand for a, b, the system's for a, b, c/);
    const labels = labelsIn(gold, first, second);
    const paired = pairedRandomization(
      classificationStatistics(gold, first, { labels })[0]!,
      classificationStatistics(gold, second, { labels })[0]!,
      { samples: 100 },
    );
    expect(paired).toMatchObject({ baseline: 0.75, system: 0.75, difference: 0, pValue: 1 });
  });
});

interface ProbabilityCase {
  readonly gold: readonly number[];
  readonly weights: readonly number[][];
  readonly bins: number;
  readonly filled: readonly number[];
  readonly share: readonly number[];
  readonly mean: readonly number[];
  readonly calibration: number;
  readonly brier: number;
  readonly nats: number;
  readonly top?: readonly number[];
}

describe("probabilities", () => {
  const { cases } = golden("probabilities") as { cases: ProbabilityCase[] };

  it("are judged as scikit-learn does, in 1,000 random cases", () => {
    expect(cases).toHaveLength(1000);
    for (const one of cases) {
      const what = (): string => JSON.stringify(one);
      const table = one.weights.map((row) => row.map((weight) => weight / row.reduce((a, b) => a + b)));
      const { confidence, correct } = confidences(one.gold, table);
      const filled = reliabilityBins(confidence, correct, one.bins).filter(({ examples }) => examples > 0);
      expectAllSame(
        filled.flatMap((bin) => [bin.examples, bin.accuracy, bin.confidence]),
        one.filled.flatMap((examples, i) => [examples, one.share[i]!, one.mean[i]!]),
        what,
      );
      const measured = calibrationStatistics(one.gold, table, one.bins).map(scoreOf);
      expectAllSame(measured, [one.calibration, one.brier, one.nats], what);
      const top = (one.top ?? []).map((_, i) => scoreOf(topKStatistics(one.gold, table, i + 1)));
      expectAllSame(top, one.top ?? [], what);
    }
  });

  it("on an edge belong to the bin below it, in bins of any number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(60), (bins, k) => {
        const value = Math.min(k, bins) / bins;
        const [bin] = reliabilityBins([value], [1], bins).filter(({ examples }) => examples === 1);
        expect(bin!.high).toBe(Math.max(1, Math.min(k, bins)) / bins);
        // The next number after the edge, whose product with the number of bins may be rounded to a whole one.
        if (value === 0 || value === 1) return;
        const [next] = reliabilityBins([value * (1 + Number.EPSILON)], [1], bins).filter(
          ({ examples }) => examples === 1,
        );
        expect(next!.low).toBe(value);
      }),
    );
    expect(expectedCalibrationError(reliabilityBins([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0]))).toBe(0);
    expect(expectedCalibrationError(reliabilityBins([1, 1], [0, 0]))).toBe(1);
  });

  it("that are none are refused", () => {
    expect(() => reliabilityBins([1.5], [1])).toThrow(/probability 1.5/);
    expect(() => reliabilityBins([0.5], [1], 0)).toThrow(/bins is 0/);
    expect(() => calibrationStatistics([2], [[0.5, 0.5]])).toThrow(/class 2; it has 2 prob/);
    expect(() => topKStatistics([2], [[0.5, 0.5]], 1)).toThrow(/of class 2/);
    expect(brier([1, 0], 0)).toBe(0);
    expect(brier([0, 1], 0)).toBe(2);
  });
});

describe("scores of a class", () => {
  interface RankingCase {
    readonly positive: number[];
    readonly scores: number[];
    readonly auc: number;
    readonly precision: number;
  }

  it("rank as scikit-learn says, in 1,000 random cases with ties", () => {
    const { cases } = golden("ranking") as { cases: RankingCase[] };
    expect(cases).toHaveLength(1000);
    for (const one of cases) {
      const measured = rankingStatistics(one.positive, one.scores).map(scoreOf);
      expectAllSame(measured, [one.auc, one.precision], () => JSON.stringify(one));
    }
  });

  it("of one class only have no AUC", () => {
    expect(rocAuc([1, 1], [0.2, 0.4])).toBeNaN();
    expect(rocAuc([0, 0], [0.2, 0.4])).toBeNaN();
    expect(averagePrecision([0, 0], [0.2, 0.4])).toBeNaN();
  });
});
