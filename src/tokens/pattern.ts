import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";

/** What `tokenizer.json` calls a pattern: a literal string, or a regular expression in Oniguruma's syntax. */
export type PatternJson = { readonly String: string } | { readonly Regex: string };

export const patternSchema = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })]);

/** Finds matches: flat triples (start, end, 1 for a match or 0 for what lies between) that cover the whole text. */
export type FindMatches = (text: string) => number[];

/** A finder for a pattern. Throws CheckpointError where JavaScript has no equal of the expression. */
export function patternMatches(pattern: PatternJson, where: string): FindMatches {
  if ("String" in pattern) return matchesOf(new RegExp(escapeLiteral(pattern.String), "gu"));
  try {
    return matchesOf(new RegExp(toJavaScript(pattern.Regex), "gu"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError(
      `${where}: the regular expression ${JSON.stringify(pattern.Regex)} cannot be written in JavaScript (${reason}). ` +
        `Rewrite it without possessive quantifiers, atomic groups and nested classes.`,
    );
  }
}

/** A finder for a JavaScript expression, which needs the flags "gu". */
export function matchesOf(expression: RegExp): FindMatches {
  return (text) => {
    if (text === "") return [0, 0, 0];
    const matches: number[] = [];
    let end = 0;
    for (const match of text.matchAll(expression)) {
      if (match.index > end) matches.push(end, match.index, 0);
      end = match.index + match[0].length;
      matches.push(match.index, end, 1);
    }
    if (end < text.length) matches.push(end, text.length, 0);
    return matches;
  };
}

/** The source of an expression that matches `text` itself. */
export function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** What `\w` means inside of a class. Outside of one Oniguruma counts ² ³ ¹ ¼ ½ ¾ too. */
const WORD_IN_CLASS = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
const WORD = `${WORD_IN_CLASS}\\xb2\\xb3\\xb9\\xbc-\\xbe`;

const outside: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: `[${WORD}]`,
  W: `[^${WORD}]`,
  h: "[0-9a-fA-F]",
  H: "[^0-9a-fA-F]",
  A: "(?<![\\s\\S])",
  z: "(?![\\s\\S])",
  b: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  B: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
};

const inside: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: WORD_IN_CLASS,
  h: "0-9a-fA-F",
};

/**
 * Writes an Oniguruma expression as a JavaScript one for the flag "u". The two differ in what \s, \w, \d and \b
 * mean, in `^` and `$` (always lines there), in needless escapes (an error here) and in `(?i:…)` groups.
 */
function toJavaScript(source: string): string {
  let out = "";
  let at = 0;
  let ignoreCase = false;
  const outer: boolean[] = [];
  while (at < source.length) {
    const rest = source.slice(at);
    const character = String.fromCodePoint(source.codePointAt(at)!);
    const token =
      /^\(\?(?:[imx-]+:|[imx-]+\)|[:=!]|<[=!])|^\\[pP]\{\^?\w+\}|^\\x\{[0-9a-fA-F]+\}|^\\[\s\S]|^\{\d*,?\d*\}/.exec(
        rest,
      )?.[0] ?? character;
    if (token === "[") {
      const end = classEnd(source, at);
      out += classToJavaScript(source.slice(at, end), ignoreCase);
      at = end;
      continue;
    }
    at += token.length;
    if (token.startsWith("(")) {
      const flag = /^\(\?([imx-]+)([:)])$/.exec(token);
      if (flag !== null && flag[1] !== "i") throw new Error(`the group option ${token}`);
      if (flag?.[2] !== ")") outer.push(ignoreCase);
      if (flag !== null) ignoreCase = true;
      out += flag === null ? token : flag[2] === ":" ? "(?:" : "";
    } else if (token === ")") {
      ignoreCase = outer.pop() ?? false;
      out += ")";
    } else if (token === "^") out += "(?<![^\\n])";
    else if (token === "$") out += "(?![^\\n])";
    else if (token === ".") out += "[^\\n]";
    else if (token === "]" || token === "}" || token === "{") out += `\\${token}`;
    else if (token.startsWith("\\")) out += escapeToJavaScript(token, outside);
    else if (ignoreCase && token.toLowerCase() !== token.toUpperCase()) {
      out += `[${token.toLowerCase()}${token.toUpperCase()}]`;
    } else out += token;
  }
  return out;
}

function escapeToJavaScript(token: string, table: Readonly<Record<string, string>>): string {
  const name = token.slice(1);
  if (/^[pP]\{/.test(name)) return propertyToJavaScript(name);
  if (name.startsWith("x{")) return `\\u${name.slice(1)}`;
  const known = table[name];
  if (known !== undefined) return known;
  if (/^[rntfv0-9xu]$/.test(name)) return token;
  if (/^[A-Za-z]$/.test(name)) throw new Error(`the escape ${token}`);
  return /^[\\^$.*+?()[\]{}|/-]$/.test(name) ? (name === "-" ? "\\x2d" : token) : name;
}

/** Oniguruma names scripts and categories alike; JavaScript wants `Script=` before the former. */
function propertyToJavaScript(name: string): string {
  const negated = name.startsWith("P") !== name.includes("^");
  const property = name.slice(2, -1).replace("^", "");
  for (const candidate of [property, `Script=${property}`]) {
    const written = `\\${negated ? "P" : "p"}{${candidate}}`;
    try {
      new RegExp(written, "u");
      return written;
    } catch {
      continue;
    }
  }
  throw new Error(`the property \\p{${property}}`);
}

function classEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "]") return at + 1;
  }
  throw new Error("a class without its closing bracket");
}

function classToJavaScript(source: string, ignoreCase: boolean): string {
  const body = source.slice(1, -1);
  if (/(?<!\\)\[|&&/.test(body) || body === "" || body === "^") throw new Error(`the class ${source}`);
  let out = "";
  for (const [token] of body.matchAll(/\\[pP]\{\^?\w+\}|\\x\{[0-9a-fA-F]+\}|\\[\s\S]|[\s\S]/gu)) {
    if (token.startsWith("\\")) out += escapeToJavaScript(token, inside);
    else if (ignoreCase && token.toLowerCase() !== token.toUpperCase()) {
      if (body.includes(`${token}-`)) throw new Error(`a range in ${source} that ignores case`);
      out += token.toLowerCase() + token.toUpperCase();
    } else out += token;
  }
  return `[${out}]`;
}
