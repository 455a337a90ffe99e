import type { Turns } from "./turns.ts";
import type { Lattices } from "./unigram-lattice.ts";

/** How much less probable than the least probable piece a character is that no piece writes. */
const UNKNOWN_PENALTY = 10;
/** Sums below the first are multiplied by the second, so that long words do not vanish. */
const TINY = 1e-100;
const HUGE = 1e100;
/** So many words are worked through before the clock is looked at. */
const CHUNK = 128;

/** Told the share of a step that is done. */
type Rest = (share: number) => Promise<void>;

/**
 * How often each piece is expected in all words, over all ways to cut them weighted by their probability: the
 * expectation step, forward and backward through each lattice.
 */
export async function expectedCounts(
  lattices: Lattices,
  scores: Float64Array,
  turns: Turns,
  rest: Rest,
): Promise<Float64Array> {
  const { starts } = lattices;
  const expected = new Float64Array(scores.length);
  const sums = new PathSums(lattices, scores);
  for (let word = 0; word < starts.length; word++) {
    if (word % CHUNK === 0 && turns.over) await rest(word / starts.length);
    sums.add(word, expected);
  }
  return expected;
}

/** Sums over the paths through a word's lattice. */
class PathSums {
  private readonly lattices: Lattices;
  private readonly probabilities: Float64Array;
  private readonly unknown: number;
  private readonly reach: number;
  private readonly forward: Float64Array;
  private readonly backward: Float64Array;
  /** How often the forward sum at each place was multiplied by `HUGE`. */
  private readonly scales: Int32Array;

  constructor(lattices: Lattices, scores: Float64Array) {
    this.lattices = lattices;
    this.probabilities = scores.map(Math.exp);
    this.unknown = Math.exp(unknownScore(scores));
    this.reach = lattices.lengths.reduce((most, length) => Math.max(most, length), 1);
    const longest = longestWord(lattices);
    this.forward = new Float64Array(longest + 1);
    this.backward = new Float64Array(longest + 1);
    this.scales = new Int32Array(longest + 1);
  }

  /** Adds the expected counts of a word's pieces, times how often the word was seen. */
  add(word: number, expected: Float64Array): void {
    const { firsts, pieces, lengths, starts, ends, counts } = this.lattices;
    const { probabilities, unknown, forward, backward, scales } = this;
    const start = starts[word]!;
    const size = ends[word]! - start;
    this.sumForward(start, size);
    const weight = counts[word]! / forward[size]!;
    backward[size] = 1;
    let scale = scales[size]!;
    for (let at = size - 1; at >= 0; at--) {
      const [first, end] = [firsts[start + at]!, firsts[start + at + 1]!];
      const shift = scale - scales[at]!;
      const before = weight * forward[at]! * (shift === 0 ? 1 : HUGE ** shift);
      let sum = startsAlone(lengths, pieces, first, end) ? 0 : unknown * backward[at + 1]!;
      for (let edge = first; edge < end; edge++) {
        const piece = pieces[edge]!;
        const after = probabilities[piece]! * backward[at + lengths[piece]!]!;
        sum += after;
        expected[piece] = expected[piece]! + before * after;
      }
      backward[at] = sum;
      if (sum < TINY) {
        this.enlarge(backward, at, size);
        scale--;
      }
    }
  }

  private sumForward(start: number, size: number): void {
    const { firsts, pieces, lengths } = this.lattices;
    const { probabilities, forward, scales } = this;
    forward.fill(0, 1, size + 1);
    forward[0] = 1;
    let scale = 0;
    for (let at = 0; at < size; at++) {
      if (forward[at]! < TINY) {
        this.enlarge(forward, at, size);
        scale++;
      }
      scales[at] = scale;
      const sum = forward[at]!;
      const [first, end] = [firsts[start + at]!, firsts[start + at + 1]!];
      if (!startsAlone(lengths, pieces, first, end)) forward[at + 1] = forward[at + 1]! + sum * this.unknown;
      for (let edge = first; edge < end; edge++) {
        const piece = pieces[edge]!;
        const to = at + lengths[piece]!;
        forward[to] = forward[to]! + sum * probabilities[piece]!;
      }
    }
    scales[size] = scale;
  }

  private enlarge(sums: Float64Array, from: number, size: number): void {
    const to = Math.min(size, from + this.reach);
    for (let at = from; at <= to; at++) sums[at] = sums[at]! * HUGE;
  }
}

/**
 * What the likelihood of all words loses, about, if a piece is dropped and its places are cut in the second-best way:
 * Infinity for a piece that must stay, NaN for one that no word's best path needs.
 */
