import { InputError } from "../errors/index.ts";
import { PairTable } from "./pair-table.ts";

/** How merges are learned; see `TrainBpeOptions`. */
export interface LearnOptions {
  readonly size: number;
  readonly specialTokens: readonly string[];
  readonly minimumFrequency: number;
  readonly initialAlphabet: readonly string[];
  readonly limitAlphabet: number | undefined;
  readonly progress: ((tokens: number, size: number) => void) | undefined;
}

/** A pair that waits to be merged: how often it was seen when it was put there, and in which words. */
interface Waiting {
  readonly pair: number;
  count: number;
  readonly words: readonly number[];
}

/** After this many milliseconds of merging others get a turn. */
const TURN = 50;

/**
 * Learns merges from words and their counts: the most frequent pair is joined first; of equally frequent ones that
 * with the smaller ids (special tokens come first, then the alphabet by code point, then merges).
 * That is the order of Hugging Face `tokenizers`, so that the merges are equal.
 */
export async function learnMerges(
  counts: ReadonlyMap<string, number>,
  options: LearnOptions,
): Promise<{ vocabulary: Map<string, number>; merges: [string, string][] }> {
  const tokens = startTokens(counts, options);
  const vocabulary = new Map(tokens.map((token, id) => [token, id]));
  const corpus = new Corpus(counts, vocabulary);
  const queue = new Queue(corpus);
  const merges: [string, string][] = [];
  let turn = Date.now();
  queue.add(corpus.takeChanges());
  while (vocabulary.size < options.size) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = corpus.pairCounts[top.pair]!;
    if (top.count !== count) {
      queue.push({ ...top, count });
      continue;
    }
    if (count < 1 || count < options.minimumFrequency) break;
    const [left, right] = [tokens[corpus.lefts[top.pair]!]!, tokens[corpus.rights[top.pair]!]!];
    let id = vocabulary.get(left + right);
    if (id === undefined) {
      id = tokens.push(left + right) - 1;
      vocabulary.set(left + right, id);
    }
    merges.push([left, right]);
    for (const word of top.words) corpus.merge(word, top.pair, id);
    queue.add(corpus.takeChanges());
    if (Date.now() - turn > TURN) {
      options.progress?.(vocabulary.size, options.size);
      await new Promise((resolve) => setTimeout(resolve));
      turn = Date.now();
    }
  }
  options.progress?.(vocabulary.size, options.size);
  return { vocabulary, merges };
}

/** Special tokens, then the alphabet by code point. */
function startTokens(counts: ReadonlyMap<string, number>, options: LearnOptions): string[] {
  const seen = new Map<string, number>();
  for (const [word, count] of counts) {
    for (const character of word) seen.set(character, (seen.get(character) ?? 0) + count);
  }
  for (const character of options.initialAlphabet) seen.set(character, Number.MAX_VALUE);
  let alphabet = [...seen.keys()].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (options.limitAlphabet !== undefined && alphabet.length > options.limitAlphabet) {
    const kept = new Set(alphabet.toSorted((a, b) => seen.get(b)! - seen.get(a)!).slice(0, options.limitAlphabet));
    alphabet = alphabet.filter((character) => kept.has(character));
  }
  const tokens = [...new Set([...options.specialTokens, ...alphabet])];
  if (!(tokens.length <= options.size)) {
    throw new InputError(
      `A vocabulary of ${options.size} tokens has no room for the ${alphabet.length} characters of the alphabet and ` +
        `${options.specialTokens.length} special tokens; ask for more than ${tokens.length}, or limit the alphabet.`,
    );
  }
  return tokens;
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

  constructor(counts: ReadonlyMap<string, number>, vocabulary: ReadonlyMap<string, number>) {
    const symbols: number[] = [];
    for (const [word, count] of counts) {
      this.starts.push(symbols.length);
      for (const character of word) {
        const id = vocabulary.get(character);
        if (id !== undefined) symbols.push(id);
      }
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
        this.more(symbols[to - 1]!, joined, word);
      }
      if (from + 2 < end) {
        this.less(right, symbols[from + 2]!, word);
        this.more(joined, symbols[from + 2]!, word);
      }
      symbols[to] = joined;
      from += 2;
    }
    this.lengths[word] = to - start;
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
