import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  openTokenizerFiles,
  Tokenizer,
  tokenizerFamilies,
  trainTokenizer,
  type FamilyPipeline,
  type TokenizerFamily,
  type TrainTokenizerOptions,
} from "../../src/tokens/index.ts";

const lines = ["fr", "en"].flatMap((side) =>
  readFileSync(new URL(`../../corpus/french-english/train.${side}`, import.meta.url), "utf8")
    .split("\n")
    .slice(0, 300),
);
const sentence = "Jane visite l'Afrique en septembre.";
const lowered = "jane visite l'afrique en septembre.";
const spaced = "jane visite l ' afrique en septembre.";

/** What each family makes of a sentence: its first and last tokens, the whole decoded, and of a pair the type ids. */
const families: Record<TokenizerFamily, [first: string, last: string, decoded: string, types: string]> = {
  albert: ["[CLS]", "[SEP]", lowered, "0+1+"],
  bart: ["<s>", "</s>", sentence, "0+"],
  bert: ["[CLS]", "[SEP]", spaced, "0+1+"],
  distilbert: ["[CLS]", "[SEP]", spaced, "0+1+"],
  electra: ["[CLS]", "[SEP]", spaced, "0+1+"],
  gpt: ["j", ".</w>", "jane visite l ' afrique en septembre .", "0+1+"],
  gpt2: ["Jane", ".", sentence, "0+1+"],
  llama: ["<s>", ".", sentence, "0+1+"],
  marian: ["▁Jane", "</s>", sentence, "0+"],
  roberta: ["<s>", "</s>", sentence, "0+"],
  t5: ["▁Jane", "</s>", sentence, "0+"],
};

describe("the usual pipeline of a family", () => {
  test.each(Object.keys(families) as TokenizerFamily[])("%s", async (family) => {
    const [first, last, decoded, types] = families[family];
    const tokenizer = await trainTokenizer(lines, { family, size: 500 });
    const { kind, specialTokens, lastTokens = [], roles }: FamilyPipeline = tokenizerFamilies[family];
    expect(tokenizer.size).toBe(500);
    expect(specialTokens.map((token) => tokenizer.tokenToId(token))).toEqual(specialTokens.map((_, id) => id));
    if (lastTokens.length > 0) expect(tokenizer.tokenToId(lastTokens.at(-1)!)).toBe(499);
    for (const [role, { token, id }] of Object.entries(tokenizer.special)) {
      expect([role, token, id]).toEqual([role, roles[role as keyof typeof roles], tokenizer.tokenToId(token)]);
    }
    expect(Object.keys(tokenizer.special).sort()).toEqual(Object.keys(roles).sort());
    const { tokens } = tokenizer.encode(sentence);
    expect(tokens[0]!.startsWith(first)).toBe(true);
    expect(tokens.at(-1)!.endsWith(last)).toBe(true);
    expect(tokenizer.decode(tokenizer.ids(sentence))).toBe(decoded);
    expect(tokenizer.encode(["the cat", "a dog"]).typeIds.join("")).toMatch(new RegExp(`^${types}$`));
    expect(kind === "byte-level-bpe" || family === "llama" || tokenizer.unknownWords("ж").length === 1).toBe(true);
    expect(Tokenizer.fromJson(tokenizer.toText()).toText()).toBe(tokenizer.toText());
  });

  test("masks of RoBERTa take the blank before them, T5 has sentinels", async () => {
    const roberta = await trainTokenizer(lines, { family: "roberta", size: 300 });
    expect(roberta.encode("the <mask>.").tokens.slice(1, -1).join("|")).toMatch(/^t.*e\| <mask>\|\.$/);
    const t5 = await trainTokenizer(lines, { family: "t5", size: 300 });
    expect([t5.tokenToId("<extra_id_99>"), t5.tokenToId("<extra_id_0>")]).toEqual([200, 299]);
  });
});

test("a kind has the pipeline that it is best known from", async () => {
  const first = async (options: TrainTokenizerOptions): Promise<string> => {
    return (await trainTokenizer(lines, options)).idToToken(0)!;
  };
  expect(await first({ kind: "bpe", size: 400 })).toBe("<unk>");
  expect(await first({ kind: "byte-level-bpe", size: 300 })).toBe("<|endoftext|>");
  expect(await first({ kind: "wordpiece", size: 200 })).toBe("[PAD]");
  expect(await first({ kind: "unigram", family: "albert", size: 200 })).toBe("<pad>");
});

