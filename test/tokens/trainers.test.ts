import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { digamma } from "../../src/tokens/learn-unigram.ts";
import { eachRepeat, suffixArray } from "../../src/tokens/suffix-array.ts";
import {
  Bpe,
  trainBpe,
  trainUnigram,
  trainWordPiece,
  Tokenizer,
  Unigram,
  type MergeOptions,
  type Model,
} from "../../src/tokens/index.ts";
import { trainersGolden, trainingGolden } from "./goldens.ts";

const golden = trainersGolden();
const made = trainingGolden().lines;
const sides = ["fr", "en"].map((side) =>
  readFileSync(new URL(`../../corpus/french-english/train.${side}`, import.meta.url), "utf8").split("\n"),
);
const bundled = (count: number): string[] => sides.flatMap((lines) => lines.slice(0, count));
const preTokenizer = { type: "BertPreTokenizer" };

function unigramOf({ parts: { model } }: Tokenizer): Unigram {
  if (model instanceof Unigram) return model;
  throw new Error("The model is no Unigram.");
}

function mergesOf(model: Model): Bpe["merges"] | undefined {
  return model instanceof Bpe ? model.merges : undefined;
}

/** The part of `wanted` that is among `found`. */
function share(wanted: readonly string[], found: Iterable<string>): number {
  const all = new Set(found);
  return wanted.filter((one) => all.has(one)).length / wanted.length;
}

describe("merges are those of Hugging Face tokenizers, in their order, with every setting", () => {
  test.each(golden.merges.map(({ name }, i) => [name, i] as const))("%s", async (_, index) => {
    const one = golden.merges[index]!;
    const { vocab_size, min_frequency, max_token_length, limit_alphabet, initial_alphabet } = one.settings;
    const options: MergeOptions = {
      size: vocab_size,
      minimumFrequency: min_frequency,
      maximumTokenLength: max_token_length,
      limitAlphabet: limit_alphabet,
      initialAlphabet: initial_alphabet,
      continuingSubwordPrefix: one.settings.continuing_subword_prefix,
      endOfWordSuffix: one.settings.end_of_word_suffix,
    };
    const stages = { preTokenizer, specialTokens: one.special, unknownToken: "<unk>" };
    const lines = one.text === "made" ? made : bundled(2000);
    const train = one.kind === "bpe" ? trainBpe : trainWordPiece;
    const { model } = (await train(lines, { ...options, ...stages, kind: "metaspace" })).parts;
    expect([...model.vocabulary.keys()].slice(one.special.length)).toEqual(one.tokens);
    if (one.merges !== undefined) expect(mergesOf(model)).toEqual(one.merges);
  });

  test("byte tokens come after the special tokens, and write what is unknown", async () => {
    const options = { size: 320, specialTokens: ["<unk>"], unknownToken: "<unk>", byteFallback: true };
    const tokenizer = await trainBpe(["a cat"], { ...options, kind: "metaspace" });
    expect([tokenizer.tokenToId("<0x00>"), tokenizer.tokenToId("<0xFF>")]).toEqual([1, 256]);
    expect(tokenizer.encode("é").tokens).toEqual(["▁", "<0xC3>", "<0xA9>"]);
  });
});

test("WordPiece shares 99 % of its pieces with a trainer that does not repeat itself, and repeats itself", async () => {
  const { lines, size, tokens } = golden.wordpiece;
  const tokenizer = await trainWordPiece(bundled(lines), { size });
  expect(tokenizer.size).toBe(size);
  expect(share(tokens, tokenizer.parts.model.vocabulary.keys())).toBeGreaterThanOrEqual(0.99);
  expect((await trainWordPiece(bundled(lines), { size })).toText()).toBe(tokenizer.toText());
});

test("of the characters inside words those of most words come first, then by code point", async () => {
  const tokenizer = await trainWordPiece(["ay cy ax ab"], { size: 9 });
  expect([...tokenizer.parts.model.vocabulary.keys()]).toEqual(["[UNK]", "a", "b", "c", "x", "y", "##y", "##b", "##x"]);
});

