/** Parallel lines: line i of the hypotheses and of every reference stream belong to one sentence. */
import { InputError, nearest } from "../errors/index.ts";

/**
 * What Python's `str.split()` and `str.rstrip()` take as white space (the reference implementations are in Python).
 * JavaScript's `\s` lacks U+001C to U+001F and U+0085, and has U+FEFF too many.
 */
const WHITESPACE = "[\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const GAP = new RegExp(WHITESPACE, "u");
const TRAILING = new RegExp(`${WHITESPACE}$`, "u");

/** The words between white space; none for an empty or blank line. */
export function splitWords(line: string): string[] {
  return line.split(GAP).filter((word) => word !== "");
}

/** The line without the white space at its end. */
export function trimEnd(line: string): string {
  return line.replace(TRAILING, "");
}

/**
 * Throws InputError unless there is at least one hypothesis and one reference stream, and every stream has as many
 * lines as there are hypotheses; says which stream differs and by how much.
 */
export function checkParallel(hypotheses: readonly string[], references: readonly (readonly string[])[]): void {
  if (references.length === 0) {
    throw new InputError("No references were given. Give one array of lines for each reference translation.");
  }
  for (const [index, stream] of references.entries()) {
    if (stream.length === hypotheses.length) continue;
    throw new InputError(
      `There ${hypotheses.length === 1 ? "is 1 hypothesis" : `are ${hypotheses.length} hypotheses`}, but ` +
        `reference ${index + 1} of ${references.length} has ${stream.length} ${stream.length === 1 ? "line" : "lines"}. ` +
        "Line i of every reference must translate the same sentence as hypothesis i: give files of equal length.",
    );
  }
  if (hypotheses.length === 0) {
    throw new InputError("There are no hypotheses: nothing can be scored. Give at least one line.");
  }
}

/** Throws InputError that lists the choices unless `got` is one of them. */
export function checkChoice(option: string, got: string, choices: readonly string[]): void {
  if (choices.includes(got)) return;
  const near = nearest(got, choices);
  throw new InputError(
    `${option} is "${got}"; it must be one of ${choices.join(", ")}.` +
      (near === undefined ? "" : ` Did you mean "${near}"?`),
  );
}

/** Throws InputError unless `got` is a whole number of at least `least`. */
export function checkWhole(option: string, got: number, least: number): void {
  if (Number.isInteger(got) && got >= least) return;
  throw new InputError(`${option} is ${got}; it must be a whole number of at least ${least}.`);
}
