/** Tokens as people read them, for the axes of a picture. */
import type { Tokenizer } from "../tokens/index.ts";

/** What a decoder writes for bytes that are no whole letter. */
const BROKEN = "\ufffd";
/** The longest run of tokens that may spell one letter: four bytes, or a combination begun by one before it. */
const LONGEST = 8;

/**
 * A text for each id, without the space before a word. Tokens that hold parts of a letter show the whole of what they
 * spell together, numbered: "é₁", "é₂". A token of white space alone shows as "␣".
 */
export function tokenLabels(tokenizer: Tokenizer, ids: Int32Array): string[] {
  const textOf = (from: number, to: number): string =>
    tokenizer.decode(ids.subarray(from, to), { skipSpecialTokens: false });
  const labels: string[] = [];
  for (let from = 0; from < ids.length; from = labels.length) {
    const alone = textOf(from, from + 1);
    let to = from + 1;
    if (alone.includes(BROKEN))
      while (to < Math.min(ids.length, from + LONGEST) && textOf(from, to).includes(BROKEN)) to++;
    const together = textOf(from, to);
    if (to === from + 1 || together.includes(BROKEN)) labels.push(alone.trim() || "␣");
    else for (let i = from; i < to; i++) labels.push(`${together.trim()}${subscript(i - from + 1)}`);
  }
  return labels;
}

const subscript = (digit: number): string => String.fromCodePoint(0x2080 + digit);
