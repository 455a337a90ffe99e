import { describe, expect, it } from "vitest";
import {
  answerScores,
  answerStatistics,
  bootstrap,
  meanStatistics,
  ndcgAt,
  pearson,
  perplexity,
  perplexityStatistics,
  readTags,
  recallAt,
  reciprocalRank,
  regressionStatistics,
  retrievalStatistics,
  rougeScores,
  rougeStatistics,
  scoreOf,
  spanScores,
  spanStatistics,
  spearman,
  type TagScheme,
} from "../../src/evaluation/index.ts";
import { porterStem } from "../../src/evaluation/porter.ts";
import { expectAllSame, expectSame, golden } from "./task-goldens.ts";

describe("regression", () => {
  interface Case {
    readonly gold: number[];
    readonly predicted: number[];
    readonly pearson: number | null;
    readonly spearman: number | null;
    readonly squared: number;
    readonly absolute: number;
    readonly explained: number | null;
  }

  it("is judged as SciPy and scikit-learn do, in 1,000 random cases", () => {
    const { cases } = golden("regression") as { cases: Case[] };
    expect(cases).toHaveLength(1000);
    for (const one of cases) {
      const measured = regressionStatistics(one.gold, one.predicted).map(scoreOf);
      const expected = [one.pearson, one.spearman, one.squared, one.absolute, one.explained];
      expectAllSame(measured, expected, () => JSON.stringify(one));
    }
  });

  it("of a constant has no correlation, even where its mean is rounded", () => {
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN();
    expect(spearman([1, 2, 3], [0.7, 0.7, 0.7])).toBeNaN();
    expect(pearson([1e8 + 1, 1e8 + 2, 1e8 + 3], [1, 2, 3])).toBeCloseTo(1, 9);
  });
});

interface SpanCase {
  readonly scheme: TagScheme | "";
  readonly gold: readonly string[];
  readonly predicted: readonly string[];
  readonly averages: readonly (number | null)[][];
  readonly types: readonly number[][];
  readonly accuracy: number;
}

describe("spans", () => {
  const goldens = golden("spans") as Record<"lenient" | "strict", SpanCase[]>;

  it.each(["lenient", "strict"] as const)("are those of seqeval, %s, in 1,000 random cases", (mode) => {
    expect(goldens[mode]).toHaveLength(1000);
    for (const one of goldens[mode]) {
      const what = (): string => JSON.stringify(one);
      const [gold, predicted] = [one.gold, one.predicted].map((lines) => lines.map((line) => line.split(" ")));
      const options = one.scheme === "" ? {} : { scheme: one.scheme };
      const scores = spanScores(gold!, predicted!, options);
      for (const [i, average] of (["micro", "macro", "weighted"] as const).entries()) {
        const { precision, recall, f1 } = scores[average];
        // Where no span is marked at all, seqeval's mean over types is not a number; here it is 0.
        const expected = one.averages[i]!.map((value) => value ?? 0);
        expectAllSame([precision, recall, f1], expected, () => `${what()}, ${average}`);
      }
      expectAllSame(
        scores.types.flatMap(({ precision, recall, f1 }) => [precision, recall, f1]),
        one.types.flat(),
        what,
      );
      expectSame(scores.tokenAccuracy, one.accuracy, what);
      const [f1, , recall, macro, tokens] = spanStatistics(gold!, predicted!, options).map(scoreOf);
      const expected = [scores.micro.f1, scores.micro.recall, scores.macro.f1, one.accuracy];
      expectAllSame([f1!, recall!, macro!, tokens!], expected, what);
    }
  });

  it("say how many tags were repaired, or not counted", () => {
    const tags = ["O", "I-PER", "I-PER", "I-LOC", "O", "B-LOC", "I-LOC"];
    const spans = [
      { type: "PER", start: 1, end: 3 },
      { type: "LOC", start: 3, end: 4 },
      { type: "LOC", start: 5, end: 7 },
    ];
    expect(readTags(tags)).toEqual({ spans, faults: 2 });
    expect(readTags(tags, "IOB2")).toEqual({ spans: spans.slice(2), faults: 3 });
    expect(readTags(["B", "I", "B-_"])).toMatchObject({
      spans: [
        { type: "_", end: 2 },
        { type: "_", start: 2 },
      ],
    });
    const { faults } = spanScores([["B-PER"]], [["I-PER"]]);
    expect(faults).toEqual({ gold: 0, predicted: 1 });
  });

  it("that cannot be read are refused", () => {
    expect(() => readTags(["B-PER", "PER"])).toThrow(
      /Tag 2 .* "PER"; it must be one of B-TYPE, I-TYPE, E-TYPE, S-TYPE, O/,
    );
    expect(() => readTags(["E-PER"], "IOB2")).toThrow(/"E-PER"; it must be one of B-TYPE, I-TYPE, O/);
    expect(() => spanScores([["O"], ["O", "O"]], [["O"], ["O"]])).toThrow(/Sentence 2 has 2 gold tags and 1 predicted/);
    expect(scoreOf(spanStatistics([["O"]], [["O"]])[0]!)).toBe(0);
  });
});

