import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignmentWords, contentWords, dictionaryBaseline, parseAlignment, tokenSpans } from "../../src/data/index.ts";
import { InputError } from "../../src/errors/index.ts";

const texts = (text: string): string[] => alignmentWords(text).map((word) => word.text);

describe("alignmentWords", () => {
  it.each([
    ["Jane visite l'Afrique en septembre", ["Jane", "visite", "l'", "Afrique", "en", "septembre"]],
    ["Est-ce qu'elle n'a pas d'œufs ?", ["Est-ce", "qu'", "elle", "n'", "a", "pas", "d'", "œufs", "?"]],
    ["Aujourd'hui, aux États-Unis.", ["Aujourd'hui", ",", "aux", "États-Unis", "."]],
    ["At seven o'clock, Thomas's house", ["At", "seven", "o'clock", ",", "Thomas", "'s", "house"]],
    ["Jane s'est levée; l’été, Marie’s", ["Jane", "s'", "est", "levée", ";", "l’", "été", ",", "Marie", "’s"]],
    ["", []],
    ["  ...  ", [".", ".", "."]],
  ])("splits %j", (text, expected) => {
    expect(texts(text)).toEqual(expected);
  });

  it("leaves out nothing but white space, and its offsets point at the words", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", "'", "s", "-", "’", ".", " ", "\t", "1", "œ", "Z", "😀", "\u0301"),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, (given) => {
        const words = alignmentWords(given);
        expect(words.map((word) => word.text).join("")).toBe(given.replace(/\s/gu, ""));
        for (const { text: word, start, end } of words) expect(given.slice(start, end)).toBe(word);
      }),
    );
  });
});

describe("contentWords and tokenSpans", () => {
  const words = alignmentWords("Jane visits the old castle.");

  it("leaves out function words and marks", () => {
    expect(contentWords(words, new Set(["the"]))).toEqual([0, 1, 3, 4]);
  });

  it("finds the tokens of each word", () => {
    const offsets: [number, number][] = [
      [0, 2],
      [2, 4],
      [5, 11],
      [11, 15],
      [16, 19],
      [20, 26],
      [26, 27],
      [27, 27],
    ];
    expect(tokenSpans(words, offsets)).toEqual([
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
      [6, 7],
    ]);
    expect(tokenSpans(words, offsets.slice(0, 3)).at(-1)).toEqual([0, 0]);
  });
});

describe("parseAlignment", () => {
  it("reads Pharaoh links", () => {
    expect(parseAlignment("0-0 1-12\t3-2 ")).toEqual([
      [0, 0],
      [1, 12],
      [3, 2],
    ]);
    expect(parseAlignment("")).toEqual([]);
  });

  it.each(["0-", "0:1", "a-b", "1-2-3", "-1-2"])("refuses %j", (link) => {
    expect(() => parseAlignment(`0-0 ${link}`, "x.align, line 3")).toThrow(InputError);
    expect(() => parseAlignment(`0-0 ${link}`, "x.align, line 3")).toThrow("In x.align, line 3");
  });
});

describe("dictionaryBaseline", () => {
  const pairs = [
    { source: "Jane aime l'Afrique.", target: "Jane likes Africa." },
    { source: "Jane aime l'Italie", target: "Jane likes Italy" },
    { source: "Paul ne mange pas la pomme de Marie.", target: "Paul does not eat Marie's apple." },
  ];
  const alignments = ["0-0 1-1 3-2 4-3", "0-0 1-1 3-2", "0-0 1-2 2-1 2-3 3-2 5-6 6-5 7-4 8-7"].map((line) =>
    parseAlignment(line),
  );

  it("takes the most frequent word or nothing, keeps the order of the source and copies what it does not know", () => {
    const baseline = dictionaryBaseline(pairs, alignments);
    expect(baseline.translate("Jane aime l'Italie de Marie.")).toBe("Jane likes Italy's Marie.");
    expect(baseline.translate("Paul ne mange pas l'Afrique rouge")).toBe("Paul not does not Africa rouge");
    expect(baseline.translate("l' pomme")).toBe("Apple");
    expect(baseline.size).toBe(14);
  });

  it("refuses alignments that do not fit", () => {
    expect(() => dictionaryBaseline(pairs, alignments.slice(1))).toThrow("3 sentence pairs but 2 alignments");
    expect(() => dictionaryBaseline(pairs.slice(0, 1), [[[9, 0]]])).toThrow("The link 9-0 of pair 1 points beyond");
  });
});
