import { InputError } from "../errors/index.ts";
import { compareCodePoints } from "./characters.ts";
import { Turns, type TrainingProgress } from "./turns.ts";
import { expectedCounts, losses } from "./unigram-steps.ts";
import { keepPieces, seedLattices, type Lattices, type SeedOptions } from "./unigram-lattice.ts";

/** How pieces are learned; see `TrainUnigramOptions`. */
export interface LearnUnigramOptions extends SeedOptions {
  readonly size: number;
  /** How many of these are special tokens and no pieces. */
  readonly specials: number;
  readonly shrinkingFactor: number;
  readonly subIterations: number;
  readonly initialAlphabet: readonly string[];
  readonly progress: TrainingProgress | undefined;
}

/** A piece and its log-probability. */
export type ScoredPiece = readonly [piece: string, score: number];

/** A piece that is expected less often than this is dropped. */
const LEAST_EXPECTED = 0.5;
/** What sets characters apart that must be kept though no piece is left for them. */
const CHARACTER_STEP = 0.0001;

/**
 * Learns the pieces of a unigram language model (Kudo 2018, section 3.2): from more candidates than wanted, in turns
 * fits their probabilities by expectation maximization and drops those whose loss costs least, until there are a tenth
 * more than wanted; these are cut to the size. The order of sums and ties is fixed, so that the same texts give the
 * same bytes. The most probable piece comes first.
 */
export async function learnUnigram(
  words: ReadonlyMap<string, number>,
  options: LearnUnigramOptions,
): Promise<ScoredPiece[]> {
  const { size, shrinkingFactor, subIterations } = options;
  const required = requiredCharacters(words, options);
  let { lattices, scores } = seedLattices(words, options);
  // One more, for the unknown, is counted here and below as in Hugging Face `tokenizers`, for the same sizes.
  const wanted = Math.floor((size * 11) / 10);
  const rounds = Math.max(1, Math.floor(Math.log(wanted / (scores.length + 1)) / Math.log(shrinkingFactor)) + 1);
  const turns = new Turns(options.progress);
  let steps = 0;
  const rest = (share: number): Promise<void> => turns.next(Math.min(steps + share, total), total);
  const total = rounds * (subIterations + 1);
  for (;;) {
    for (let i = 0; i < subIterations; i++, steps++) {
      const expected = await expectedCounts(lattices, scores, turns, rest);
      const kept = indicesWhere(expected, (count) => count >= LEAST_EXPECTED);
      scores = logProbabilities(kept.map((piece) => expected[piece]!));
      if (kept.length < expected.length) lattices = keepPieces(lattices, Int32Array.from(kept));
    }
    const before = scores.length + 1;
    if (before <= wanted) break;
    const left = Math.max(wanted, Math.floor(before * shrinkingFactor));
    const kept = costliest(await losses(lattices, scores, turns, rest), left - 1);
    if (kept.length + 1 === before) break;
    scores = Float64Array.from(kept, (piece) => scores[piece]!);
    lattices = keepPieces(lattices, kept);
    steps++;
  }
  options.progress?.(total, total);
  return cutToSize(lattices, scores, required, size - options.specials);
}

/** The characters that the pieces must be able to write, by code point. Throws InputError if they are too many. */
function requiredCharacters(
  words: ReadonlyMap<string, number>,
  { size, specials, initialAlphabet }: LearnUnigramOptions,
): string[] {
  const characters = new Set(initialAlphabet);
  for (const word of words.keys()) for (const character of word) characters.add(character);
  if (!(characters.size + specials <= size)) {
    throw new InputError(
      `A vocabulary of ${size} tokens has no room for the ${characters.size} characters of the texts and ` +
        `${specials} special tokens; ask for at least ${characters.size + specials}.`,
    );
  }
  return [...characters].sort(compareCodePoints);
}

function indicesWhere(values: Float64Array, test: (value: number) => boolean): number[] {
  const indices: number[] = [];
  values.forEach((value, i) => {
    if (test(value)) indices.push(i);
  });
  return indices;
}

/**
 * Log-probabilities of expected counts, by a Dirichlet prior that makes the rare rarer: exp(digamma(count)) instead of
 * the count (Liang and Klein 2007, "Structured Bayesian nonparametric models with variational inference").
 */
function logProbabilities(counts: readonly number[]): Float64Array {
  const total = digamma(counts.reduce((sum, count) => sum + count, 0));
  return Float64Array.from(counts, (count) => digamma(count) - total);
}

/** The derivative of log Γ: by the recurrence up to 7, above by the asymptotic series around x - 1/2. */
export function digamma(x: number): number {
  let sum = 0;
  for (; x < 7; x++) sum -= 1 / x;
  const shifted = x - 0.5;
  const square = 1 / (shifted * shifted);
  const series = 1 / 24 + square * (-7 / 960 + square * (31 / 8064 - square * (127 / 30720)));
  return sum + Math.log(shifted) + square * series;
}

/** Pieces that cannot be missed, then those whose loss costs most, `count` in all if that many are needed at all. */
function costliest(loss: Float64Array, count: number): Int32Array {
  const kept = indicesWhere(loss, (value) => value === Infinity);
  const others = indicesWhere(loss, (value) => value !== Infinity && !Number.isNaN(value));
  others.sort((a, b) => loss[b]! - loss[a]!);
  return Int32Array.from([...kept, ...others.slice(0, Math.max(0, count - kept.length))]);
}

/** All required characters, and of the other pieces as many as there is room for. */
function cutToSize(
  { lengths, examples, slice }: Lattices,
  scores: Float64Array,
  required: readonly string[],
  room: number,
): ScoredPiece[] {
  const names = Array.from(examples, (from, piece) => slice(from, from + lengths[piece]!));
  const known = new Map(names.map((name, piece) => [name, scores[piece]!]));
  let least = scores.reduce((smallest, score) => Math.min(smallest, score), Infinity);
  const pieces = new Map<string, number>();
  for (const character of required) {
    const score = known.get(character);
    pieces.set(character, score ?? least);
    if (score === undefined) least += CHARACTER_STEP;
  }
  for (const [name, score] of known) {
    if (pieces.size >= room) break;
    pieces.set(name, score);
  }
  return [...pieces].sort((a, b) => b[1] - a[1]);
}
