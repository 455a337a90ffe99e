/** A word of a text; `start` and `end` are UTF-16 offsets, `end` exclusive. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * In this order: words that hold their apostrophe (aujourd'hui, o'clock); the English ending 's; letters, digits and
 * inner hyphens, with the apostrophe that elides them (l', qu'); any other character alone. Both the typewriter's
 * apostrophe and the typographic one count.
 */
const WORD =
  /(?<![\p{L}\p{N}])(?:aujourd['’]hui|o['’]clock)(?![\p{L}\p{N}])|['’]s(?![\p{L}\p{N}])|[\p{L}\p{N}\p{M}]+(?:-[\p{L}\p{N}\p{M}]+)*(?:['’](?!s(?![\p{L}\p{N}])))?|\S/giu;

/**
 * The words that alignments of the bundled corpus count: split at white space and after the apostrophe of an elision
 * (l' + Afrique), with 's and every punctuation mark a word of its own and hyphenated words whole (Est-ce, États-Unis).
 */
export function alignmentWords(text: string): Word[] {
  return Array.from(text.matchAll(WORD), (match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/**
 * Which words carry meaning by themselves: those with a letter or digit that are not among `functionWords` (compared in
 * lower case). Gives their numbers from 0.
 */
export function contentWords(words: readonly Word[], functionWords: ReadonlySet<string>): number[] {
  return words.flatMap(({ text }, index) =>
    /[\p{L}\p{N}]/u.test(text) && !functionWords.has(text.toLowerCase()) ? [index] : [],
  );
}

/**
 * For each word the tokens that it consists of, as [first, last + 1): those whose characters overlap the word's.
 * A word that no token touches gets an empty span. Offsets are the tokenizer's, UTF-16, in the order of the text;
 * tokens without characters (`start` equal to `end`, as special tokens have) belong to no word.
 */
export function tokenSpans(
  words: readonly Word[],
  offsets: readonly (readonly [start: number, end: number])[],
): [first: number, end: number][] {
  return words.map(({ start, end }) => {
    const touching = offsets.flatMap(([from, to], token) => (from < to && from < end && to > start ? [token] : []));
    return touching.length === 0 ? [0, 0] : [touching[0]!, touching.at(-1)! + 1];
  });
}
