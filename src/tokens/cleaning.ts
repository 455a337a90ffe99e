import { z } from "zod";
import type { Aligned } from "./aligned.ts";
import { classBody } from "./characters.ts";
import { matchesOf } from "./pattern.ts";
import { CONTROL, NONSPACING_MARK } from "./unicode-classes.ts";
import { toUnicodeForm } from "./unicode-forms.ts";

export const bertSchema = z.object({
  clean_text: z.boolean().default(true),
  handle_chinese_chars: z.boolean().default(true),
  strip_accents: z
    .boolean()
    .nullish()
    .transform((strip) => strip ?? null),
  lowercase: z.boolean().default(true),
});

const plain = /^[ -~]*$/;
const control = new RegExp(`[${classBody(CONTROL)}]`, "gu");
const nonspacing = new RegExp(`[${classBody(NONSPACING_MARK)}]`, "gu");
const odd = /(?! )\p{White_Space}/gu;
/** What BERT takes for Chinese characters: blocks of ideographs, but neither kana nor Hangul. */
const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;

/**
 * BERT's normalizer (Devlin et al. 2019, the published code's BasicTokenizer): control characters go, white space
 * becomes blanks, ideographs become words, accents and capitals go.
 */
export function cleanAsBert(piece: Aligned, settings: z.infer<typeof bertSchema>): Aligned {
  const { clean_text, handle_chinese_chars, lowercase: lower, strip_accents: strip } = settings;
  if (plain.test(piece.text)) return lower ? piece.relabel(piece.text.toLowerCase()) : piece;
  let cleaned = piece;
  if (clean_text) {
    cleaned = without(cleaned, control);
    cleaned = cleaned.relabel(cleaned.text.replace(odd, " "));
  }
  if (handle_chinese_chars && ideograph.test(cleaned.text)) cleaned = spaceIdeographs(cleaned);
  if (strip ?? lower) cleaned = without(toUnicodeForm(cleaned, "NFD"), nonspacing);
  return lower ? lowercase(cleaned) : cleaned;
}

function without(piece: Aligned, expression: RegExp): Aligned {
  if (!piece.tracked) return piece.become(piece.text.replace(expression, ""), () => new Int32Array(0));
  return piece.replace(matchesOf(expression)(piece.text), "");
}

function spaceIdeographs(piece: Aligned): Aligned {
  const edits: [string, number][] = [];
  for (const character of piece.text) {
    if (ideograph.test(character)) edits.push([" ", 0], [character, 1], [" ", 1]);
    else edits.push([character, 0]);
  }
  return piece.edit(edits);
}

const dropped = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/gu;
const blank = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu;

/** SentencePiece's rules for machine translation: control characters go, what is white space or nothing is a blank. */
export function cleanAsNmt(piece: Aligned): Aligned {
  const kept = without(piece, dropped);
  return kept.relabel(kept.text.replace(blank, " "));
}

/** Lower case of each character by itself: unlike `toLowerCase`, a sigma at the end of a word stays σ. */
export function lowercase(piece: Aligned): Aligned {
  const lower = piece.text.toLowerCase();
  if (lower.length === piece.text.length && !piece.text.includes("Σ")) return piece.relabel(lower);
  const edits: [string, number][] = [];
  for (const character of piece.text) {
    let change = 0;
    for (const part of character.toLowerCase()) {
      edits.push([part, change]);
      change = 1;
    }
  }
  return piece.edit(edits);
}
