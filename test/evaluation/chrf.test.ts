import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors/index.ts";
import { chrf } from "../../src/evaluation/index.ts";
import { asOurs, corpusOf, goldens, titleOf } from "./goldens.ts";

describe("chrf equals sacreBLEU's", () => {
  it.each(goldens.chrf.map((golden) => [titleOf(golden), golden] as const))("%s", (_, golden) => {
    const { hypotheses, references } = corpusOf(golden.corpus);
    const score = chrf(hypotheses, references.slice(0, golden.references), golden.options);
    expect(score.format({ signature: true })).toBe(asOurs(golden.line));
    expect(score.score).toBeCloseTo(golden.score, 9);
  });
});

describe("chrf", () => {
  it("is 100 for the reference itself and 0 for text without a common character", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-m ]{0,20}[a-m]$/), { minLength: 1, maxLength: 4 }), (lines) => {
        expect(chrf(lines, [lines], { wordOrder: 2 }).score).toBeCloseTo(100, 9);
        const others = lines.map((line) => line.replaceAll(/[a-m]/g, "x"));
        expect(chrf(lines, [others]).score).toBe(0);
      }),
    );
  });

  it("counts characters, not UTF-16 units", () => {
    // The two emoji share their first unit: one common unit of two would be a match.
    expect(chrf(["😀"], [["😁"]]).score).toBe(0);
  });

  it("names itself by beta and words, as JSON too", () => {
    const score = chrf(["a b"], [["a b"]], { wordOrder: 2, beta: 3 });
    expect(score.name).toBe("chrF3++");
    expect(JSON.parse(JSON.stringify(score))).toEqual({ name: "chrF3++", score: 100, signature: score.signature });
  });

  it("refuses streams of different length and options out of range", () => {
    expect(() => chrf(["a"], [["a", "b"]])).toThrow(InputError);
    expect(() => chrf(["a"], [["a"]], { charOrder: 0 })).toThrow(/charOrder is 0/);
    expect(() => chrf(["a"], [["a"]], { wordOrder: -1 })).toThrow(/wordOrder is -1/);
    expect(() => chrf(["a"], [["a"]], { beta: 0 })).toThrow(/beta is 0/);
  });
});
