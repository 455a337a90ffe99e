import type { Aligned } from "./aligned.ts";

/** The inside of a character class for what Python's `\s` and `str.split` take for white space. */
export const PYTHON_SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const leading = new RegExp(`^[${PYTHON_SPACE}]*`, "u");
const trailing = new RegExp(`[${PYTHON_SPACE}]*$`, "u");

/** The piece without white space at its ends. */
export function trimmed(piece: Aligned): Aligned {
  const from = leading.exec(piece.text)![0].length;
  const to = trailing.exec(piece.text)!.index;
  return piece.slice(from, Math.max(from, to));
}
