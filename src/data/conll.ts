/** Tagged sentences as CoNLL's files have them: a token a line with its tag last, an empty line between sentences. */
import { InputError } from "../errors/index.ts";

/** A sentence with a tag for each token. */
export interface TaggedSentence {
  /** Empty where the file holds tags alone. */
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
  /** Where it begins in the file, counted from 1. */
  readonly line: number;
}

/**
 * Reads tagged sentences. Columns are parted by tabs, or by blanks where a line has no tab: the first is the token, the
 * last the tag, those between are not read. Lines that begin with -DOCSTART- are skipped.
 * @throws InputError naming the line that has more or fewer columns than the first, and where there is no sentence.
 */
export function parseConll(lines: readonly string[], name: string): TaggedSentence[] {
  const sentences: { tokens: string[]; tags: string[]; line: number }[] = [];
  let columns = 0;
  let open = false;
  for (const [i, text] of lines.entries()) {
    if (text.trim() === "" || text.startsWith("-DOCSTART-")) {
      open = false;
      continue;
    }
    const cells = text.includes("\t") ? text.split("\t") : text.trim().split(/ +/);
    columns ||= cells.length;
    if (cells.length !== columns) {
      throw new InputError(
        `${name}, line ${i + 1} has ${cells.length} columns, but the first has ${columns}. A token and its tag were ` +
          "expected, with the same number of columns in every line.",
      );
    }
    if (!open) sentences.push({ tokens: [], tags: [], line: i + 1 });
    open = true;
    const sentence = sentences.at(-1)!;
    if (columns > 1) sentence.tokens.push(cells[0]!);
    sentence.tags.push(cells.at(-1)!.trim());
  }
  if (sentences.length === 0)
    throw new InputError(`${name} has no sentences. A token and its tag a line were expected.`);
  return sentences;
}
