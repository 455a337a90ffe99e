/**
 * BLEU's own tokenizations, equal to sacreBLEU's of the same names. They only serve the metric: a BLEU score can be
 * compared with another one only if both come from the same tokenization.
 */
import { splitWords, trimEnd } from "./lines.ts";

/** The tokenizations of {@link tokenizeForBleu}. */
export const BLEU_TOKENIZATIONS = ["13a", "none", "char", "intl"] as const;
/** The name of a tokenization. */
export type BleuTokenization = (typeof BLEU_TOKENIZATIONS)[number];

type Rule = readonly [pattern: RegExp, replacement: string];

/** NIST's mteval-v13a.pl, "language-dependent part": ASCII punctuation apart from `'`, `,`, `-` and `.` stands alone. */
const RULES_13A: readonly Rule[] = [
  [/([{-~[-` -&(-+:-@/])/gu, " $1 "],
  // A period or comma stays inside a number only.
  [/([^0-9])([.,])/gu, "$1 $2 "],
  [/([.,])([^0-9])/gu, " $1 $2"],
  // A dash is split off after a digit.
  [/([0-9])(-)/gu, "$1 $2 "],
];

/** mteval-v14.pl, international: any punctuation next to a character that is no number, and any symbol, stands alone. */
const RULES_INTL: readonly Rule[] = [
  [/(\P{N})(\p{P})/gu, "$1 $2 "],
  [/(\p{P})(\P{N})/gu, " $1 $2"],
  [/(\p{S})/gu, " $1 "],
];

function applyRules(line: string, rules: readonly Rule[]): string {
  return rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}

function prepare13a(line: string): string {
  const joined = line.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " ");
  const plain = joined
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return ` ${plain} `;
}

/**
 * The tokens of one sentence: `13a` is the default of machine translation's shared tasks, `none` splits at white space,
 * `char` takes every character (code point) that is not white space, `intl` splits off Unicode punctuation and symbols.
 */
export function tokenizeForBleu(sentence: string, tokenization: BleuTokenization, lowercase = false): string[] {
  const line = trimEnd(lowercase ? sentence.toLowerCase() : sentence);
  switch (tokenization) {
    case "13a":
      return splitWords(applyRules(prepare13a(line), RULES_13A));
    case "intl":
      return splitWords(applyRules(line, RULES_INTL));
    case "char":
      return splitWords(Array.from(line).join(" "));
    case "none":
      return splitWords(line);
  }
}