export async function losses(
  lattices: Lattices,
  scores: Float64Array,
  turns: Turns,
  rest: Rest,
): Promise<Float64Array> {
  const { starts, ends, counts, lengths, examples } = lattices;
  const paths = new BestPaths(lattices, scores);
  const used = new Float64Array(scores.length + 1);
  const unknown = scores.length;
  for (let word = 0; word < starts.length; word++) {
    if (word % CHUNK === 0 && turns.over) await rest((0.5 * word) / starts.length);
    paths.find(starts[word]!, ends[word]! - starts[word]!, false);
    paths.each((piece) => (used[piece] = used[piece]! + counts[word]!));
  }
  const words = counts.reduce((sum, count) => sum + count, 0);
  const total = used.reduce((sum, count) => sum + count, 0);
  const loss = new Float64Array(scores.length).fill(Number.NaN);
  for (let piece = 0; piece < unknown; piece++) {
    if (piece % CHUNK === 0 && turns.over) await rest(0.5 + (0.5 * piece) / unknown);
    const [count, length] = [used[piece]!, lengths[piece]!];
    if (length === 1) {
      loss[piece] = Infinity;
      continue;
    }
    if (count === 0) continue;
    if (paths.find(examples[piece]!, length, true) > scores[piece]!) {
      loss[piece] = Infinity;
      continue;
    }
    const parts: number[] = [];
    paths.each((part) => parts.unshift(part));
    // All pieces are counted here, not the parts, as in Hugging Face `tokenizers` (their issue 2069): it decides which
    // of the rarer pieces stay.
    const newTotal = Math.log(total + count * unknown);
    const without = parts.reduce((sum, part) => sum + (Math.log(used[part]! + count) - newTotal), 0);
    loss[piece] = (count / words) * (Math.log(count) - Math.log(total) - without);
  }
  return loss;
}

/** The best way to cut a part of the text (Viterbi 1967). */
class BestPaths {
  private readonly lattices: Lattices;
  private readonly scores: Float64Array;
  private readonly unknown: number;
  private readonly best: Float64Array;
  private readonly last: Int32Array;
  private readonly from: Int32Array;
  private size = 0;

  constructor(lattices: Lattices, scores: Float64Array) {
    this.lattices = lattices;
    this.scores = scores;
    this.unknown = unknownScore(scores);
    const longest = longestWord(lattices);
    this.best = new Float64Array(longest + 1);
    this.last = new Int32Array(longest + 1);
    this.from = new Int32Array(longest + 1);
  }

  /**
   * Finds the best path through `size` characters and gives its score; of equally good ones that whose last piece is
   * longer.
   * @param inParts Whether the whole must not be one piece.
   */
  find(start: number, size: number, inParts: boolean): number {
    const { firsts, pieces, lengths } = this.lattices;
    const { scores, best, last, from } = this;
    best.fill(-Infinity, 1, size + 1);
    best[0] = 0;
    this.size = size;
    for (let at = 0; at < size; at++) {
      const score = best[at]!;
      const [first, end] = [firsts[start + at]!, firsts[start + at + 1]!];
      if (!startsAlone(lengths, pieces, first, end) && score + this.unknown > best[at + 1]!) {
        best[at + 1] = score + this.unknown;
        last[at + 1] = scores.length;
        from[at + 1] = at;
      }
      for (let edge = first; edge < end; edge++) {
        const piece = pieces[edge]!;
        const to = at + lengths[piece]!;
        if (to > size) break;
        if (inParts && at === 0 && to === size) continue;
        const sum = score + scores[piece]!;
        if (sum <= best[to]!) continue;
        best[to] = sum;
        last[to] = piece;
        from[to] = at;
      }
    }
    return best[size]!;
  }

  /** Calls `use` with each piece of the path that was found last; an unknown character has the number after all. */
  each(use: (piece: number) => void): void {
    for (let at = this.size; at > 0; at = this.from[at]!) use(this.last[at]!);
  }
}

/** Whether the pieces from `first` on, the shortest first, begin with one of a single character. */
function startsAlone(lengths: Int32Array, pieces: Int32Array, first: number, end: number): boolean {
  return first < end && lengths[pieces[first]!] === 1;
}

function unknownScore(scores: Float64Array): number {
  return scores.reduce((least, score) => Math.min(least, score), 0) - UNKNOWN_PENALTY;
}

function longestWord({ starts, ends }: Lattices): number {
  return starts.reduce((most, start, word) => Math.max(most, ends[word]! - start), 0);
}
