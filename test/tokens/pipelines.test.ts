import { describe, expect, test } from "vitest";
import { codePointOffsets, Tokenizer } from "../../src/tokens/index.ts";
import { nasty, pipelineGolden } from "./goldens.ts";

const names = [
  "byte-level",
  "byte-level-prefixed",
  "byte-level-split",
  "ignore-merges",
  "metaspace",
  "metaspace-fused",
  "characters-nfd",
  "characters-nfkd",
  "words",
  "affixed",
  "sentencepiece",
  "added",
];

describe.each(names)("%s equals Hugging Face tokenizers", (name) => {
  const expected = pipelineGolden(name);
  const tokenizer = Tokenizer.fromJson(expected.tokenizer);
  const cases = nasty.map((text, i) => ({ text, ids: expected.encodings[i]![0], offsets: expected.encodings[i]![1] }));

  test("ids", () => {
    for (const { text, ids } of cases) expect([text, tokenizer.encode(text).ids]).toEqual([text, ids]);
  });

  test("offsets, counted in code points", () => {
    for (const { text, offsets } of cases) {
      expect([text, codePointOffsets(text, tokenizer.encode(text).offsets).flat()]).toEqual([text, offsets]);
    }
  });

  test("the quick way to ids", () => {
    for (const { text, ids } of cases) expect([text, [...tokenizer.ids(text)]]).toEqual([text, ids]);
  });

  test("decoding", () => {
    expected.encodings.forEach(([ids, , text]) => {
      expect(tokenizer.decode(ids)).toBe(text);
    });
  });

  test("pairs, type ids, and special tokens on and off", () => {
    const { pair } = expected;
    const encoding = tokenizer.encode(["the cat", "a 😀 dog"]);
    const second = encoding.tokens.map((_, i) => encoding.typeIds[i] === 1);
    const texts = ["the cat", "a 😀 dog"];
    const offsets = encoding.offsets.map((at, i) => codePointOffsets(texts[second[i]! ? 1 : 0]!, [at])[0]);
    expect({ ...encoding, offsets }).toMatchObject(pair);
    expect([...tokenizer.ids(["the cat", "a 😀 dog"])]).toEqual(pair.ids);
    expect(tokenizer.encode("<s> the cat", { addSpecialTokens: false }).ids).toEqual(expected.bare);
    expect([...tokenizer.ids("<s> the cat", { addSpecialTokens: false })]).toEqual(expected.bare);
    expect(tokenizer.decode(pair.ids, { skipSpecialTokens: false })).toBe(expected.withSpecials);
  });

  test("the file is written as it was, character for character", () => {
    expect(tokenizer.toText()).toBe(expected.tokenizer);
    expect(tokenizer.toJson()).toEqual(JSON.parse(expected.tokenizer));
  });
});
