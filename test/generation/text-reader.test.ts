/** Text from ids in pieces, whatever the decoder of the tokenizer is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextReader, type ReadsTokens } from "../../src/generation/index.ts";
import { byteAlphabet, makeDecoder } from "../../src/tokens/index.ts";

/** A tokenizer of given tokens and a decoder of tokenizer.json. */
function reading(tokens: readonly string[], json: unknown): ReadsTokens {
  const decoder = makeDecoder(json);
  return {
    decode: (ids) => decoder.decode(Array.from(ids, (id) => tokens[id]!)).join(""),
    idToToken: (id) => tokens[id],
  };
}

const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const llama = {
  type: "Sequence",
  decoders: [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ],
};
const words = ["▁the", "▁", "é", "s", "▁cat", "😀", "🎉"];
const readers: Readonly<Record<string, ReadsTokens>> = {
  "byte level": reading([...byteAlphabet(), "Ġthe", "Ã©", "ðŁĺ"], {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  }),
  "byte fallback": reading([...bytes, ...words], llama),
  metaspace: reading([...words, "▁▁", "é▁"], metaspace),
  "word ends": reading(["the</w>", "ca", "t</w>", ".</w>"], { type: "BPEDecoder", suffix: "</w>" }),
};
const sizes: Readonly<Record<string, number>> = {
  "byte level": 259,
  "byte fallback": 263,
  metaspace: 9,
  "word ends": 4,
};
/** Whether a text has no half of a surrogate pair. */
const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);
/** Ids of whole characters' bytes, and of whatever else. */
const texts = fc
  .array(fc.constantFrom("é", "€", "😀", "a", " ", "\ufeff"), { maxLength: 12 })
  .map((list) => list.join(""));

describe.each(Object.entries(readers))("a reader of text, %s", (name, tokenizer) => {
  const push = (ids: readonly number[], stops: readonly string[] = []): string[] => {
    const reader = new TextReader(tokenizer, stops);
    return [...ids.map((id) => reader.push(id)), reader.finish()];
  };

  it("gives pieces that add up to the decoded whole and end with whole characters", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(sizes[name]! - 1), { maxLength: 90 }), (ids) => {
        const pieces = push(ids);
        expect(pieces.join("")).toBe(tokenizer.decode(ids));
        for (const piece of pieces.slice(0, -1)) expect(piece.endsWith("\ufffd")).toBe(false);
      }),
    );
  });

  if (name.startsWith("byte"))
    it("has no broken character where the bytes are those of a text", () => {
      fc.assert(
        fc.property(texts, (text) => {
          const ids = [...new TextEncoder().encode(text)];
          const own = name === "byte level" ? ids.map((byte) => byteAlphabet().indexOf(byteAlphabet()[byte]!)) : ids;
          const pieces = push(own);
          expect(pieces.join("")).toBe(tokenizer.decode(own));
          expect(pieces.join("")).not.toContain("\ufffd");
          for (const piece of pieces) expect(isWhole(piece)).toBe(true);
        }),
      );
    });

  it("ends in front of a stop string, and never gives the beginning of one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(sizes[name]! - 1), { maxLength: 40 }),
        fc.nat(40),
        fc.integer({ min: 1, max: 3 }),
        (ids, at, size) => {
          const text = tokenizer.decode(ids);
          const stop = text.slice(at, at + size);
          fc.pre(stop !== "" && isWhole(stop) && !stop.includes("\ufffd"));
          const given = push(ids, [stop]).join("");
          expect(given).toBe(text.slice(0, text.indexOf(stop)));
        },
      ),
    );
  });
});
