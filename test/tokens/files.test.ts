import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../src/errors/index.ts";
import { makePreTokenizer, Tokenizer } from "../../src/tokens/index.ts";

const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] };
const file = (parts: object): object => ({ version: "1.0", added_tokens: [], model, ...parts });
const refusal = (parts: object): string => {
  try {
    Tokenizer.fromJson(file(parts));
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  return "";
};

describe("files", () => {
  test("merges may be pairs or, as in older files, two words in one string; the type may be missing", () => {
    const older = { vocab: model.vocab, merges: ["#version: 0.2", "a b"] };
    const tokenizer = Tokenizer.fromJson(file({ model: older }));
    expect(tokenizer.encode("abb").tokens).toEqual(["ab", "b"]);
    expect(tokenizer.toJson().model["merges"]).toEqual([["a", "b"]]);
  });

  test("tokens that look like numbers keep their place, and odd names are kept", () => {
    const vocab = { z: 0, "7": 1, ["__proto__"]: 2, "\u2028": 3, '"': 4, "1": 5 };
    const tokenizer = Tokenizer.fromJson(file({ model: { type: "BPE", vocab, merges: [] } }));
    expect(tokenizer.toText()).toContain('"vocab":{"z":0,"7":1,"__proto__":2,"\u2028":3,"\\"":4,"1":5}');
    expect(tokenizer.tokenToId("__proto__")).toBe(2);
    expect(Tokenizer.fromJson(tokenizer.toText()).toText()).toBe(tokenizer.toText());
  });

  test("truncation and padding are kept", () => {
    const truncation = { direction: "Right", max_length: 2, strategy: "LongestFirst", stride: 0 };
    const tokenizer = Tokenizer.fromJson(file({ truncation }));
    expect(tokenizer.toJson()).toMatchObject({ truncation, padding: null });
    expect(tokenizer.ids("bbb").length).toBe(3);
  });

  test("the size counts to the largest id, added tokens included", () => {
    const added = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    const tokenizer = Tokenizer.fromJson(file({ added_tokens: [{ id: 9, content: "<s>", ...added }] }));
    expect(tokenizer.size).toBe(10);
    expect(tokenizer.encode("a<s>").ids).toEqual([0, 9]);
    expect(tokenizer.decode([0, 9])).toBe("a");
  });
});

describe("what cannot be opened is named", () => {
  test("types that are not known", () => {
    expect(refusal({ model: { type: "Words", vocab: [] } })).toMatch(
      /"Words" is not known here.*BPE, WordPiece, Unigram, WordLevel/,
    );
    expect(refusal({ normalizer: { type: "Precompile" } })).toMatch(/^normalizer: the type "Precompile".*NFC, NFD/);
    expect(refusal({ pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Byte" }] } })).toMatch(
      /^pre_tokenizer.Sequence.pretokenizers.0: the type "Byte"/,
    );
    expect(refusal({ decoder: { type: "CTD" } })).toContain("Known: ByteLevel, Metaspace");
    expect(refusal({ post_processor: { type: "GptProcessing" } })).toContain("TemplateProcessing");
    expect(refusal({ post_processor: {} })).toContain('an object with a "type"');
    expect(refusal({ decoder: { type: "constructor" } })).toContain("is not known");
  });

  test("files and settings", () => {
    expect(() => Tokenizer.fromJson('{"version":')).toThrow("is not JSON");
    expect(() => Tokenizer.fromJson(null)).toThrow(CheckpointError);
    expect(refusal({ version: "2.0" })).toContain("tokenizer.json.version");
    expect(refusal({ added_tokens: [{ id: 1 }] })).toContain("added_tokens.0.content");
    expect(refusal({ pre_tokenizer: { type: "ByteLevel" } })).toContain("pre_tokenizer.ByteLevel.add_prefix_space");
    expect(refusal({ model: { ...model, dropout: 0.1 } })).toContain("dropped at random (0.1)");
    expect(refusal({ model: { ...model, vocab: { a: 0, b: 0 } } })).toContain('"a" and "b" both have the id 0');
    expect(refusal({ model: { ...model, vocab: { a: 0.5 } } })).toContain("0.5 for an id");
    expect(refusal({ model: { ...model, vocab: 3 } })).toContain("an object of token to id");
    expect(refusal({ model: { ...model, merges: [["a", "c"]] } })).toContain('merge 1 needs the token "c"');
    expect(refusal({ model: { ...model, merges: ["a b c"] } })).toContain("expected two tokens");
    expect(refusal({ model: { ...model, unk_token: "?" } })).toContain('unk_token needs the token "?"');
  });

  test("templates", () => {
    const piece = { SpecialToken: { id: "<s>", type_id: 0 } };
    const template = { type: "TemplateProcessing", single: [piece], pair: [], special_tokens: {} };
    expect(refusal({ post_processor: template })).toContain('uses "<s>", which "special_tokens" does not list');
    const second = { ...template, single: [{ Sequence: { id: "B", type_id: 0 } }] };
    expect(refusal({ post_processor: second })).toContain('a second one, "B"');
  });

  test("expressions that JavaScript cannot write", () => {
    const split = (Regex: string): object => ({
      type: "Split",
      pattern: { Regex },
      behavior: "Isolated",
      invert: false,
    });
    for (const source of ["a?+", "(?>a)", "[[a]b]", "\\G", "\\p{Nonsense}", "[a", "(?m)a", "[^\\W]"]) {
      expect(() => makePreTokenizer(split(source)), source).toThrow("cannot be written in JavaScript");
    }
  });

  test("words without an unknown token", () => {
    const words = file({ model: { type: "WordLevel", vocab: { a: 0 }, unk_token: "<unk>" } });
    expect(() => Tokenizer.fromJson(words).encode("b")).toThrow('neither the word "b"');
  });
});

/** Models may write them: they often have more rows than their tokenizer has tokens. */
test("ids that are not in the vocabulary are left out of the text", () => {
  const tokenizer = Tokenizer.fromJson(file({}));
  expect(tokenizer.decode([1, 7, 2, 1_000_000])).toBe(tokenizer.decode([1, 2]));
});

/** Without an unknown token Hugging Face tokenizers drops a character and then counts offsets too low. */
test("characters without a token are left out, named, and do not move the offsets of others", () => {
  const tokenizer = Tokenizer.fromJson(file({ pre_tokenizer: { type: "WhitespaceSplit" } }));
  const { ids, offsets } = tokenizer.encode("a?b xyz ab b?");
  expect(ids).toEqual([2, 2, 1]);
  expect(offsets.map(([start, end]) => "a?b xyz ab b?".slice(start, end))).toEqual(["a?b", "ab", "b"]);
  expect(tokenizer.unknownWords("a?b xyz ab b?")).toEqual(["a?b", "xyz", "b?"]);
});
