import type { Pieces } from "./model.ts";

const CACHED_WORDS = 1 << 17;
const LONGEST_CACHED = 256;

/** Remembers what words became: in real texts nearly every word has been seen before. Emptied when it is full. */
export class WordCache {
  private readonly known = new Map<string, Pieces>();

  /** What `compute` makes of the word, asked only where it is not remembered. */
  get(word: string, compute: (word: string) => Pieces): Pieces {
    const cached = this.known.get(word);
    if (cached !== undefined) return cached;
    const pieces = compute(word);
    if (word.length < LONGEST_CACHED) {
      if (this.known.size >= CACHED_WORDS) this.known.clear();
      this.known.set(word, pieces);
    }
    return pieces;
  }
}
