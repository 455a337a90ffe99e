import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codePointOffsets, Tokenizer } from "../../src/tokens/index.ts";
import { compareCodePoints } from "../../src/tokens/characters.ts";
import { mergeSymbols } from "../../src/tokens/merging.ts";
import { PairTable } from "../../src/tokens/pair-table.ts";
import { nasty, pipelineGolden } from "./goldens.ts";

const open = (name: string): Tokenizer => Tokenizer.fromJson(pipelineGolden(name).tokenizer);
const byteLevel = open("byte-level");
const others = ["byte-level-prefixed", "metaspace-fused", "words", "added", "sentencepiece", "affixed"].map(open);
const specials = /<pad>|<s>|<\/s>|<unk>/g;
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.constantFrom(...nasty, "the ", " cat", "<s>")).map((parts) =>
    parts
      .join("")
      .slice(0, 200)
      .replace(/\p{Cs}/gu, ""),
  ),
);

describe("byte-level", () => {
  test("decoding gives the text back", () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(byteLevel.decode(byteLevel.ids(input))).toBe(input.replace(specials, ""));
        expect(byteLevel.decode(byteLevel.ids(input, { addSpecialTokens: false }), { skipSpecialTokens: false })).toBe(
          input,
        );
      }),
    );
  });

  test("offsets go forward and cover all but white space", () => {
    fc.assert(
      fc.property(text, (input) => {
        const { offsets } = byteLevel.encode(input, { addSpecialTokens: false });
        let end = 0;
        for (const [from, to] of offsets) {
          if (from >= end) expect(input.slice(end, from).replace(/\p{White_Space}/gu, "")).toBe("");
          expect(to).toBeGreaterThanOrEqual(from);
          expect(input.slice(from, to)).not.toMatch(/\p{Cs}/u);
          end = Math.max(end, to);
        }
        expect(input.slice(end).replace(/\p{White_Space}/gu, "")).toBe("");
      }),
    );
  });
});

test("the quick way gives the ids of the exact one, all of them in the vocabulary", () => {
  fc.assert(
    fc.property(text, text, fc.constantFrom(byteLevel, ...others), (a, b, tokenizer) => {
      for (const input of [a, [a, b] as const]) {
        const { ids, tokens, offsets, typeIds } = tokenizer.encode(input);
        expect([...tokenizer.ids(input)]).toEqual(ids);
        expect(new Set([tokens.length, offsets.length, typeIds.length])).toEqual(new Set([ids.length]));
        for (const id of ids) expect(tokenizer.idToToken(id)).toBeTypeOf("string");
        expect(Math.max(-1, ...ids)).toBeLessThan(tokenizer.size);
      }
    }),
  );
});

test("a batch is its texts one by one", () => {
  expect(byteLevel.encodeBatch(["the cat", ["a", "b"]])).toEqual([
    byteLevel.encode("the cat"),
    byteLevel.encode(["a", "b"]),
  ]);
});

test("long words are merged as short ones, and neither depends on the cache", () => {
  const ranks = new PairTable(4);
  const results = Int32Array.from([10, 11, 12, 13]);
  for (const [rank, [a, b]] of [
    [0, 1],
    [10, 1],
    [1, 0],
    [10, 10],
  ].entries())
    ranks.set(a!, b!, rank);
  const naive = (ids: number[]): number[] => {
    for (let rank = 0; ;) {
      const at = ids.findIndex((id, i) => i + 1 < ids.length && ranks.get(id, ids[i + 1]!) === rank);
      if (at >= 0) {
        ids.splice(at, 2, results[rank]!);
        rank = 0;
      } else if (++rank === results.length) return ids;
    }
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1), { maxLength: 150, size: "max" }), (ids) => {
      const symbols = { ids: [...ids], starts: ids.map((_, i) => i), ends: ids.map((_, i) => i + 1) };
      mergeSymbols(symbols, ranks, results);
      expect(symbols.ids).toEqual(naive([...ids]));
      expect(symbols.starts.slice(1)).toEqual(symbols.ends.slice(0, -1));
      expect(symbols.ends.at(-1)).toBe(ids.length === 0 ? undefined : ids.length);
    }),
  );
  const word = "ététhecat".repeat(30);
  expect(byteLevel.encode(word)).toEqual(byteLevel.encode(word));
});

test("the pair table keeps what a Map keeps", () => {
  const id = fc.integer({ min: 0, max: 300 });
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id, fc.nat()), { minLength: 30, maxLength: 90 }), (entries) => {
      const table = new PairTable(1);
      const map = new Map<string, number>();
      for (const [a, b, value] of entries) {
        table.set(a, b, value);
        map.set(`${String(a)} ${String(b)}`, value);
      }
      expect(table.size).toBe(map.size);
      for (const [a, b] of entries) {
        expect(table.get(a, b)).toBe(map.get(`${String(a)} ${String(b)}`));
        expect(table.get(a, b + 1000)).toBe(-1);
      }
    }),
  );
});

test("offsets in code points count characters", () => {
  expect(codePointOffsets("a😀b", [[2, 4]])).toEqual([[1, 3]]);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 1 })), (characters) => {
      const whole = characters.join("");
      let at = 0;
      const offsets = characters.map((character): [number, number] => [at, (at += character.length)]);
      expect(codePointOffsets(whole, offsets)).toEqual(characters.map((_, i) => [i, i + 1]));
    }),
  );
});

test("strings are ordered as their UTF-8 bytes are", () => {
  const bytes = (input: string): string =>
    Array.from(new TextEncoder().encode(input), (b) => String.fromCharCode(b)).join("");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      const [x, y] = [bytes(a), bytes(b)];
      expect(Math.sign(compareCodePoints(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
    }),
  );
});
