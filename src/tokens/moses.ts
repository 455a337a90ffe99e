import type { Aligned } from "./aligned.ts";
import { classBody } from "./characters.ts";
import { ABBREVIATIONS, CURRENCY, DIGITS, LETTERS, LOWER, NUMBERS, NUMERIC_ABBREVIATIONS } from "./moses-classes.ts";
import { PYTHON_SPACE, trimmed } from "./python-space.ts";

// The tokenizer of the Moses toolkit for machine translation (Koehn et al. 2007) for English, with its normalization of
// punctuation: rules that rewrite the text one after the other.

type Rule = readonly [RegExp, string];

const [letter, number] = [LETTERS, NUMBERS].map(classBody) as [string, string];
const wordly = letter + classBody(DIGITS);
const digit = "\\p{Nd}";
const rule = (source: string, replacement: string): Rule => [new RegExp(source, "gu"), replacement];

const punctuation: readonly Rule[] = [
  rule("\\r", ""),
  rule("\\(", " ("),
  rule("\\)", ") "),
  rule(" +", " "),
  rule("\\) ([.!:?;,])", ")$1"),
  rule("\\( ", "("),
  rule(" \\)", ")"),
  rule(`(${digit}) %`, "$1%"),
  rule(" :", ":"),
  rule(" ;", ";"),
  rule("`", "'"),
  rule("''", ' " '),
  rule("[„“”]", '"'),
  rule("–", "-"),
  rule("—", " - "),
  rule(" +", " "),
  rule("´", "'"),
  rule("([a-zA-Z])‘([a-zA-Z])", "$1'$2"),
  rule("([a-zA-Z])’([a-zA-Z])", "$1'$2"),
  rule("[‘‚’]", "'"),
  rule("''", '"'),
  rule("´´", '"'),
  rule("…", "..."),
  rule("\\xa0«\\xa0", '"'),
  rule("«\\xa0", '"'),
  rule("«", '"'),
  rule("\\xa0»\\xa0", '"'),
  rule("\\xa0»", '"'),
  rule("»", '"'),
  rule("\\xa0%", "%"),
  rule("nº\\xa0", "nº "),
  rule("\\xa0:", ":"),
  rule("\\xa0ºC", " ºC"),
  rule("\\xa0cm", " cm"),
  rule("\\xa0\\?", "?"),
  rule("\\xa0!", "!"),
  rule("\\xa0;", ";"),
  rule(",\\xa0", ", "),
  rule(" +", " "),
  rule('"([,.]+)', '$1"'),
  rule(`(${digit})\\xa0(${digit})`, "$1.$2"),
];

const before: readonly Rule[] = [rule(`[${PYTHON_SPACE}]+`, " "), rule("[\\0-\\x1f]", "")];

const cuts: readonly Rule[] = [
  rule(`([^${wordly}${PYTHON_SPACE}.'\`,\\-])`, " $1 "),
  rule(`([${wordly}])-(?=[${wordly}])`, "$1 @-@ "),
];

const commas: readonly Rule[] = [
  rule(`([^${number}]),`, "$1 , "),
  rule(`,([^${number}])`, " , $1"),
  rule(`([${number}]),$`, "$1 , "),
];

const apostrophes: readonly Rule[] = [
  rule(`([^${letter}])'([^${letter}])`, "$1 ' $2"),
  rule(`([^${letter}${number}])'([${letter}])`, "$1 ' $2"),
  rule(`([${letter}])'([^${letter}])`, "$1 ' $2"),
  rule(`([${letter}])'([${letter}])`, "$1 '$2"),
  rule(`([${number}])'(s)`, "$1 '$2"),
];

const after: readonly Rule[] = [rule(`[${PYTHON_SPACE}]+`, " ")];
const quoteAtEnd: readonly Rule[] = [rule("\\.' ?$", " . ' ")];

/** A run of full stops as one word that no rule cuts: a private character for each. */
const DOT = "\u{f8ff}";

/** Cuts an English text into words and marks. Calls `emit` with each. */
export function cutAsMoses(piece: Aligned, emit: (word: Aligned) => void): void {
  let text = trimmed(rewrite(piece, punctuation));
  text = trimmed(rewrite(text, before));
  text = joinDots(rewrite(text, cuts));
  text = cutFullStops(rewrite(rewrite(text, commas), apostrophes));
  text = rewrite(trimmed(rewrite(text, after)), quoteAtEnd);
  for (const match of text.text.matchAll(new RegExp(`[^${PYTHON_SPACE}]+`, "gu"))) {
    const word = text.slice(match.index, match.index + match[0].length);
    emit(word.relabel(word.text.replaceAll(DOT, ".")));
  }
}

function rewrite(piece: Aligned, rules: readonly Rule[]): Aligned {
  let out = piece;
  for (const [expression, replacement] of rules) {
    if (!out.tracked) out = out.become(out.text.replace(expression, replacement), () => new Int32Array(0));
    else if (out.text.search(expression) >= 0) out = edited(out, expression, replacement);
  }
  return out;
}

