import { describe, expect, test } from "vitest";
import { makeDecoder, makeNormalizer, makePreTokenizer } from "../../src/tokens/index.ts";
import { Aligned } from "../../src/tokens/aligned.ts";
import { cutText } from "../../src/tokens/pipeline.ts";
import { stagesGolden } from "./goldens.ts";

const { texts, tokens, normalizers, preTokenizers, decoders } = stagesGolden();
const named = <Case extends readonly [object, unknown]>(cases: readonly Case[]): [string, Case][] =>
  cases.map((one) => [JSON.stringify(one[0]), one]);

describe.each([
  ["with alignments", true],
  ["without", false],
])("%s", (_, tracked) => {
  test.each(named(normalizers))("normalizer %s", (__, [json, expected]) => {
    const normalizer = makeNormalizer(json);
    expect(normalizer.json).toEqual(json);
    texts.forEach((text, i) => {
      const piece = normalizer.normalize(new Aligned(text, 0, undefined, tracked));
      expect([text, piece.text]).toEqual([text, expected[i]]);
      if (tracked && piece.spans !== undefined) expect(piece.spans.length).toBe(2 * piece.text.length);
    });
  });

  test.each(named(preTokenizers))("pre-tokenizer %s", (__, [json, expected]) => {
    const preTokenizer = makePreTokenizer(json);
    expect(preTokenizer.json).toEqual(json);
    texts.forEach((text, i) => {
      const words: string[] = [];
      cutText(text, { preTokenizer }, tracked, (piece) => words.push(piece.text));
      expect([text, words]).toEqual([text, expected[i]]);
    });
  });
});

test.each(named(decoders))("decoder %s", (_, [json, expected]) => {
  const decoder = makeDecoder(json);
  expect(decoder.json).toEqual(json);
  expect(decoder.decode(tokens).join("")).toBe(expected);
});

/** Rust's tables are of Unicode 9 for normalization and scripts; JavaScript's are as new as the engine. */
test.fails("characters that Unicode got after version 9 are unassigned", () => {
  const words: string[] = [];
  makePreTokenizer({ type: "UnicodeScripts" }).split(new Aligned("a\u09fcb", 0, undefined, false), ({ text }) =>
    words.push(text),
  );
  expect(words).toEqual(["a\u09fcb"]);
});
