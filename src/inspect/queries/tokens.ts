/** From a text to tokens, stage by stage, by one tokenizer or by two. */
import { z } from "zod";
import { InputError } from "../../errors/index.ts";
import { tokenLabels } from "../../tasks/token-labels.ts";
import { compareTokenizers, tokenizerSteps, type Tokenizer } from "../../tokens/index.ts";
import { otherSubject, query } from "../query.ts";
import type { Subject } from "../subject.ts";

/** A text of more UTF-16 units is not taken apart: every merge of every word is in the answer. */
const LONGEST = 20_000;

export const tokens = query({
  about:
    "A text on its way to token ids: normalized, cut into words, merged or matched piece by piece, with what is " +
    "unknown or spelled in bytes; beside another model's tokenizer, where one is named.",
  input: z.object({
    text: z.string().max(LONGEST),
    /** The tokenizer of what is read, or of what is written. */
    side: z.enum(["source", "target"]).default("source"),
    /** Another subject, whose tokenizer cuts the same text. */
    other: z.string().optional(),
  }),
  answer: async (subject, { text, side, other }, context) => {
    const own = tokenizerOf(subject, side);
    if (other === undefined) return { text, own: stagesOf(own, text), other: undefined, comparison: undefined };
    const second = tokenizerOf(await otherSubject(context, other), side);
    return {
      text,
      own: stagesOf(own, text),
      other: stagesOf(second, text),
      comparison: await compareTokenizers(own, second, [text]),
    };
  },
});

function tokenizerOf({ tokenizer, architecture }: Subject, side: "source" | "target"): Tokenizer {
  if (tokenizer === undefined) {
    throw new InputError(`This ${architecture.className} came without a tokenizer. Save it with one, or give ids.`);
  }
  return side === "source" ? tokenizer : tokenizer.target;
}

/** All stages of one tokenizer; offsets count UTF-16 units of the text. */
function stagesOf(tokenizer: Tokenizer, text: string) {
  const { normalized, words, encoding } = tokenizerSteps(tokenizer, text);
  const { model } = tokenizer.parts;
  const { ids, offsets, specialTokensMask, wordIds } = encoding;
  const labels = tokenLabels(tokenizer, Int32Array.from(ids));
  const flags = (id: number): { unknown: boolean; byte: boolean } => ({
    unknown: id === model.unknownId,
    byte: isByte(tokenizer.idToToken(id) ?? ""),
  });
  const decoded = tokenizer.decode(ids);
  return {
    algorithm: model.toJson()["type"],
    vocabulary: tokenizer.size,
    normalized,
    words: words.map((word) => ({
      ...word,
      tokens: word.tokens.map((token) => ({ ...token, ...flags(token.id) })),
    })),
    tokens: ids.map((id, i) => ({
      id,
      token: encoding.tokens[i]!,
      text: labels[i]!,
      start: offsets[i]![0],
      end: offsets[i]![1],
      /** Added by a template, as the end token is. */
      added: specialTokensMask[i] === 1,
      word: wordIds[i],
      ...flags(id),
      /** Whether it holds a part of a letter: one of several bytes that spell it. */
      part: /[\u2080-\u2089]$/.test(labels[i]!) && labels[i] !== encoding.tokens[i],
    })),
    decoded,
    /** Whether decoding gives the text back as it was. */
    same: decoded === text,
  };
}

/** The tokens of bytes, `<0x00>` to `<0xFF>`, which spell what no piece writes. */
const isByte = (token: string): boolean => /^<0x[0-9A-F]{2}>$/.test(token);
