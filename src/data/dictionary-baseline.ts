import { InputError } from "../errors/index.ts";
import type { Alignment } from "./alignments.ts";
import { alignmentWords } from "./words.ts";

/** A translator that knows words but no grammar: the floor that a model must leave far behind. */
export interface DictionaryBaseline {
  /** How many source words it knows. */
  readonly size: number;
  /** Word by word, in the order of the source; words it does not know are copied. */
  translate(text: string): string;
}

/**
 * A dictionary from aligned sentences: each source word gets the target word that it was aligned with most often, or
 * nothing where being aligned with nothing was more frequent (so the article of l'Afrique may vanish). Words are those
 * of `alignmentWords`, case kept; of equally frequent ones the first seen is taken.
 * @throws InputError where there are not as many alignments as pairs, or a link points beyond a sentence.
 */
export function dictionaryBaseline(
  pairs: readonly { readonly source: string; readonly target: string }[],
  alignments: readonly Alignment[],
): DictionaryBaseline {
  if (pairs.length !== alignments.length) {
    throw new InputError(
      `There are ${pairs.length} sentence pairs but ${alignments.length} alignments; each needs one.`,
    );
  }
  const counts = new Map<string, Map<string, number>>();
  for (const [index, { source, target }] of pairs.entries()) {
    const [words, others] = [alignmentWords(source), alignmentWords(target)];
    const linked = words.map((): string[] => []);
    for (const [from, to] of alignments[index]!) {
      const [word, other] = [linked[from], others[to]];
      if (word === undefined || other === undefined) {
        throw new InputError(
          `The link ${from}-${to} of pair ${index + 1} points beyond its ${words.length} source or ${others.length} target words.`,
        );
      }
      word.push(other.text);
    }
    for (const [number, { text }] of words.entries()) {
      const seen = counts.get(text) ?? new Map<string, number>();
      counts.set(text, seen);
      for (const other of linked[number]!.length > 0 ? linked[number]! : [""])
        seen.set(other, (seen.get(other) ?? 0) + 1);
    }
  }
  const dictionary = new Map(Array.from(counts, ([word, seen]) => [word, mostFrequent(seen)]));
  return {
    size: dictionary.size,
    translate: (text) => joined(alignmentWords(text).map(({ text: word }) => dictionary.get(word) ?? word)),
  };
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  let best = "";
  let most = 0;
  for (const [word, count] of counts) if (count > most) [best, most] = [word, count];
  return best;
}

/** English spacing, and a capital at the beginning. */
function joined(words: readonly string[]): string {
  let text = "";
  for (const word of words) {
    if (word !== "") text += text === "" || /^([.,?!]|['’]s)$/.test(word) ? word : ` ${word}`;
  }
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
