/** Unicode classes of code points, looked up once and kept in a table. */
import { PUNCTUATION as PUNCTUATION_RANGES } from "./unicode-classes.ts";

const KNOWN = 1;
/** General category L. */
export const LETTER = 2;
/** General category N. */
export const NUMBER = 4;
/** Property White_Space (as Rust and Oniguruma have it, not JavaScript's `\s`). */
export const SPACE = 8;
/** What `\w` means in Unicode (UTS 18, annex C). */
export const WORD = 16;
/** The ASCII symbols and general category P. */
export const PUNCTUATION = 32;

/** The inside of a character class for `\w` as Unicode has it (UTS 18, annex C), without its brackets. */
export const WORD_CLASS = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

/** The inside of a character class for ranges of code points in hexadecimal. */
export function classBody(ranges: string): string {
  return ranges.replace(/[0-9a-f]+/g, "\\u{$&}").replaceAll(" ", "");
}

const classes: readonly (readonly [number, RegExp])[] = [
  [LETTER, /\p{L}/u],
  [NUMBER, /\p{N}/u],
  [SPACE, /\p{White_Space}/u],
  [WORD, new RegExp(`[${WORD_CLASS}]`, "u")],
  [PUNCTUATION, new RegExp(`[${classBody(PUNCTUATION_RANGES)}]`, "u")],
];

const table = new Uint8Array(0x110000);

/** The classes of a code point, as a sum of `LETTER`, `NUMBER`, `SPACE`, `WORD` and `PUNCTUATION` (test with `&`). */
export function classOf(codePoint: number): number {
  const known = table[codePoint]!;
  return known === 0 ? classify(codePoint) : known;
}

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  let found = KNOWN;
  for (const [flag, pattern] of classes) if (pattern.test(character)) found |= flag;
  table[codePoint] = found;
  return found;
}

/** How many UTF-16 units at the start of `text` are white space. */
export function leadingSpace(text: string): number {
  let count = 0;
  while (count < text.length && (classOf(text.charCodeAt(count)) & SPACE) !== 0) count++;
  return count;
}

/** How many UTF-16 units at the end of `text` are white space. */
export function trailingSpace(text: string): number {
  let count = 0;
  while (count < text.length && (classOf(text.charCodeAt(text.length - 1 - count)) & SPACE) !== 0) count++;
  return count;
}

/** Orders strings by code point, as UTF-8 bytes order them (JavaScript's `<` orders UTF-16 units). */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others, so they sort after the units from 0xE000 on. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
