import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  compareTokenizers,
  tokenizerSteps,
  trainBpe,
  trainTokenizer,
  trainWords,
  type StepWord,
  type Tokenizer,
  type TokenizerKind,
} from "../../src/tokens/index.ts";
import { trainingGolden } from "./goldens.ts";

const { lines } = trainingGolden();
const kinds = ["bpe", "byte-level-bpe", "wordpiece", "unigram"] as const satisfies readonly TokenizerKind[];
const tokenizers = new Map<TokenizerKind, Tokenizer>();

beforeAll(async () => {
  const sizes = { bpe: 500, "byte-level-bpe": 350, wordpiece: 330, unigram: 330 };
  for (const kind of kinds) tokenizers.set(kind, await trainTokenizer(lines, { kind, size: sizes[kind] }));
});

/** The tokens that a word's steps end with; undefined where the word is unknown or an added token. */
function outcome({ steps }: StepWord): readonly string[] | undefined {
  if (steps.kind === "merges") return steps.merges.at(-1)?.symbols ?? steps.symbols;
  if (steps.kind !== "matches" || steps.tooLong) return undefined;
  const pieces = steps.matches.map(({ piece }) => piece);
  return pieces.includes(undefined) ? undefined : (pieces as string[]);
}

const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc
    .array(fc.constantFrom(...lines.join(" ").split(" "), "[MASK]", "</s>", "😀", "zzz"), { maxLength: 8 })
    .map((words) => words.join(" ")),
);

describe("the steps end in the tokens that encoding gives", () => {
  test.each(kinds)("%s", (kind) => {
    const tokenizer = tokenizers.get(kind)!;
    fc.assert(
      fc.property(texts, (text) => {
        const { words, encoding } = tokenizerSteps(tokenizer, text);
        expect(encoding).toEqual(tokenizer.encode(text));
        const plain = tokenizer.encode(text, { addSpecialTokens: false });
        expect(words.flatMap(({ tokens }) => tokens.map(({ id }) => id))).toEqual(plain.ids);
        for (const word of words) {
          const tokens = word.tokens.map((token) => token.text);
          if (word.steps.kind === "added") expect(tokens).toEqual([word.text]);
          expect(outcome(word) ?? tokens).toEqual(tokens);
          if (word.steps.kind !== "path") continue;
          const { path, score, candidates } = word.steps;
          expect(path.map(({ piece }) => piece).join("")).toBe(word.text);
          expect(path.reduce((sum, part) => sum + part.score, 0)).toBe(score);
          for (const { unknown, ...part } of path) if (unknown !== true) expect(candidates).toContainEqual(part);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("merges come in the order of their ranks where one does not wait for another", () => {
  const [word] = tokenizerSteps(tokenizers.get("byte-level-bpe")!, "the").words;
  expect(word!.steps).toMatchObject({ kind: "merges", symbols: ["t", "h", "e"] });
  if (word!.steps.kind !== "merges") return;
  const merged = word!.steps.merges.map(({ left, right }) => left + right);
  expect(merged.at(-1)).toBe(outcome(word!)!.at(-1));
});

test("of equal pairs the leftmost is joined first", async () => {
  const tokenizer = await trainBpe(["aa aa aa"], { kind: "metaspace", size: 3 });
  expect(tokenizerSteps(tokenizer, "aaa").words[0]!.steps).toMatchObject({
    merges: [{ left: "a", right: "a", rank: 0, symbols: ["▁", "aa", "a"] }],
  });
});

test("the longest match names what was tried before it", () => {
  const { words } = tokenizerSteps(tokenizers.get("wordpiece")!, "catzzz");
  expect(words[0]!.steps).toMatchObject({
    kind: "matches",
    matches: [{ piece: "cat", start: 0, end: 3, tried: ["catzzz", "catzz", "catz"] }, { piece: undefined }],
  });
  const long = tokenizerSteps(tokenizers.get("wordpiece")!, "a".repeat(101)).words[0]!;
  expect(long.steps).toMatchObject({ kind: "matches", tooLong: true });
});

test("normalized parts and added tokens stand where they stood in the text", () => {
  const text = "É [MASK] cat";
  const { normalized, words } = tokenizerSteps(tokenizers.get("wordpiece")!, text);
  expect(normalized).toEqual([
    { text: "e ", start: 0, end: 2 },
    { text: "[MASK]", start: 2, end: 8, id: 4 },
    { text: " cat", start: 8, end: 12 },
  ]);
  expect(words.map(({ start, end }) => text.slice(start, end))).toEqual(["É", "[MASK]", "cat"]);
});

describe("two tokenizers compared", () => {
  test("counts what is there", async () => {
    const preTokenizer = { type: "WhitespaceSplit" };
    const first = await trainWords(["the cat sees the dog"], { size: 20, preTokenizer });
    const second = await trainTokenizer(["the cat sees the dog"], { kind: "byte-level-bpe", size: 258 });
    const comparison = await compareTokenizers(first, second, ["the cow", "the  dog 😀"], { examples: 2 });
    expect(comparison).toMatchObject({ texts: 2, words: 5, characters: 17 });
    expect(comparison.first).toEqual({
      vocabulary: 5,
      tokens: 5,
      tokensPerWord: 1,
      tokensPerThousandCharacters: 5000 / 17,
      unknown: 2 / 5,
      coverage: 9 / 14,
      wholeWords: 1,
      roundTrips: 0,
      used: 3 / 5,
    });
    expect(comparison.second).toMatchObject({ unknown: 0, coverage: 1, roundTrips: 1, vocabulary: 258 });
    expect(comparison.differences).toHaveLength(2);
    expect(comparison.differences[0]).toMatchObject({ word: "😀", count: 1, first: ["<unk>"] });
  });

  test("a tokenizer beside itself differs nowhere", async () => {
    const tokenizer = tokenizers.get("unigram")!;
    const { first, second, differences } = await compareTokenizers(tokenizer, tokenizer, lines);
    expect(second).toEqual(first);
    expect(differences).toEqual([]);
    expect(first.roundTrips).toBeGreaterThan(0.9);
  });
});