describe("Unigram", () => {
  const specialTokens = ["<pad>", "<unk>"];

  test.each(golden.unigram.map((one, i) => [one.name, i] as const))(
    "has the pieces and the scores of the reference: %s",
    async (_, index) => {
      const { lines, settings, pieces } = golden.unigram[index]!;
      const tokenizer = await trainUnigram(bundled(lines), {
        specialTokens,
        size: settings.vocab_size,
        shrinkingFactor: settings.shrinking_factor,
        subIterations: settings.n_sub_iterations,
        maximumPieceLength: settings.max_piece_length,
        initialAlphabet: settings.initial_alphabet,
      });
      const model = unigramOf(tokenizer);
      expect(model.pieces).toHaveLength(pieces.length + specialTokens.length);
      const scores = new Map(model.pieces);
      const common = pieces.filter(([piece]) => scores.has(piece));
      expect(common.length / pieces.length).toBeGreaterThanOrEqual(0.99);
      // Characters that no piece is left for get scores 0.0001 apart, in the reference in no fixed order.
      for (const [piece, score] of common) expect(Math.abs(score - scores.get(piece)!)).toBeLessThan(0.01);
    },
  );

  test("gives the same bytes twice, and lets others run while it works", async () => {
    const seen: number[] = [];
    let others = 0;
    const other = (): void => {
      others++;
      if (seen.at(-1) !== 1) setTimeout(other);
    };
    const progress = (done: number, total: number): void => void seen.push(done / total);
    const options = { size: 200, specialTokens };
    const first = (await trainUnigram(bundled(100), options)).toText();
    let now = 0;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => (now += 100));
    setTimeout(other);
    const second = (await trainUnigram(bundled(100), { ...options, progress })).toText();
    clock.mockRestore();
    expect(second).toBe(first);
    expect(others).toBeGreaterThan(10);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test("long words and characters of every size", async () => {
    const mixed = Array.from({ length: 4000 }, (_, i) => "abcdefgh"[(Math.imul(i, i * 31 + 17) >>> 4) % 8]!).join("");
    const long = `${mixed}😀${"é東".repeat(500)}`;
    const tokenizer = await trainUnigram([long, "ab 😀 東 \u0000 é"], { size: 60, specialTokens });
    const { pieces } = unigramOf(tokenizer);
    expect(pieces.every(([, score]) => Number.isFinite(score))).toBe(true);
    expect(tokenizer.decode(tokenizer.ids(long))).toBe(long);
    // Their paths' probabilities are too small for a number, and count nevertheless.
    expect(tokenizer.ids(long).length).toBeLessThan(0.8 * Array.from(long).length);
    expect(tokenizer.encode("x").tokens).toEqual(["▁", "<unk>"]);
    expect(Tokenizer.fromJson(tokenizer.toText()).toText()).toBe(tokenizer.toText());
  });

  test("settings out of range are said", async () => {
    const train = (options: object): Promise<Tokenizer> => trainUnigram(["a b c"], { size: 20, ...options });
    await expect(train({ size: 3 })).rejects.toThrow("no room for the 4 characters of the texts and 1 special tokens");
    await expect(train({ shrinkingFactor: 1 })).rejects.toThrow("A shrinking factor of 1");
    await expect(train({ subIterations: 0 })).rejects.toThrow("0 sub-iterations cannot be");
    await expect(train({ maximumPieceLength: 1.5 })).rejects.toThrow("1.5 characters in a piece");
    await expect(train({ unknownToken: "<x>", specialTokens: [] })).rejects.toThrow('"<x>" is not among');
    await expect(trainUnigram([], { size: 20 })).rejects.toThrow("have no words");
  });

  test("digamma", () => {
    // ψ(1) = -γ, ψ(1/2) = -γ - 2 ln 2, ψ(x + 1) = ψ(x) + 1 / x.
    const gamma = 0.57721566490153286;
    expect(digamma(1)).toBeCloseTo(-gamma, 8);
    expect(digamma(0.5)).toBeCloseTo(-gamma - 2 * Math.LN2, 8);
    expect(digamma(1e6)).toBeCloseTo(Math.log(1e6) - 0.5e-6, 10);
  });
});

describe("suffix arrays", () => {
  const texts = fc.oneof(
    fc.array(fc.nat(2), { maxLength: 60 }),
    fc.array(fc.nat(200), { maxLength: 60 }),
    fc
      .tuple(fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }), fc.nat(15))
      .map(([part, times]) => Array.from({ length: times }, () => part).flat()),
  );

  const compare = (text: readonly number[], a: number, b: number): number => {
    while (a < text.length && b < text.length && text[a] === text[b]) [a, b] = [a + 1, b + 1];
    return (text[a] ?? -1) - (text[b] ?? -1);
  };

  test("hold all suffixes in their order", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const expected = text.map((_, i) => i).sort((a, b) => compare(text, a, b));
        expect([...suffixArray(Int32Array.from(text), 201)]).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test("tell every text that is repeated before different symbols, with its places", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const suffixes = suffixArray(Int32Array.from(text), 201);
        const found = new Map<string, number>();
        eachRepeat(Int32Array.from(text), suffixes, (from, to, length) => {
          for (let i = from; i < to; i++) {
            expect(text.slice(suffixes[i], suffixes[i]! + length)).toEqual(
              text.slice(suffixes[from], suffixes[from]! + length),
            );
          }
          found.set(text.slice(suffixes[from], suffixes[from]! + length).join(), to - from);
        });
        const expected = new Map<string, number>();
        const next = new Map<string, Set<number | undefined>>();
        for (let start = 0; start < text.length; start++) {
          for (let end = start + 1; end <= text.length; end++) {
            const part = text.slice(start, end).join();
            expected.set(part, (expected.get(part) ?? 0) + 1);
            next.set(part, (next.get(part) ?? new Set()).add(text[end]));
          }
        }
        for (const part of expected.keys()) if (next.get(part)!.size < 2) expected.delete(part);
        expect([...found].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 200 },
    );
  });
});
