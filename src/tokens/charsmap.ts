import { CheckpointError } from "../errors/index.ts";
import type { Aligned } from "./aligned.ts";

/**
 * SentencePiece's normalization rules, compiled: a trie of the texts that are replaced, as a double array over the
 * bytes of UTF-8 (Yata et al. 2007), and the replacements one after the other, each ended by a zero byte.
 */
export class Charsmap {
  private readonly trie: Uint32Array;
  private readonly replacements: Uint8Array;
  /** Whether printable ASCII stays as it is: so it is, but where the rules fold capitals. */
  private readonly leavesPlain: boolean;
  private readonly known = new Map<string, string | undefined>();

  constructor(trie: Uint32Array, replacements: Uint8Array) {
    this.trie = trie;
    this.replacements = replacements;
    this.leavesPlain = !this.hasPlainRule(offsetOf(trie[0] ?? 0));
  }

  /** Replaces what the rules know, at each place the longest, as SentencePiece itself does. */
  normalizeLongest(piece: Aligned): Aligned {
    const { text } = piece;
    if (this.leavesPlain && plain.test(text)) return piece;
    const edits: [string, number][] = [];
    let changed = false;
    for (let at = 0; at < text.length;) {
      const known = this.longest(text, at);
      const end = known?.end ?? at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
      if (known !== undefined) changed = true;
      addEdits(edits, text.slice(at, end), known?.replacement ?? text.slice(at, end));
      at = end;
    }
    return changed ? piece.edit(edits) : piece;
  }

  /** The longest known beginning of what follows `from`, and its replacement. */
  private longest(text: string, from: number): { end: number; replacement: string } | undefined {
    const { trie } = this;
    let at = offsetOf(trie[0] ?? 0);
    let found: { end: number; value: number } | undefined;
    for (let end = from; end < text.length;) {
      const code = text.codePointAt(end)!;
      end += code > 0xffff ? 2 : 1;
      let unit = 0;
      for (const byte of encoder.encode(String.fromCodePoint(code))) {
        at ^= byte;
        unit = trie[at] ?? 0;
        if (byte === 0 || labelOf(unit) !== byte) return found && this.replaced(found);
        at ^= offsetOf(unit);
      }
      if (((unit >>> 8) & 1) === 1) found = { end, value: (trie[at] ?? 0) & 0x7fffffff };
    }
    return found && this.replaced(found);
  }

  private replaced({ end, value }: { end: number; value: number }): { end: number; replacement: string } {
    return { end, replacement: this.replacementAt(value) };
  }

  /**
   * Replaces what the rules know. As Hugging Face `tokenizers` does it, a cluster of up to five bytes that looks like
   * one character is looked up as a whole, longer ones by their code points.
   */
  normalize(piece: Aligned): Aligned {
    const { text } = piece;
    if (this.leavesPlain && plain.test(text)) return piece;
    const clustered = clusters.test(text);
    if (!clustered && !this.changes(text)) return piece;
    const edits: [string, number][] = [];
    let changed = false;
    const add = (part: string, replacement: string | undefined): void => {
      if (replacement !== undefined) changed = true;
      addEdits(edits, part, replacement ?? part);
    };
    for (const cluster of clustered ? clustersOf(text) : text) {
      const whole = byteLength(cluster) < 6 ? this.find(cluster) : undefined;
      if (whole !== undefined) add(cluster, whole);
      else for (const character of cluster) add(character, this.find(character));
    }
    return changed ? piece.edit(edits) : piece;
  }

  /** Whether one of the characters has a replacement. */
  private changes(text: string): boolean {
    for (const character of text) {
      if (this.leavesPlain && character <= "~" && character >= " ") continue;
      if (this.find(character) !== undefined) return true;
    }
    return false;
  }

  /** Whether rules begin with these bytes and go on with nothing but printable ASCII. */
  private hasPlainRule(at: number): boolean {
    for (let byte = 0x20; byte < 0x7f; byte++) {
      const unit = this.trie[at ^ byte] ?? 0;
      if (labelOf(unit) !== byte) continue;
      if (((unit >>> 8) & 1) === 1 || this.hasPlainRule(at ^ byte ^ offsetOf(unit))) return true;
    }
    return false;
  }

  /** The replacement of the shortest known beginning of `text`, which then stands for all of it. */
  private find(text: string): string | undefined {
    const known = this.known.get(text);
    if (known !== undefined || this.known.has(text)) return known;
    const found = this.look(encoder.encode(text));
    if (this.known.size < CACHED) this.known.set(text, found);
    return found;
  }

  private look(bytes: Uint8Array): string | undefined {
    const { trie } = this;
    let at = 0;
    let unit = trie[0] ?? 0;
    at ^= offsetOf(unit);
    for (const byte of bytes) {
      if (byte === 0) return undefined;
      at ^= byte;
      unit = trie[at] ?? 0;
      if (labelOf(unit) !== byte) return undefined;
      at ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) return this.replacementAt((trie[at] ?? 0) & 0x7fffffff);
    }
    return undefined;
  }

  private replacementAt(start: number): string {
    const end = this.replacements.indexOf(0, start);
    return decoder.decode(this.replacements.subarray(start, end === -1 ? this.replacements.length : end));
  }
}

const CACHED = 1 << 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const plain = /^[ -~]*$/;
/** What can be part of a cluster of several code points (UAX 29). */
const clusters =
  /[\p{M}\p{Cf}\u0e33\u0eb3\u0d4e\u{111c2}\u{111c3}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\uff9e\uff9f\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}]|\r\n/u;

let segmenter: Intl.Segmenter | undefined;

function* clustersOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

/** Edits that put `text` in the place of `old`: new characters come last, and the last one swallows what is left. */
function addEdits(edits: [string, number][], old: string, text: string): void {
  const characters = Array.from(text);
  const more = characters.length - Array.from(old).length;
  characters.forEach((character, i) => edits.push([character, i >= characters.length - more ? 1 : 0]));
  if (more < 0 && edits.length > 0) edits.at(-1)![1] += more;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

function labelOf(unit: number): number {
  return (unit & (0x80000000 | 0xff)) >>> 0;
}

/** A charsmap from its base64 in `tokenizer.json`. Throws CheckpointError for what is not one. */
export function readCharsmap(base64: string, where: string): Charsmap {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw new CheckpointError(`${where}.precompiled_charsmap is not base64. Was the file saved completely?`);
  }
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw new CheckpointError(
      `${where}.precompiled_charsmap: ${bytes.length} bytes that are no rules of SentencePiece. Is the file damaged?`,
    );
  }
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return new Charsmap(trie, bytes.subarray(4 + size));
}