describe("answers", () => {
  interface Case {
    readonly one: { questions: Record<string, string[]>; predicted: Record<string, string>; exact: number; f1: number };
    readonly two: {
      questions: Record<string, string[]>;
      predicted: Record<string, string>;
      noAnswer: Record<string, number>;
      threshold: number;
      exact: number;
      f1: number;
      HasAns_exact: number;
      HasAns_f1: number;
      NoAns_exact: number | null;
      NoAns_f1: number | null;
      best: number[];
    };
  }
  const { cases } = golden("squad") as { cases: Case[] };
  const questionsOf = (all: Record<string, string[]>) => Object.entries(all).map(([id, answers]) => ({ id, answers }));

  it("are judged as SQuAD 1.1's script does, in 1,000 random cases", () => {
    expect(cases).toHaveLength(1000);
    for (const { one } of cases) {
      const [questions, predicted] = [questionsOf(one.questions), new Map(Object.entries(one.predicted))];
      const { exact, f1, version, missing } = answerScores(questions, predicted);
      expect([version, missing]).toEqual(["1.1", questions.length - predicted.size]);
      expectAllSame([exact, f1], [one.exact, one.f1], () => JSON.stringify(one));
      expectAllSame(answerStatistics(questions, predicted).map(scoreOf), [one.exact, one.f1], () =>
        JSON.stringify(one),
      );
    }
  });

  it("are judged as SQuAD 2.0's script does, in 1,000 random cases", () => {
    for (const { two } of cases) {
      const [questions, predicted] = [questionsOf(two.questions), new Map(Object.entries(two.predicted))];
      const options = {
        version: "2.0",
        noAnswer: new Map(Object.entries(two.noAnswer)),
        threshold: two.threshold,
      } as const;
      const scores = answerScores(questions, predicted, options);
      const { answerable, unanswerable, bestExact, bestF1 } = scores;
      expectAllSame(
        [
          scores.exact,
          scores.f1,
          answerable!.exact,
          answerable!.f1,
          unanswerable?.exact ?? NaN,
          unanswerable?.f1 ?? NaN,
        ],
        [two.exact, two.f1, two.HasAns_exact, two.HasAns_f1, two.NoAns_exact, two.NoAns_f1],
        () => JSON.stringify(two),
      );
      const best = [bestExact!.score, bestExact!.threshold, bestF1!.score, bestF1!.threshold];
      expectAllSame(best, two.best, () => JSON.stringify(two));
      const statistics = answerStatistics(questions, predicted, options).map(scoreOf);
      expectAllSame(statistics, [two.exact, two.f1], () => JSON.stringify(two));
    }
  });

  it("to questions without one are version 2.0's", () => {
    const questions = [{ id: "q", answers: [] }];
    expect(answerScores(questions, new Map([["q", ""]]))).toMatchObject({ version: "2.0", exact: 100, f1: 100 });
    expect(() => answerScores(questions, new Map(), { version: "1.1" })).toThrow(/Question q has no answer/);
    expect(() => answerScores(questions, new Map([["q", "x"]]), { noAnswer: new Map() })).toThrow(/no no-answer prob/);
    expect(() => answerScores([], new Map())).toThrow(/no questions/);
  });
});