/** The same with alignments: characters that the replacement keeps stay where they were, others are new. */
function edited(piece: Aligned, expression: RegExp, replacement: string): Aligned {
  const edits: [string, number][] = [];
  let [done, skipped] = [0, 0];
  const drop = (count: number): void => {
    if (count === 0) return;
    const last = edits.at(-1);
    if (last !== undefined && last[1] <= 0) last[1] -= count;
    else skipped += count;
  };
  const keep = (text: string): void => {
    for (const character of text) edits.push([character, 0]);
  };
  for (const match of piece.text.matchAll(expression)) {
    keep(piece.text.slice(done, match.index));
    const old = Array.from(match[0]);
    const written = replacement.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? "");
    let at = 0;
    for (const character of written) {
      const found = old.indexOf(character, at);
      if (found === -1 && at < old.length && !written.includes(old[at]!)) {
        edits.push([character, 0]);
        at++;
      } else if (found === at) {
        edits.push([character, 0]);
        at++;
      } else edits.push([character, 1]);
    }
    drop(old.length - at);
    done = match.index + match[0].length;
  }
  keep(piece.text.slice(done));
  return skipped === 0 ? piece.edit(edits) : looselyAligned(piece, edits);
}

/** Where characters were dropped that nothing before them could swallow: the whole lies where the piece lies. */
function looselyAligned(piece: Aligned, edits: readonly (readonly [string, number])[]): Aligned {
  const text = edits.map(([character]) => character).join("");
  const [start, end] = piece.origin(0, piece.text.length);
  return piece.become(text, () => Int32Array.from({ length: 2 * text.length }, (_, i) => (i % 2 === 0 ? start : end)));
}

function joinDots(piece: Aligned): Aligned {
  return rewrite(piece.relabel(piece.text.replace(/\.{2,}/g, (run) => DOT.repeat(run.length))), [
    rule(`(?<!${DOT})(${DOT})`, " $1"),
    rule(`(${DOT})(?!${DOT}|$)`, "$1 "),
  ]);
}

const abbreviations = new Set(ABBREVIATIONS.split(" "));
const numericAbbreviations = new Set(NUMERIC_ABBREVIATIONS.split(" "));
const hasLetter = new RegExp(`[${letter}]`, "u");
const lower = new RegExp(`^[${classBody(LOWER)}]`, "u");

/** Takes the full stop off a word, unless the word is an abbreviation or goes on in lower case. */
function cutFullStops(piece: Aligned): Aligned {
  const words = [...piece.text.matchAll(new RegExp(`[^${PYTHON_SPACE}]+`, "gu"))];
  const places: number[] = [];
  words.forEach((match, i) => {
    const word = match[0];
    if (word.length < 2 || !word.endsWith(".")) return;
    const stem = word.slice(0, -1);
    const next = words[i + 1]?.[0];
    const kept =
      (stem.includes(".") && hasLetter.test(stem)) ||
      abbreviations.has(stem) ||
      (next !== undefined && lower.test(next)) ||
      (numericAbbreviations.has(stem) && next !== undefined && /^[0-9]/.test(next));
    if (!kept) places.push(match.index + stem.length);
  });
  if (places.length === 0) return piece;
  const edits: [string, number][] = [];
  let at = 0;
  for (const character of piece.text) {
    if (places.includes(at)) edits.push([" ", 1]);
    edits.push([character, 0]);
    at += character.length;
  }
  return piece.edit(edits);
}

const currency = new RegExp(`^[${classBody(CURRENCY)}(\\[{¿¡]+$`, "u");
const contraction = new RegExp(`^'[${letter}]`, "u");
const closing = /^[,.?!:;\\%}\])]+$/;
const quote = /^['"„“`]+$/;
const ideographs: readonly (readonly [number, number])[] = [
  [4352, 4607],
  [11904, 42191],
  [43072, 43135],
  [44032, 55215],
  [63744, 64255],
  [65072, 65103],
  [65381, 65500],
  [94208, 101119],
  [110592, 110895],
  [110960, 111359],
  [131072, 196607],
];

function isIdeograph(character: string | undefined): boolean {
  const code = character?.codePointAt(0) ?? 0;
  return ideographs.some(([first, last]) => code >= first && code <= last);
}

/** The text that words and marks make, with blanks where English has them. */
export function joinAsMoses(tokens: readonly string[]): string {
  const words = ` ${tokens.join(" ")} `
    .replaceAll(" @-@ ", "-")
    .split(/\s+/)
    .filter((word) => word !== "");
  const open = new Map<string, number>();
  let text = "";
  let blank = " ";
  words.forEach((word, i) => {
    const previous = words[i - 1] ?? "";
    let [leftBlank, rightBlank] = [blank, " "];
    if (isIdeograph(word)) {
      if (isIdeograph(Array.from(previous).at(-1))) leftBlank = "";
    } else if (currency.test(word)) rightBlank = "";
    else if (closing.test(word) || (i > 0 && contraction.test(word))) leftBlank = "";
    else if (quote.test(word)) {
      const sign = /^[„“”]+$/.test(word) ? '"' : word;
      const count = open.get(sign) ?? 0;
      if (count % 2 === 0 && word === "'" && i > 0 && previous.endsWith("s")) leftBlank = "";
      else {
        if (count % 2 === 0) rightBlank = "";
        else leftBlank = "";
        open.set(sign, count + 1);
      }
    }
    text += leftBlank + word;
    blank = rightBlank;
  });
  return text.replace(/ {2,}/g, " ").trim();
}