test("stages and settings may be replaced, special tokens added", async () => {
  const tokenizer = await trainTokenizer(lines, {
    family: "bert",
    size: 200,
    normalizer: { type: "NFC" },
    continuingSubwordPrefix: "@@",
    specialTokens: ["[NEW]"],
  });
  expect(tokenizer.tokenToId("[NEW]")).toBe(5);
  expect(tokenizer.encode("Jane [NEW] Janex", { addSpecialTokens: false }).tokens).toContain("[NEW]");
  expect(tokenizer.decode(tokenizer.ids("Jane x"))).toBe("Jane x");
  expect([...tokenizer.parts.model.vocabulary.keys()].some((token) => token.startsWith("@@"))).toBe(true);
});

test("what does not fit together is said", async () => {
  const error = async (options: TrainTokenizerOptions): Promise<string> =>
    trainTokenizer(["a b"], options).then(
      () => "",
      (reason: unknown) => (reason as Error).message,
    );
  expect(await error({ size: 300 })).toMatch(/^Neither the kind of tokenizer nor a family/);
  expect(await error({ kind: "bpe", family: "t5", size: 300 })).toBe(
    "A tokenizer of t5 is unigram, not bpe; leave one of the two out.",
  );
  expect(await error({ kind: "unigram", size: 300, limitAlphabet: 3 })).toMatch(/^limitAlphabet is no setting of unig/);
  expect(await error({ kind: "wordpiece", size: 300, seedSize: 3 })).toMatch(/^seedSize is no setting of wordpiece/);
  expect(await error({ family: "t5", size: 100 })).toMatch(/no room beside the 100 that t5 ends with/);
});

describe("words and characters as they are", () => {
  const text = "To be,\n\tor not: naïve 🙂?";

  test("characters come back to the letter, white space too", async () => {
    const tokenizer = await trainTokenizer([text], { kind: "characters", size: 100 });
    expect(tokenizer.size).toBe(1 + new Set(text).size);
    const { tokens, offsets } = tokenizer.encode(text);
    expect(tokens).toEqual(Array.from(text));
    expect(offsets.map(([start, end]) => text.slice(start, end))).toEqual(Array.from(text));
    expect(tokenizer.decode(tokenizer.ids(text))).toBe(text);
    const again = Tokenizer.fromJson(tokenizer.toText());
    expect([...again.ids(text)]).toEqual([...tokenizer.ids(text)]);
    expect(tokenizer.special.eos?.token).toBe("<|endoftext|>");
  });

  test("words are what stands between white space, with the special tokens of a family", async () => {
    const tokenizer = await trainTokenizer(["ATG TGC GCA", "TGC CGT"], { kind: "words", family: "bert", size: 50 });
    expect(tokenizer.encode("ATG GCA AAA").tokens).toEqual(["[CLS]", "ATG", "GCA", "[UNK]", "[SEP]"]);
    expect(tokenizer.special.mask?.token).toBe("[MASK]");
    const letters = await trainTokenizer(["ATG"], { kind: "characters", family: "bert", size: 50 });
    expect(letters.encode("GA").tokens).toEqual(["[CLS]", "G", "A", "[SEP]"]);
    await expect(
      trainTokenizer(["a"], { kind: "words", family: "bert", size: 50, shrinkingFactor: 0.5 }),
    ).rejects.toThrow("shrinkingFactor is no setting of words. It has minimumFrequency.");
  });
});

test("a trained tokenizer that was saved knows the parts of its special tokens", async () => {
  for (const family of ["bert", "roberta", "gpt2", "t5"] as const) {
    const tokenizer = await trainTokenizer(lines, { family, size: 400 });
    const again = openTokenizerFiles(tokenizer.files());
    expect(again.special).toEqual(tokenizer.special);
    expect([...again.ids("the <mask>.")]).toEqual([...tokenizer.ids("the <mask>.")]);
  }
});