describe("summaries", () => {
  interface Case {
    readonly hypothesis: string;
    readonly references: string[];
    readonly stemmer: boolean;
    /** Of each type precision, recall and F1. */
    readonly scores: number[][];
  }
  const { cases, stems } = golden("rouge") as { cases: Case[]; stems: [string, string][] };

  it("are judged as rouge-score does, in 1,000 random cases", () => {
    expect(cases).toHaveLength(1000);
    for (const { hypothesis, references, stemmer, scores } of cases) {
      const { rouge1, rouge2, rougeL, rougeLsum } = rougeScores(hypothesis, references, { stemmer });
      const all = [rouge1, rouge2, rougeL, rougeLsum].flatMap(({ precision, recall, f1 }) => [precision, recall, f1]);
      expectAllSame(all, scores.flat(), () => JSON.stringify({ hypothesis, references, stemmer }));
    }
    const some = cases.filter(({ references, stemmer }) => references.length === 1 && stemmer);
    const texts = [some.map(({ hypothesis }) => hypothesis), [some.map(({ references }) => references[0]!)]] as const;
    const means = rougeStatistics(...texts, { stemmer: true }).map(scoreOf);
    const expected = means.map((_, i) => some.reduce((sum, { scores }) => sum + scores[i]![2]!, 0) / some.length);
    expectAllSame(means, expected, () => "the means");
  });

  it("are stemmed as NLTK does", () => {
    expect(stems.length).toBeGreaterThan(1500);
    expect(stems.map(([word]) => [word, porterStem(word)])).toEqual(stems);
  });
});

describe("ranked documents", () => {
  interface Case {
    readonly ranked: string;
    readonly relevant: Record<string, number>;
    readonly scores: number[];
  }

  it("are judged as trec_eval does, in 1,000 random cases", () => {
    const { cases } = golden("retrieval") as { cases: Case[] };
    expect(cases).toHaveLength(1000);
    const queries = cases.map(({ ranked, relevant }) => ({
      ranked: Array.from(ranked),
      relevant: new Map(Object.entries(relevant)),
    }));
    for (const [i, query] of queries.entries()) {
      const scores = [
        recallAt(query, 1),
        recallAt(query, 5),
        reciprocalRank(query),
        ndcgAt(query, 1),
        ndcgAt(query, 5),
      ];
      expectAllSame(scores, cases[i]!.scores, () => JSON.stringify(cases[i]));
    }
    const means = retrievalStatistics(queries, [1, 5]).map(scoreOf);
    const expected = means.map((_, m) => cases.reduce((sum, { scores }) => sum + scores[m]!, 0) / cases.length);
    expectAllSame(means, expected, () => "the means");
  });

  it("without anything relevant cannot be judged", () => {
    const relevant = new Map([["a", 0]]);
    expect(() => recallAt({ ranked: ["a"], relevant }, 1)).toThrow(/no relevant document/);
    expect(() => reciprocalRank({ ranked: ["a", "a"], relevant: new Map([["a", 1]]) })).toThrow(/twice/);
    expect(reciprocalRank({ ranked: ["b", "a"], relevant: new Map([["a", 1]]) }, 1)).toBe(0);
  });
});

describe("perplexity", () => {
  it("has an interval: that of the nats, to the power of e", () => {
    const losses = [
      { nats: 1, tokens: 3 },
      { nats: 2, tokens: 5 },
      { nats: 4, tokens: 2 },
    ];
    const interval = bootstrap(perplexityStatistics(losses), { samples: 200 });
    expect(interval.score).toBeCloseTo(perplexity(losses), 12);
    const nats = bootstrap(meanStatistics([1, 2, 4], [3, 5, 2]), { samples: 200 });
    expect(interval.low).toBeCloseTo(Math.exp(nats.low), 12);
    expect(interval.high).toBeCloseTo(Math.exp(nats.high), 12);
  });
});
