/**
 * Counter-based random numbers: a value depends only on a key and a counter, never on how many were drawn before.
 * So step 500 can be resumed without replaying 499, and streams do not disturb each other.
 *
 * The mixer is a 2 × 32-bit variant of splitmix (Steele, Lea and Flood 2014) built on the 32-bit finalizer of
 * MurmurHash3: JavaScript has no fast 64-bit integers.
 */
export interface Random {
  /** The next uniform integer in [0, 2^32). */
  uint32(): number;
  /** The next uniform number in [0, 1), with 53 random bits. */
  uniform(): number;
  /** The next uniform integer in [0, bound). Throws RangeError unless 0 < bound <= 2^32. */
  below(bound: number): number;
  /** The next draw from N(0, 1) (Box-Muller). */
  normal(): number;
  /** An independent generator for a named or numbered part of the work. */
  fork(...stream: (number | string)[]): Random;
}

function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function absorb(high: number, low: number, word: number): [number, number] {
  const a = mix32((low ^ word) + 0x9e3779b9);
  const b = mix32((high + a + Math.imul(word, 0x632be5ab)) >>> 0);
  return [b, (a ^ mix32(b + 0x7f4a7c15)) >>> 0];
}

/** A 32-bit hash of `seed` and `stream`: the same arguments always give the same value. */
export function hash32(...words: readonly (number | string)[]): number {
  const [high, low] = hashWords(words);
  return (high ^ low) >>> 0;
}

function hashWords(words: readonly (number | string)[]): [number, number] {
  let [high, low] = [0x243f6a88, 0x85a308d3];
  for (const word of words) {
    if (typeof word === "string") {
      for (let i = 0; i < word.length; i++) [high, low] = absorb(high, low, word.charCodeAt(i) + 0x10000);
    } else {
      [high, low] = absorb(high, low, word >>> 0);
      [high, low] = absorb(high, low, Math.floor(word / 2 ** 32) >>> 0);
    }
  }
  return [high, low];
}

/** A generator for `seed` and a stream of names or numbers, for example `random(seed, "shuffle", epoch)`. */
export function random(...words: readonly (number | string)[]): Random {
  const [high, low] = hashWords(words);
  let counter = 0;
  let spare: number | undefined;
  const uint32 = (): number => {
    counter++;
    const a = mix32((low + Math.imul(counter, 0x9e3779b9)) >>> 0);
    return mix32((a ^ (high + counter + Math.floor(counter / 2 ** 32))) >>> 0);
  };
  const uniform = (): number => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;
  return {
    uint32,
    uniform,
    below(bound) {
      if (!(bound > 0 && bound <= 2 ** 32)) throw new RangeError(`below(${bound}): the bound must be in (0, 2^32]`);
      const limit = 2 ** 32 - (2 ** 32 % bound);
      for (;;) {
        const draw = uint32();
        if (draw < limit) return draw % bound;
      }
    },
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    fork: (...stream) => random(...words, ...stream),
  };
}

/** Shuffles `items` in place (Fisher-Yates) and returns it. */
export function shuffle<T>(items: T[], generator: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = generator.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
