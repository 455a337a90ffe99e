import type { Aligned } from "./aligned.ts";

/** The four normalization forms of Unicode (UAX 15). */
export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/** A character with its change: 0 stands for an old character, 1 is new, -n swallowed n more old ones. */
type Edit = [string, number];

/**
 * Brings a piece of text into a normalization form. JavaScript's `normalize` says nothing about where a character
 * came from, so where alignments are wanted the steps of UAX 15 are walked here: decompose each character, order
 * the marks by combining class, compose.
 */
export function toUnicodeForm(piece: Aligned, form: UnicodeForm): Aligned {
  const text = piece.text.normalize(form);
  if (text === piece.text || !piece.tracked) return piece.become(text, () => new Int32Array(0));
  const decomposed = decompose(piece.text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
  return piece.edit(form === "NFC" || form === "NFKC" ? compose(decomposed) : decomposed);
}

function decompose(text: string, form: "NFD" | "NFKD"): Edit[] {
  const edits: Edit[] = [];
  let marks: Edit[] = [];
  for (const character of text) {
    let change = 0;
    for (const part of character.normalize(form)) {
      if (isStarter(part)) {
        edits.push(...inCanonicalOrder(marks));
        marks = [];
        edits.push([part, change]);
      } else {
        marks.push([part, change]);
      }
      change = 1;
    }
  }
  edits.push(...inCanonicalOrder(marks));
  return edits;
}

/** Sorts marks by combining class, stably; the engine's own normalization knows the classes. */
function inCanonicalOrder(marks: Edit[]): Edit[] {
  if (marks.length < 2) return marks;
  const left = [...marks];
  const ordered: Edit[] = [];
  for (const character of marks
    .map(([mark]) => mark)
    .join("")
    .normalize("NFD")) {
    const found = left.findIndex(([mark]) => mark === character);
    ordered.push(...left.splice(Math.max(found, 0), 1));
  }
  return ordered;
}

function compose(edits: readonly Edit[]): Edit[] {
  const out: Edit[] = [];
  let starter: Edit | undefined;
  let marks: Edit[] = [];
  for (const [character, change] of edits) {
    const mark = !isStarter(character);
    if (starter === undefined) {
      if (mark) out.push([character, change]);
      else starter = [character, change];
      continue;
    }
    const last = marks.at(-1);
    const blocked = last !== undefined && (!mark || sameClass(last[0], character));
    const whole = blocked ? undefined : composed(starter[0], character);
    if (whole !== undefined) {
      starter = [whole, starter[1] + change - 1];
    } else if (mark) {
      marks.push([character, change]);
    } else {
      out.push(starter, ...marks);
      [starter, marks] = [[character, change], []];
    }
  }
  if (starter !== undefined) out.push(starter, ...marks);
  return out;
}

function composed(a: string, b: string): string | undefined {
  const whole = (a + b).normalize("NFC");
  return whole.length === (whole.codePointAt(0)! > 0xffff ? 2 : 1) ? whole : undefined;
}

const starters = new Map<string, boolean>();

/** Whether the combining class is 0. A mark is one that changes places with a mark of the lowest or highest class. */
export function isStarter(character: string): boolean {
  if (character < "\u0300") return true;
  const known = starters.get(character);
  if (known !== undefined) return known;
  const [lowest, highest] = ["\u0334", "\u0345"];
  const movesLeft = (highest + character).normalize("NFD") !== highest + character;
  const movesRight = (character + lowest).normalize("NFD") !== character + lowest;
  const starter = !(movesLeft || movesRight || character === lowest || character === highest);
  starters.set(character, starter);
  return starter;
}

/** Whether two marks in canonical order have the same class: then they keep their order when swapped, too. */
function sameClass(a: string, b: string): boolean {
  return (b + a).normalize("NFD") === b + a;
}
