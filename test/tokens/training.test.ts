import { describe, expect, test } from "vitest";
import {
  Tokenizer,
  trainBpe,
  trainTranslationTokenizer,
  trainWords,
  translationTokens,
} from "../../src/tokens/index.ts";
import { trainingGolden } from "./goldens.ts";

const { lines, letters, bpe, words } = trainingGolden();
const specialTokens = ["<pad>", "<s>", "</s>", "<unk>"];
const corpora: Record<string, string[]> = {
  "until nothing is left": lines.slice(0, 20),
  "limited alphabet": lines.slice(0, 90),
  "two letters": letters,
};

interface BpeJson {
  readonly vocab: Record<string, number>;
  readonly merges: [string, string][];
}

function modelOf(tokenizer: Tokenizer): { tokens: string[]; merges: [string, string][] } {
  const { vocab, merges } = tokenizer.toJson().model as unknown as BpeJson;
  return { tokens: Object.keys(vocab).sort((a, b) => vocab[a]! - vocab[b]!), merges };
}

describe("byte-pair encoding learns what Hugging Face tokenizers learns", () => {
  test.each(bpe.map((one) => [one.name, one] as const))("%s", async (name, { kind, settings, merges, tokens }) => {
    const tokenizer = await trainBpe(corpora[name] ?? lines, {
      kind,
      specialTokens,
      size: settings.vocab_size,
      minimumFrequency: settings.min_frequency ?? 0,
      initialAlphabet: settings.initial_alphabet,
      limitAlphabet: settings.limit_alphabet,
      unknownToken: kind === "metaspace" ? "<unk>" : undefined,
    });
    expect(modelOf(tokenizer)).toEqual({ tokens, merges });
  });

  test("of equally frequent pairs the one with the smaller ids is joined first", async () => {
    // Twice each: ▁b, bc, ▁a, ad. The alphabet by code point is a b c d ▁, so ad comes first, then bc, then ▁ + ad.
    const tokenizer = await trainBpe(["bc ad", "ad bc"], { kind: "metaspace", size: 100 });
    expect(modelOf(tokenizer).merges).toEqual([
      ["a", "d"],
      ["b", "c"],
      ["▁", "ad"],
      ["▁", "bc"],
    ]);
    // With z first among the special tokens its id is smaller than that of a.
    const reversed = await trainBpe(["bz ac", "ac bz"], { kind: "metaspace", size: 100, specialTokens: ["b"] });
    expect(modelOf(reversed).merges[0]).toEqual(["b", "z"]);
  });

  test("a pair is counted where it overlaps itself as it can be joined", async () => {
    const tokenizer = await trainBpe(["aaaa aaa"], { kind: "metaspace", size: 100 });
    expect(modelOf(tokenizer).merges.slice(0, 2)).toEqual([
      ["a", "a"],
      ["▁", "aa"],
    ]);
  });

  test("texts may come one after another, and give the same", async () => {
    async function* slowly(): AsyncGenerator<string> {
      for (const line of lines) {
        await Promise.resolve();
        yield line;
      }
    }
    const options = { size: 600, specialTokens };
    expect((await trainBpe(slowly(), options)).toText()).toBe((await trainBpe(lines, options)).toText());
  });

  test("progress ends at the size", async () => {
    const seen: number[][] = [];
    await trainBpe(lines, { size: 300, progress: (tokens, size) => seen.push([tokens, size]) });
    expect(seen.at(-1)).toEqual([300, 300]);
  });

  test("what cannot be learned is said", async () => {
    await expect(trainBpe([], { size: 300 })).rejects.toThrow("have no words");
    await expect(trainBpe(["a"], { size: 100 })).rejects.toThrow(
      /size|vocabulary of 100 tokens has no room for the 256/,
    );
    await expect(trainBpe(["a"], { size: Number.NaN })).rejects.toThrow("NaN tokens");
    await expect(trainBpe(["a"], { size: 300, unknownToken: "<unk>" })).rejects.toThrow('"<unk>" is not among');
    await expect(trainBpe(["a"], { size: 300, normalizer: { type: "NFCC" } })).rejects.toThrow('did you mean "NFC"');
  });
});

describe("whole words", () => {
  test.each(words.map((one) => [JSON.stringify(one.settings), one] as const))(
    "as the reference, %s",
    async (_, one) => {
      const { vocab_size, min_frequency } = one.settings;
      const options = { size: vocab_size, minimumFrequency: min_frequency ?? 0, specialTokens };
      expect(modelOf(await trainWords(lines, options)).tokens).toEqual(one.tokens);
    },
  );

  test("of equally frequent words the first by code point, not by UTF-16", async () => {
    const tokenizer = await trainWords(["\uff5a 😀 a", "b b"], { size: 10 });
    expect(modelOf(tokenizer).tokens).toEqual(["<unk>", "b", "a", "\uff5a", "😀"]);
  });

  test("a word that is also a special token has one id, and unknown words are named once", async () => {
    const options = { size: 100, specialTokens: ["<unk>", "cat"], preTokenizer: { type: "WhitespaceSplit" } };
    const tokenizer = await trainWords(["the cat sees the dog"], options);
    expect(tokenizer.size).toBe(5);
    expect(tokenizer.encode("the cat sees a cow and a cow").ids).toEqual([2, 1, 4, 0, 0, 0, 0, 0]);
    expect(tokenizer.unknownWords("the cow sees a cow")).toEqual(["cow", "a"]);
    expect(tokenizer.words("the cow")).toEqual(["the", "cow"]);
    await expect(trainWords(["a"], { size: 3, specialTokens: [] })).rejects.toThrow("add it there");
    await expect(trainWords(["a"], { size: 1 })).rejects.toThrow("no room for words beside the 1 special");
  });
});

describe("a translator's tokenizer", () => {
  const texts = ["Jane visite l'Afrique", "Jane visits Africa", "e\u0301te\u0301"];

  test("ends with </s>, pads with 0 and gives the text back", async () => {
    const tokenizer = await trainTranslationTokenizer(lines, { size: 300 });
    expect(Object.values(translationTokens).map((token) => tokenizer.tokenToId(token))).toEqual([0, 1, 2, 3]);
    expect(tokenizer.size).toBe(300);
    const { ids, tokens, offsets } = tokenizer.encode("Jane visits 😀");
    expect(tokens.at(-1)).toBe("</s>");
    expect(offsets.at(-1)).toEqual([0, 0]);
    expect([...tokenizer.ids("Jane visits 😀")]).toEqual(ids);
    for (const text of [...texts, "never seen: 東京 \u0000  "]) {
      expect(tokenizer.decode(tokenizer.ids(text))).toBe(text);
    }
    expect(tokenizer.unknownWords("東京")).toEqual([]);
    expect(Tokenizer.fromJson(tokenizer.toText()).toText()).toBe(tokenizer.toText());
  });

  test("starts with <s> if told to, and may end with nothing", async () => {
    const tokenizer = await trainTranslationTokenizer(texts, { size: 280, addStart: true, addEnd: false });
    const { tokens, typeIds } = tokenizer.encode(["Jane", "Jane"]);
    const half = tokens.length / 2;
    expect([tokens[0], tokens[half], typeIds[half]]).toEqual(["<s>", "<s>", 1]);
    expect(tokens.at(-1)).not.toBe("</s>");
  });

  test("words are the same wherever they stand", async () => {
    const tokenizer = await trainTranslationTokenizer(texts, { size: 280 });
    expect(tokenizer.words("visits Jane, visits</s>  été")).toEqual(["visits", "Jane", ",", "visits", "été"]);
  });
});
