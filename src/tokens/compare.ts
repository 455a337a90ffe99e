import type { Texts } from "./count-words.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { Turns } from "./turns.ts";

/** What a tokenizer makes of texts, special tokens not counted. Words are what stands between white space. */
export interface TokenizerMeasures {
  readonly vocabulary: number;
  readonly tokens: number;
  readonly tokensPerWord: number;
  /** Per thousand code points. */
  readonly tokensPerThousandCharacters: number;
  /** The share of tokens that are the unknown token. */
  readonly unknown: number;
  /** The share of characters other than white space that known tokens stand for. */
  readonly coverage: number;
  /** The share of words that are one token. */
  readonly wholeWords: number;
  /** The share of texts that decoding gives back as they were. */
  readonly roundTrips: number;
  /** The share of the vocabulary that the texts use. */
  readonly used: number;
}

/** A word that two tokenizers cut into different numbers of tokens. */
export interface WordDifference {
  readonly word: string;
  /** How often it stands in the texts. */
  readonly count: number;
  readonly first: readonly string[];
  readonly second: readonly string[];
}

/** Two tokenizers on the same texts. */
export interface TokenizerComparison {
  readonly texts: number;
  readonly words: number;
  /** Code points. */
  readonly characters: number;
  readonly first: TokenizerMeasures;
  readonly second: TokenizerMeasures;
  /** The words that they cut most differently, of equally different ones the most frequent. */
  readonly differences: readonly WordDifference[];
}

/**
 * Measures two tokenizers on the same texts: how many tokens they need, what they cannot write, what they give back,
 * and where they differ most.
 * @param examples How many words that differ are wanted.
 */
export async function compareTokenizers(
  first: Tokenizer,
  second: Tokenizer,
  texts: Texts,
  { examples = 10 }: { readonly examples?: number } = {},
): Promise<TokenizerComparison> {
  const meters = [new Meter(first), new Meter(second)] as const;
  const differences = new Map<string, WordDifference>();
  let [count, characters] = [0, 0];
  const add = (text: string): void => {
    count++;
    characters += Array.from(text).length;
    const [one, two] = meters.map((meter) => meter.add(text));
    one!.forEach(({ word, tokens }, i) => {
      const other = two![i]!.tokens;
      if (tokens.length === other.length) return;
      const known = differences.get(word);
      differences.set(word, { word, count: (known?.count ?? 0) + 1, first: tokens, second: other });
    });
  };
  const turns = new Turns();
  if (Symbol.asyncIterator in texts) for await (const text of texts) add(text);
  else {
    for (const text of texts) {
      add(text);
      if (turns.over) await turns.next(0, 0);
    }
  }
  const gap = ({ first: one, second: two }: WordDifference): number => Math.abs(one.length - two.length);
  return {
    texts: count,
    words: meters[0].words,
    characters,
    first: meters[0].measures(characters),
    second: meters[1].measures(characters),
    differences: [...differences.values()].sort((a, b) => gap(b) - gap(a) || b.count - a.count).slice(0, examples),
  };
}

/** The tokens that end in a word. */
interface MeteredWord {
  readonly word: string;
  readonly tokens: string[];
}

/** Adds up what one tokenizer makes of texts. */
class Meter {
  words = 0;
  private readonly tokenizer: Tokenizer;
  private readonly used = new Set<number>();
  private texts = 0;
  private tokens = 0;
  private unknown = 0;
  private visible = 0;
  private covered = 0;
  private whole = 0;
  private roundTrips = 0;

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  add(text: string): MeteredWord[] {
    const { ids, tokens, offsets } = this.tokenizer.encode(text, { addSpecialTokens: false });
    const unknownId = this.tokenizer.parts.model.unknownId;
    const known = new Uint8Array(text.length);
    const words: MeteredWord[] = [];
    const wordAt = new Int32Array(text.length).fill(-1);
    for (const { 0: word, index } of text.matchAll(/\S+/gu)) {
      wordAt.fill(words.length, index, index + word.length);
      words.push({ word, tokens: [] });
    }
    ids.forEach((id, i) => {
      const [start, end] = offsets[i]!;
      this.used.add(id);
      if (id === unknownId) this.unknown++;
      else known.fill(1, start, end);
      if (end > start) words[wordAt[end - 1]!]?.tokens.push(tokens[i]!);
    });
    wordAt.forEach((word, at) => {
      if (word === -1) return;
      this.visible++;
      this.covered += known[at]!;
    });
    this.texts++;
    this.words += words.length;
    this.tokens += ids.length;
    for (const word of words) if (word.tokens.length === 1) this.whole++;
    if (this.tokenizer.decode(ids, { skipSpecialTokens: false }) === text) this.roundTrips++;
    return words;
  }

  measures(characters: number): TokenizerMeasures {
    const { words, tokens, tokenizer } = this;
    const share = (part: number, all: number): number => (all === 0 ? 0 : part / all);
    return {
      vocabulary: tokenizer.size,
      tokens,
      tokensPerWord: share(tokens, words),
      tokensPerThousandCharacters: share(1000 * tokens, characters),
      unknown: share(this.unknown, tokens),
      coverage: share(this.covered, this.visible),
      wholeWords: share(this.whole, words),
      roundTrips: share(this.roundTrips, this.texts),
      used: share(this.used.size, tokenizer.size),
    };
  }
}
