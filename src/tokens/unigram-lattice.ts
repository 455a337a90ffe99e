import { compareCodePoints } from "./characters.ts";
import { eachRepeat, suffixArray } from "./suffix-array.ts";

/** Between two words; no piece goes over it. */
const BOUNDARY = 0;

/** Which texts may become pieces; see `TrainUnigramOptions`. */
export interface SeedOptions {
  readonly maximumPieceLength: number;
  readonly seedSize: number;
}

/**
 * The lattices of all words (Kudo 2018, section 3.2): the words as one text, and for each place in it the pieces that
 * start there. Pieces are numbered from 0.
 */
export interface Lattices {
  /** Where each word starts and ends in the text, and how often it was seen. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly counts: Float64Array;
  /** `pieces[firsts[at]]` up to `pieces[firsts[at + 1]]` start at `at`, the shortest first. */
  readonly firsts: Int32Array;
  readonly pieces: Int32Array;
  /** Of each piece: how many code points it has, and a place in the text where it stands. */
  readonly lengths: Int32Array;
  readonly examples: Int32Array;
  /** The text from one place to another. */
  readonly slice: (from: number, to: number) => string;
}

/** Candidates for pieces: each stands at `suffixes[from]` up to `suffixes[to - 1]`. */
interface Seeds {
  readonly from: number[];
  readonly to: number[];
  readonly lengths: number[];
  readonly weights: number[];
}

/**
 * The lattices of words with all characters and the most frequent parts of words as pieces, and the log-probabilities
 * to begin with. A part's weight is in how many different words it stands, times its length, as in Hugging Face
 * `tokenizers`; a character's is how often it was seen.
 */
export function seedLattices(
  words: ReadonlyMap<string, number>,
  options: SeedOptions,
): { lattices: Lattices; scores: Float64Array } {
  const { text, starts, ends, characters } = joinWords(words);
  const counts = Float64Array.from(words.values());
  const suffixes = suffixArray(text, characters.length + 1);
  const seeds = characterSeeds(text, characters.length, { starts, ends, counts });
  addParts(seeds, text, suffixes, options);
  const total = seeds.weights.reduce((sum, weight) => sum + weight, 0);
  const scores = Float64Array.from(seeds.weights, (weight) => Math.log(weight) - Math.log(total));
  const slice = (from: number, to: number): string =>
    Array.from(text.subarray(from, to), (symbol) => characters[symbol - 1]!).join("");
  const lengths = Int32Array.from(seeds.lengths);
  const examples = Int32Array.from(seeds.from, (from) => suffixes[from]!);
  return { lattices: { starts, ends, counts, lengths, examples, slice, ...edgesOf(seeds, suffixes) }, scores };
}

/** All words with a boundary after each; characters are numbered from 1 in the order of their code points. */
function joinWords(words: ReadonlyMap<string, number>): {
  text: Int32Array;
  starts: Int32Array;
  ends: Int32Array;
  characters: string[];
} {
  const seen = new Set<string>();
  let units = 0;
  for (const word of words.keys()) {
    units += word.length + 1;
    for (const character of word) seen.add(character);
  }
  const characters = [...seen].sort(compareCodePoints);
  const symbols = new Map(characters.map((character, i) => [character, i + 1]));
  const text = new Int32Array(units);
  const [starts, ends] = [new Int32Array(words.size), new Int32Array(words.size)];
  let [at, number] = [0, 0];
  for (const word of words.keys()) {
    starts[number] = at;
    for (const character of word) text[at++] = symbols.get(character)!;
    ends[number++] = at;
    text[at++] = BOUNDARY;
  }
  return { text: text.slice(0, at), starts, ends, characters };
}

