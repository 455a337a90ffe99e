import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codePointOffsets, Tokenizer, type Encoding, type TruncationOptions } from "../../src/tokens/index.ts";

const golden = new URL("./golden/", import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, golden), "utf8"));
const { texts } = read("folders/texts.json") as { texts: string[] };

interface Shown {
  ids: number[];
  offsets: [number, number][];
  typeIds: number[];
  attentionMask: number[];
  specialTokensMask: number[];
  wordIds: (number | null)[];
}
interface FamilyGolden {
  readonly tokenizer: string;
  readonly encodings: readonly (readonly [number[], number[], string])[];
  readonly pair: Shown;
  readonly words: Shown;
  readonly bare: Shown;
  readonly withSpecials: string;
  readonly cuts: readonly (readonly [
    string,
    string | null,
    { max_length: number; stride: number; strategy: "longest_first"; direction: "left" | "right" },
    (Shown & { overflowing: number[][] }) | { error: string },
  ])[];
  readonly pads: readonly (readonly [
    {
      direction: "left" | "right";
      pad_id: number;
      pad_type_id: number;
      pad_token: string;
      pad_to_multiple_of?: number;
      length?: number;
    },
    Shown[],
  ])[];
}

const LONG = "the cat sees the red car. My sister doesn't like twenty-two books !";
const OTHER = "a dog 😀 was looking for été";
const names = readdirSync(new URL("families/", golden)).map((file) => file.replace(/\.json$/, ""));

/** What Python shows of an encoding; the offsets must be of code points. */
function shown({ ids, offsets, typeIds, attentionMask, specialTokensMask, wordIds }: Encoding): Shown {
  const words = wordIds.map((word) => word ?? null);
  return { ids, offsets, typeIds, attentionMask, specialTokensMask, wordIds: words };
}

describe.each(names)("%s equals Hugging Face tokenizers", (name) => {
  const expected = read(`families/${name}.json`) as FamilyGolden;
  const tokenizer = Tokenizer.fromJson(expected.tokenizer);
  const points = { offsetUnit: "code points" } as const;

  test("ids, offsets, decoding", () => {
    const wrong = texts.flatMap((text, i) => {
      const [ids, offsets, decoded] = expected.encodings[i]!;
      const encoding = tokenizer.encode(text);
      const quick = [...tokenizer.ids(text)];
      const same = JSON.stringify(quick) === JSON.stringify(encoding.ids) ? encoding.ids : quick;
      const got = [same, codePointOffsets(text, encoding.offsets).flat(), tokenizer.decode(ids)];
      return JSON.stringify(got) === JSON.stringify([ids, offsets, decoded])
        ? []
        : [{ text, expected: JSON.stringify([ids, offsets, decoded]), got: JSON.stringify(got) }];
    });
    expect(wrong).toEqual([]);
  });

  test("pairs, masks, words, special tokens on and off", () => {
    expect(shown(tokenizer.encode([LONG, OTHER], points))).toEqual(expected.pair);
    expect(shown(tokenizer.encode([LONG, OTHER], { ...points, addSpecialTokens: false }))).toEqual(expected.bare);
    expect(tokenizer.decode(expected.pair.ids, { skipSpecialTokens: false })).toBe(expected.withSpecials);
  });

  test("texts that are given as words", () => {
    const words = ["the", "café", "doesn't", "", "😀 ok"];
    expect(shown(tokenizer.encodeWords(words, points))).toEqual(expected.words);
  });

  test("truncation", () => {
    for (const [first, second, settings, result] of expected.cuts) {
      const truncation: TruncationOptions = { ...settings, maxLength: settings.max_length };
      const encode = (): Encoding =>
        tokenizer.encode(second === null ? first : [first, second], { ...points, truncation });
      if ("error" in result) {
        expect(encode, JSON.stringify(settings)).toThrow();
        continue;
      }
      const { overflowing, ...rest } = result;
      const encoding = encode();
      expect([settings, shown(encoding)]).toEqual([settings, rest]);
      expect(encoding.overflowing.map(({ ids }) => ids)).toEqual(overflowing);
    }
  });

  test("padding", () => {
    for (const [settings, result] of expected.pads) {
      const padding = {
        direction: settings.direction,
        id: settings.pad_id,
        typeId: settings.pad_type_id,
        token: settings.pad_token,
        multipleOf: settings.pad_to_multiple_of,
        length: settings.length,
      };
      const batch = ["the cat", ["a", "dog"], "my sister bought twenty-two books"] as const;
      expect(tokenizer.encodeBatch(batch, { ...points, padding }).map(shown)).toEqual(result);
    }
  });

  test("the file is written as it was", () => {
    // Rust writes 0.0 where JavaScript writes 0.
    expect(tokenizer.toJson()).toEqual(JSON.parse(expected.tokenizer));
    if (!expected.tokenizer.includes('"type":"Unigram"')) expect(tokenizer.toText()).toBe(expected.tokenizer);
  });
});
