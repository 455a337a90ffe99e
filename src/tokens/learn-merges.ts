import { InputError } from "../errors/index.ts";
import { compareCodePoints } from "./characters.ts";
import { PairTable } from "./pair-table.ts";
import { Turns, type TrainingProgress } from "./turns.ts";

/** What decides which merges are learned, for byte-pair encoding and WordPiece alike. */
export interface MergeOptions {
  /** How many tokens the vocabulary should have, special ones and single characters included. */
  readonly size: number;
  /** A pair that is seen less often is not joined. */
  readonly minimumFrequency?: number | undefined;
  /** Characters to have whether seen or not. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** At most so many single characters, the most frequent. */
  readonly limitAlphabet?: number | undefined;
  /** Put before every piece that does not start a word. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** Put after the piece that ends a word. */
  readonly endOfWordSuffix?: string | undefined;
  /** Tokens that are joined from more than two characters stay shorter than this. */
  readonly maximumTokenLength?: number | undefined;
  /** Called now and then with the number of tokens so far. */
  readonly progress?: TrainingProgress | undefined;
}

/** A pair that waits to be merged: how often it was seen when it was put there, and in which words. */
interface Waiting {
  readonly pair: number;
  count: number;
  readonly words: readonly number[];
}

/**
 * Learns merges from words and their counts: the most frequent pair is joined first; of equally frequent ones that
 * with the smaller ids (first tokens come first, then the alphabet by code point, then the characters with a prefix or
 * suffix, then merges). That is the order of Hugging Face `tokenizers`, so that the merges are equal; only characters
 * with a prefix or suffix, which have no fixed order there, are in one here.
 * @param first Tokens that get the first ids, in this order: special tokens, for example.
 */
export async function learnMerges(
  counts: ReadonlyMap<string, number>,
  first: readonly string[],
  options: MergeOptions,
): Promise<{ vocabulary: Map<string, number>; merges: [string, string][] }> {
  const { minimumFrequency = 0, continuingSubwordPrefix: prefix = "" } = options;
  const { vocabulary, formOf } = startVocabulary(counts, first, options);
  const tokens = [...vocabulary.keys()];
  const corpus = new Corpus(counts, formOf, options.maximumTokenLength ?? Infinity);
  const queue = new Queue(corpus);
  const merges: [string, string][] = [];
  const turns = new Turns(options.progress);
  queue.add(corpus.takeChanges());
  while (vocabulary.size < options.size) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = corpus.pairCounts[top.pair]!;
    if (top.count !== count) {
      queue.push({ ...top, count });
      continue;
    }
    if (count < 1 || count < minimumFrequency) break;
    const [left, right] = [tokens[corpus.lefts[top.pair]!]!, tokens[corpus.rights[top.pair]!]!];
    const joined = left + (right.startsWith(prefix) ? right.slice(prefix.length) : right);
    let id = vocabulary.get(joined);
    if (id === undefined) {
      id = tokens.push(joined) - 1;
      vocabulary.set(joined, id);
    }
    merges.push([left, right]);
    for (const word of top.words) corpus.merge(word, top.pair, id);
    queue.add(corpus.takeChanges());
    if (turns.over) await turns.next(vocabulary.size, options.size);
  }
  options.progress?.(vocabulary.size, options.size);
  return { vocabulary, merges };
}

/** The id of a character as it stands in a word; undefined for one that is left out. */
type FormOf = (character: string, starts: boolean, ends: boolean) => number | undefined;

/** The tokens before any merge: the first ones, the alphabet by code point, then its forms inside and at the end. */
function startVocabulary(
  counts: ReadonlyMap<string, number>,
  first: readonly string[],
  options: MergeOptions,
): { vocabulary: Map<string, number>; formOf: FormOf } {
  const alphabet = alphabetOf(counts, options);
  const plain = new Set([...first, ...alphabet]);
  const { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "", size } = options;
  const form = (character: string, starts: boolean, ends: boolean): string =>
    (starts ? "" : prefix) + character + (ends ? suffix : "");
  const forms = new Map<string, number>();
  if (prefix !== "" || suffix !== "") {
    for (const word of counts.keys()) {
      eachCharacter(word, (character, starts, ends) => {
        if (!plain.has(character)) return;
        const written = form(character, starts, ends);
        forms.set(written, (forms.get(written) ?? 0) + 1);
      });
    }
  }
  // Those of most words first: as they come up when words are taken in any order, as the reference does.
  const ordered = [...forms].sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b));
  const tokens = [...new Set([...plain, ...ordered.map(([written]) => written)])];
  if (!(tokens.length <= size)) {
    throw new InputError(
      `A vocabulary of ${size} tokens has no room for the ${tokens.length - first.length} characters of the alphabet ` +
        `and ${first.length} special tokens; ask for more than ${tokens.length}, or limit the alphabet.`,
    );
  }
  const vocabulary = new Map(tokens.map((token, id) => [token, id]));
  return {
    vocabulary,
    formOf: (character, starts, ends) =>
      plain.has(character) ? vocabulary.get(form(character, starts, ends)) : undefined,
  };
}

/** The characters of the words and those to have anyway, by code point; if there is a limit the most frequent. */
function alphabetOf(counts: ReadonlyMap<string, number>, options: MergeOptions): string[] {
  const { initialAlphabet = [], limitAlphabet = Infinity } = options;
  const seen = new Map<string, number>();
  for (const [word, count] of counts) {
    for (const character of word) seen.set(character, (seen.get(character) ?? 0) + count);
  }
  for (const [character] of initialAlphabet) if (character !== undefined) seen.set(character, Number.MAX_VALUE);
  const alphabet = [...seen.keys()].sort(compareCodePoints);
  if (alphabet.length <= limitAlphabet) return alphabet;
  const kept = new Set(alphabet.toSorted((a, b) => seen.get(b)! - seen.get(a)!).slice(0, limitAlphabet));
  return alphabet.filter((character) => kept.has(character));
}

