/**
 * How many columns a text takes in a terminal, and how to cut and pad it by that measure.
 * Ranges: Unicode 16 EastAsianWidth.txt (W and F), and the emoji that are shown wide by default.
 */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x20000, 0x3fffd],
];

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const plain = /^[\x20-\x7e]*$/;
const hidden = /^[\p{Mark}\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}]+$/u;
const wideEmoji = /\p{Emoji_Presentation}|\ufe0f/u;
// C0, C1, the marks that turn the direction of a line, lone surrogates and what XML 1.0 does not allow.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}\ufffe\uffff]/gu;

/** The characters of a text as a reader counts them: a letter with its accents is one. */
export function graphemes(text: string): string[] {
  return plain.test(text) ? text.split("") : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns that the text takes in a terminal: 0 for a combining mark alone, 2 for wide characters and emoji. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}

function graphemeWidth(grapheme: string): number {
  if (hidden.test(grapheme)) return 0;
  if (wideEmoji.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0)!;
  return wideRanges.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/**
 * The text with control characters as their pictures (a newline "␊", an escape "␛"), so that it can neither move the
 * cursor of a terminal nor break an XML file.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "␡" : "\ufffd";
  });
}

/** A token as it may safely be shown: printable, the empty one as "∅" and one of blanks only as "␣". */
export function visibleToken(token: string): string {
  if (token === "") return "∅";
  const shown = printable(token);
  return shown.trim() === "" ? "␣".repeat(shown.length) : shown;
}

/** The text cut to at most `width` columns, with "…" in place of what was cut. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = "";
  let used = 1;
  for (const grapheme of graphemes(text)) {
    used += graphemeWidth(grapheme);
    if (used > width) break;
    cut += grapheme;
  }
  return width < 1 ? "" : `${cut}…`;
}

/** The text with blanks added up to `width` columns; a longer one is left as it is. */
export function pad(text: string, width: number, align: "left" | "right" | "center" = "left"): string {
  const room = Math.max(0, width - displayWidth(text));
  const before = align === "left" ? 0 : align === "right" ? room : Math.floor(room / 2);
  return " ".repeat(before) + text + " ".repeat(room - before);
}
