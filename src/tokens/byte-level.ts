import type { Aligned } from "./aligned.ts";
import { SpanWriter } from "./aligned.ts";
import { classOf, LETTER, NUMBER, SPACE } from "./characters.ts";

/**
 * Byte-level text: every byte of UTF-8 is written as one visible character, so that any text can be cut into known
 * pieces (Radford et al. 2019, section 2.2). Printable bytes stand for themselves, the others for U+0100 and up.
 */
const characters: readonly string[] = makeCharacters();
const bytes = new Map(characters.map((character, byte) => [character, byte]));

function makeCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The 256 characters that stand for bytes, in the order of the bytes. */
export function byteAlphabet(): readonly string[] {
  return characters;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const CACHED_WORDS = 1 << 16;
const cache = new Map<string, string>();

/** The text with each byte of its UTF-8 as one character. A lone surrogate counts as U+FFFD. */
export function toByteCharacters(text: string): string {
  const known = cache.get(text);
  if (known !== undefined) return known;
  let out = "";
  for (const byte of encoder.encode(text)) out += characters[byte]!;
  if (cache.size >= CACHED_WORDS) cache.clear();
  if (text.length < 256) cache.set(text, out);
  return out;
}

/** The piece in byte characters; all bytes of a character lie where the character lay. */
export function bytesOfPiece(piece: Aligned): Aligned {
  const text = toByteCharacters(piece.text);
  if (text.length === piece.text.length) return piece.relabel(text);
  return piece.become(text, () => {
    const spans = new SpanWriter();
    let at = 0;
    for (const character of piece.text) {
      const code = character.codePointAt(0)!;
      const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      const [start, end] = piece.origin(at, at + character.length);
      spans.repeat(start, end, size);
      at += character.length;
    }
    return spans.finish();
  });
}

/**
 * The text that tokens of byte characters stand for. Bytes that are not UTF-8 become U+FFFD. A token with a
 * character that stands for no byte (an added token) stands for itself.
 */
export function fromByteCharacters(tokens: readonly string[]): string {
  const out: number[] = [];
  for (const token of tokens) {
    const before = out.length;
    for (const character of token) {
      const byte = bytes.get(character);
      if (byte === undefined) {
        out.length = before;
        for (const own of encoder.encode(token)) out.push(own);
        break;
      }
      out.push(byte);
    }
  }
  return decoder.decode(Uint8Array.from(out));
}

const APOSTROPHE = 0x27;
const BLANK = 0x20;

/**
 * Cuts a text as GPT-2's expression does (Radford et al. 2019):
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
 * Written out, because it is what encoding spends its time on. Calls `cut` with the end of each piece.
 */
export function cutWords(text: string, cut: (from: number, to: number) => void): void {
  let at = 0;
  while (at < text.length) {
    const end = wordEnd(text, at);
    cut(at, end);
    at = end;
  }
}

function wordEnd(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === APOSTROPHE) {
    const size = contraction(text, from);
    if (size > 0) return from + size;
  }
  const start = first === BLANK && from + 1 < text.length ? from + 1 : from;
  const kind = kindAt(text, start);
  if (kind !== SPACE) return runEnd(text, start, kind);
  const end = runEnd(text, from, SPACE);
  return end === text.length || end === from + 1 ? end : end - 1;
}

/** The length of an English contraction at `at`, or 0. */
function contraction(text: string, at: number): number {
  const pair = text.slice(at + 1, at + 3);
  if (pair === "re" || pair === "ve" || pair === "ll") return 3;
  return pair !== "" && "stmd".includes(pair[0]!) ? 2 : 0;
}

const KINDS = LETTER | NUMBER | SPACE;

/** Letter, number, white space or, as 0, anything else. */
function kindAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return classOf(unit >= 0xd800 && unit < 0xdc00 ? text.codePointAt(at)! : unit) & KINDS;
}

function runEnd(text: string, from: number, kind: number): number {
  let at = from;
  while (at < text.length && kindAt(text, at) === kind) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}