/** Calls `use` with each character of a word and whether it starts and ends the word. */
function eachCharacter(word: string, use: (character: string, starts: boolean, ends: boolean) => void): void {
  let at = 0;
  for (const character of word) {
    const start = at;
    at += character.length;
    use(character, start === 0, at === word.length);
  }
}

/** All words as symbols, and all pairs of neighbors with their counts. */
class Corpus {
  /** For each pair: its symbols, and how often it was seen. */
  readonly lefts: number[] = [];
  readonly rights: number[] = [];
  readonly pairCounts: number[] = [];
  private readonly numbers = new PairTable(1 << 15);
  /** For each pair, the words in which it has become more frequent since `takeChanges`. */
  private readonly where: (number[] | undefined)[] = [];
  private changed: number[] = [];
  private readonly symbols: Int32Array;
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private readonly wordCounts: number[] = [];
  /** How many characters each token has, and how many two neighbors must stay below to be counted as a pair. */
  private readonly sizes: number[] = [];
  private readonly limit: number;

  constructor(counts: ReadonlyMap<string, number>, formOf: FormOf, limit: number) {
    this.limit = limit;
    const symbols: number[] = [];
    for (const [word, count] of counts) {
      this.starts.push(symbols.length);
      eachCharacter(word, (character, starts, ends) => {
        const id = formOf(character, starts, ends);
        if (id === undefined) return;
        symbols.push(id);
        this.sizes[id] = 1;
      });
      this.lengths.push(symbols.length - this.starts.at(-1)!);
      this.wordCounts.push(count);
    }
    this.symbols = Int32Array.from(symbols);
    for (let word = 0; word < this.starts.length; word++) {
      const start = this.starts[word]!;
      for (let i = start; i + 1 < start + this.lengths[word]!; i++) {
        this.more(this.symbols[i]!, this.symbols[i + 1]!, word);
      }
    }
  }

  /** The pairs that have become more frequent since the last call, with the words. */
  takeChanges(): Waiting[] {
    const waiting = this.changed.map((pair): Waiting => {
      const words = this.where[pair]!;
      this.where[pair] = undefined;
      return { pair, count: this.pairCounts[pair]!, words };
    });
    this.changed = [];
    return waiting;
  }

  /** Joins the pair wherever it stands in the word, from left to right, and counts the new neighbors. */
  merge(word: number, pair: number, joined: number): void {
    const { symbols } = this;
    const [left, right] = [this.lefts[pair]!, this.rights[pair]!];
    this.sizes[joined] = this.sizes[left]! + this.sizes[right]!;
    const start = this.starts[word]!;
    const end = start + this.lengths[word]!;
    let to = start;
    for (let from = start; from < end; to++) {
      if (symbols[from] !== left || from + 1 >= end || symbols[from + 1] !== right) {
        symbols[to] = symbols[from++]!;
        continue;
      }
      if (to > start) {
        this.less(symbols[to - 1]!, left, word);
        if (this.fits(symbols[to - 1]!, joined)) this.more(symbols[to - 1]!, joined, word);
      }
      if (from + 2 < end) {
        this.less(right, symbols[from + 2]!, word);
        if (this.fits(joined, symbols[from + 2]!)) this.more(joined, symbols[from + 2]!, word);
      }
      symbols[to] = joined;
      from += 2;
    }
    this.lengths[word] = to - start;
  }

  private fits(left: number, right: number): boolean {
    return this.sizes[left]! + this.sizes[right]! < this.limit;
  }

  private less(left: number, right: number, word: number): void {
    const pair = this.numberOf(left, right);
    this.pairCounts[pair] = this.pairCounts[pair]! - this.wordCounts[word]!;
  }

  private more(left: number, right: number, word: number): void {
    const pair = this.numberOf(left, right);
    this.pairCounts[pair] = this.pairCounts[pair]! + this.wordCounts[word]!;
    const words = this.where[pair];
    if (words === undefined) {
      this.where[pair] = [word];
      this.changed.push(pair);
    } else if (words.at(-1) !== word) words.push(word);
  }

  private numberOf(left: number, right: number): number {
    const known = this.numbers.get(left, right);
    if (known !== -1) return known;
    const pair = this.lefts.push(left) - 1;
    this.rights.push(right);
    this.pairCounts.push(0);
    this.where.push(undefined);
    this.numbers.set(left, right, pair);
    return pair;
  }
}

/** A heap of waiting pairs: the most frequent first, of equal ones the smaller left id, then the smaller right. */
class Queue {
  private readonly items: Waiting[] = [];
  private readonly corpus: Corpus;

  constructor(corpus: Corpus) {
    this.corpus = corpus;
  }

  add(waiting: readonly Waiting[]): void {
    for (const item of waiting) if (item.count > 0) this.push(item);
  }

  push(item: Waiting): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): Waiting | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.before(items[child + 1]!, items[child]!)) child++;
      if (!this.before(items[child]!, last)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }

  private before(a: Waiting, b: Waiting): boolean {
    if (a.count !== b.count) return a.count > b.count;
    const { lefts, rights } = this.corpus;
    const left = lefts[a.pair]! - lefts[b.pair]!;
    return left !== 0 ? left < 0 : rights[a.pair]! < rights[b.pair]!;
  }
}
