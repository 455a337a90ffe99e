import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import {
  BLEU_TOKENIZATIONS,
  type BleuOptions,
  bleu,
  sentenceBleu,
  tokenizeForBleu,
} from "../../src/evaluation/index.ts";
import { fixed } from "../../src/evaluation/score-line.ts";
import { VERSION } from "../../src/evaluation/version.ts";
import { asOurs, corpusOf, goldens, titleOf } from "./goldens.ts";

describe("tokenizations equal sacreBLEU's", () => {
  const { lines } = goldens.tokens;
  it.each(BLEU_TOKENIZATIONS)("%s", (tokenization) => {
    const ours = lines.map((line) => tokenizeForBleu(line, tokenization).join("\n"));
    expect(ours).toEqual(goldens.tokens[tokenization]);
  });

  it("lower-cased, with the sigma that ends a word", () => {
    const ours = lines.map((line) => tokenizeForBleu(line, "none", true).join("\n"));
    expect(ours).toEqual(goldens.tokens.lowercase);
    expect(tokenizeForBleu("ΟΔΟΣ", "none", true)).toEqual(["οδος"]);
  });

  it("no token is empty or holds white space", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.constantFrom(...BLEU_TOKENIZATIONS), (line, tokenization) => {
        for (const token of tokenizeForBleu(line, tokenization)) expect(token).toMatch(/^[^ \t\n]+$/u);
      }),
    );
  });
});

describe("bleu equals sacreBLEU's", () => {
  it("has goldens of the version that is named", () => {
    expect(goldens.reference).toBe("sacrebleu 2.6.0");
    expect(goldens.bleu.length).toBeGreaterThan(200);
  });

  it.each(goldens.bleu.map((golden) => [titleOf(golden), golden] as const))("%s", (_, golden) => {
    const { hypotheses, references } = corpusOf(golden.corpus);
    const score = bleu(hypotheses, references.slice(0, golden.references), golden.options);
    expect(score.format({ signature: true })).toBe(asOurs(golden.line));
    expect(score.format({ width: 1 }).split(" ")[2]).toBe(golden.coarse);
    expect(score.score).toBeCloseTo(golden.score, 9);
    // sacreBLEU adds the k of add-k to the counts that it shows; here they stay what was counted.
    const k = golden.options.smoothing === "add-k" && golden.score > 0 ? (golden.options.smoothingValue ?? 1) : 0;
    expect(score.counts.map((count, index) => count + (index > 0 ? k : 0))).toEqual(golden.counts);
    expect(score.totals.map((total, index) => total + (index > 0 ? k : 0))).toEqual(golden.totals);
  });

  it("one sentence", () => {
    for (const { corpus, index, score, line } of goldens.sentenceBleu) {
      const { hypotheses, references } = corpusOf(corpus);
      const ours = sentenceBleu(
        hypotheses[index]!,
        references.map((stream) => stream[index]!),
      );
      expect(ours.score).toBeCloseTo(score, 9);
      expect(ours.format()).toBe(line);
    }
  });
});

describe("bleu", () => {
  const sentence = fc.array(fc.constantFrom("the", "cat", "sat", "on", "a", "mat."), { minLength: 4, maxLength: 12 });
  const corpus = fc.array(
    sentence.map((words) => words.join(" ")),
    { minLength: 1, maxLength: 5 },
  );

  it("is 100 for the reference itself, whatever other references there are", () => {
    fc.assert(
      fc.property(corpus, (lines) => {
        expect(bleu(lines, [lines]).score).toBeCloseTo(100, 9);
        expect(bleu(lines, [lines.map(() => "something else"), lines]).score).toBeCloseTo(100, 9);
      }),
    );
  });

  it("does not depend on the order of sentences or references", () => {
    fc.assert(
      fc.property(corpus, corpus, (hypotheses, others) => {
        const first = hypotheses.map((_, i) => others[i % others.length]!);
        const second = first.toReversed();
        const score = bleu(hypotheses, [first, second]).score;
        expect(bleu(hypotheses, [second, first]).score).toBeCloseTo(score, 9);
        const reversed = [first.toReversed(), second.toReversed()];
        expect(bleu(hypotheses.toReversed(), reversed).score).toBeCloseTo(score, 9);
      }),
    );
  });

  it("carries the package's version in its signature", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(VERSION).toBe(version);
    expect(bleu(["a"], [["a"]]).signature).toBe(`nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:heed-${version}`);
  });

  it("has a ratio of 0 where the references are empty", () => {
    const score = bleu(["a b"], [[""]]);
    expect([score.ratio, score.brevityPenalty, score.score]).toEqual([0, 1, 0]);
  });
});

describe("bad input to bleu", () => {
  const failing = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).message;
    }
    throw new Error("nothing was thrown");
  };

  it("names the reference whose length differs", () => {
    const message = failing(() => bleu(["a", "b"], [["a", "b"], ["a"]]));
    expect(message).toMatch(/2 hypotheses.*reference 2 of 2 has 1 line\b/);
    expect(failing(() => bleu(["a"], [[]]))).toMatch(/1 hypothesis, but reference 1 of 1 has 0 lines/);
  });

  it("says that there is nothing to score", () => {
    expect(failing(() => bleu([], [[]]))).toMatch(/no hypotheses/);
    expect(failing(() => bleu(["a"], []))).toMatch(/No references/);
  });

  it.each<[BleuOptions, RegExp]>([
    [{ tokenize: "13b" as "13a" }, /tokenize is "13b".*13a, none, char, intl.*Did you mean "13a"/],
    [{ smoothing: "add_k" as "add-k" }, /smoothing is "add_k".*Did you mean "add-k"/],
    [{ maxOrder: 0 }, /maxOrder is 0.*at least 1/],
    [{ maxOrder: 2.5 }, /maxOrder is 2.5/],
    [{ smoothingValue: 1 }, /smoothingValue is 1 with smoothing "exp"/],
    [{ smoothing: "floor", smoothingValue: -1 }, /smoothingValue is -1/],
  ])("%j", (options, message) => {
    expect(failing(() => bleu(["a"], [["a"]], options))).toMatch(message);
  });
});

describe("fixed", () => {
  it("rounds exact halves to the even digit, as Python prints them", () => {
    expect([6.25, 18.75, 43.75, 31.25, 93.75].map((value) => fixed(value, 1))).toEqual([
      "6.2",
      "18.8",
      "43.8",
      "31.2",
      "93.8",
    ]);
    expect([0.5, 1.5, 2.5, -1.5, -2.5].map((value) => fixed(value, 0))).toEqual(["0", "2", "2", "-2", "-2"]);
    expect([0.0625, 0.1875, 0.3125].map((value) => fixed(value, 3))).toEqual(["0.062", "0.188", "0.312"]);
  });

  it("rounds everything else to the nearest", () => {
    expect([2.675, 1.005, 0.15, 0.25, 99.99].map((value) => fixed(value, 2))).toEqual([
      "2.67",
      "1.00",
      "0.15",
      "0.25",
      "99.99",
    ]);
    expect(fixed(12.349, 1)).toBe("12.3");
  });
});