/** Every character, the most frequent first. */
function characterSeeds(
  text: Int32Array,
  characters: number,
  { starts, ends, counts }: Pick<Lattices, "starts" | "ends" | "counts">,
): Seeds {
  const places = new Int32Array(characters + 2);
  for (const symbol of text) places[symbol + 1] = places[symbol + 1]! + 1;
  for (let symbol = 0; symbol <= characters; symbol++) places[symbol + 1] = places[symbol + 1]! + places[symbol]!;
  const weights = new Float64Array(characters + 1);
  for (let word = 0; word < starts.length; word++) {
    for (let at = starts[word]!; at < ends[word]!; at++) weights[text[at]!] = weights[text[at]!]! + counts[word]!;
  }
  const order = Array.from({ length: characters }, (_, i) => i + 1);
  order.sort((a, b) => weights[b]! - weights[a]! || b - a);
  return {
    from: order.map((symbol) => places[symbol]!),
    to: order.map((symbol) => places[symbol + 1]!),
    lengths: order.map(() => 1),
    weights: order.map((symbol) => weights[symbol]!),
  };
}

/**
 * Adds the parts of words that stand in several places and are followed by different characters (or the end of the
 * word), the heaviest first, of equal ones those that are later by code point.
 */
function addParts(
  seeds: Seeds,
  text: Int32Array,
  suffixes: Int32Array,
  { maximumPieceLength, seedSize }: SeedOptions,
): void {
  const found: Seeds = { from: [], to: [], lengths: [], weights: [] };
  eachRepeat(text, suffixes, (from, to, length) => {
    if (length < 2 || length > maximumPieceLength) return;
    const start = suffixes[from]!;
    if (text.subarray(start, start + length).includes(BOUNDARY)) return;
    addSeed(found, from, to, length, (to - from) * length);
  });
  const { from, to, lengths, weights } = found;
  const order = Uint32Array.from(from, (_, i) => i);
  order.sort((a, b) => weights[b]! - weights[a]! || from[b]! - from[a]! || lengths[b]! - lengths[a]!);
  for (const i of order) {
    if (seeds.from.length >= seedSize) break;
    addSeed(seeds, from[i]!, to[i]!, lengths[i]!, weights[i]!);
  }
}

function addSeed(seeds: Seeds, from: number, to: number, length: number, weight: number): void {
  seeds.from.push(from);
  seeds.to.push(to);
  seeds.lengths.push(length);
  seeds.weights.push(weight);
}

/** The pieces that start at each place, the shortest first. */
function edgesOf({ from, to, lengths }: Seeds, suffixes: Int32Array): { firsts: Int32Array; pieces: Int32Array } {
  const firsts = new Int32Array(suffixes.length + 1);
  const order = Uint32Array.from(from, (_, i) => i).sort((a, b) => lengths[a]! - lengths[b]!);
  for (const seed of order) {
    for (let i = from[seed]!; i < to[seed]!; i++) firsts[suffixes[i]! + 1] = firsts[suffixes[i]! + 1]! + 1;
  }
  for (let at = 0; at < suffixes.length; at++) firsts[at + 1] = firsts[at + 1]! + firsts[at]!;
  const free = firsts.slice();
  const pieces = new Int32Array(firsts.at(-1)!);
  for (const seed of order) {
    for (let i = from[seed]!; i < to[seed]!; i++) {
      const at = suffixes[i]!;
      pieces[free[at]!] = seed;
      free[at] = free[at]! + 1;
    }
  }
  return { firsts, pieces };
}

/**
 * The lattices with some of the pieces only. Changes the edges in place.
 * @param kept The numbers of the pieces that stay, in their new order.
 */
export function keepPieces(lattices: Lattices, kept: Int32Array): Lattices {
  const { firsts, pieces } = lattices;
  const renumbered = new Int32Array(lattices.lengths.length).fill(-1);
  kept.forEach((old, now) => (renumbered[old] = now));
  let to = 0;
  for (let at = 0; at + 1 < firsts.length; at++) {
    const [from, end] = [firsts[at]!, firsts[at + 1]!];
    firsts[at] = to;
    for (let edge = from; edge < end; edge++) {
      const now = renumbered[pieces[edge]!]!;
      if (now !== -1) pieces[to++] = now;
    }
  }
  firsts[firsts.length - 1] = to;
  return {
    ...lattices,
    pieces: pieces.subarray(0, to),
    lengths: kept.map((old) => lattices.lengths[old]!),
    examples: kept.map((old) => lattices.examples[old]!),
  };
}
