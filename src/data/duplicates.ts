/**
 * Texts that are there twice: letter for letter, or nearly. Near duplicates are found by MinHash and banded look-ups
 * (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4), and every pair that is found
 * is then compared by its shingles.
 */
import { InputError } from "../errors/index.ts";
import { random } from "../random/index.ts";

/** What counts as nearly the same. */
export interface DuplicateOptions {
  /** The least share of shingles that two texts have in common (Jaccard: common ones / all of both). Default: 0.8. */
  readonly threshold?: number | undefined;
  /** Characters of a shingle. Default: 5. */
  readonly shingle?: number | undefined;
  /**
   * The side that a row is on: then each row has a pair for every side on which something is near to it. Default: all rows
   * are on one.
   */
  readonly side?: ((row: number) => number) | undefined;
}

/** Two groups of rows whose texts are near. */
export interface NearPair {
  /** The one that comes first. */
  readonly first: number;
  readonly second: number;
  /** Common shingles by all of both: 1 for texts that differ in case, blanks or punctuation alone. */
  readonly similarity: number;
}

/** What is there twice. */
export interface Duplicates {
  /** The rows, by their numbers, that have the same text letter for letter; a row without a copy is a group of its own. */
  readonly groups: readonly (readonly number[])[];
  /**
   * Pairs of groups that are near: not all there are, but enough to connect what is connected, and to tell of each row on
   * which sides there is something near to it.
   */
  readonly near: readonly NearPair[];
}

/** The chance with which a pair exactly at the threshold is found; more similar ones are missed less often. */
const RECALL = 0.999;
/** Hashes of a signature, at most. */
const HASHES = 128;
/** Neighbors in a bucket that a text is compared with: texts of one mold fill buckets. */
const NEIGHBORS = 64;

/**
 * Finds rows with equal and with nearly equal texts. Case, blanks and punctuation do not count for nearness; words, digits
 * and symbols do. Takes a few seconds for 100,000 lines. A pair at the threshold is missed once in a thousand times.
 * @throws InputError unless the threshold is above 0 and at most 1 and a shingle has at least one character.
 */
export function findDuplicates(texts: readonly string[], options: DuplicateOptions = {}): Duplicates {
  const { threshold = 0.8, shingle = 5, side = () => 0 } = options;
  if (!(threshold > 0 && threshold <= 1)) {
    throw new InputError(`The threshold is ${threshold}; a share above 0 and of at most 1 was expected.`);
  }
  if (!(Number.isInteger(shingle) && shingle >= 1)) {
    throw new InputError(`A shingle has ${shingle} characters; a whole number of at least 1 was expected.`);
  }
  const groups = [...byKey(texts).values()];
  const plain = groups.map(([row]) => plainText(texts[row!]!));
  const pairs = new Pairs(groups.map((rows) => new Set(rows.map(side))));
  // Distinct plain texts alone are hashed; others are equal to one of them.
  const distinct: number[] = [];
  for (const same of byKey(plain).values()) {
    distinct.push(same[0]!);
    for (const other of same.slice(1)) pairs.add({ first: same[0]!, second: other, similarity: 1 });
  }
  const hashes = distinct.map((group) => shinglesOf(plain[group]!, shingle));
  const sets = new Map<number, Uint32Array>();
  const setOf = (i: number): Uint32Array => {
    const set = sets.get(i) ?? distinctSorted(hashes[i]!);
    sets.set(i, set);
    return set;
  };
  for (const [i, j] of candidates(hashes, threshold)) {
    const [second, first] = [distinct[i]!, distinct[j]!];
    if (pairs.settled(first, second)) continue;
    const similarity = jaccard(setOf(i), setOf(j));
    if (similarity >= threshold) pairs.add({ first, second, similarity });
  }
  const near = pairs.all.toSorted((a, b) => a.first - b.first || a.second - b.second);
  return { groups, near };
}

/** For each row the number of its cluster: rows that are connected by equal or near texts, over however many steps. */
export function clustersOf({ groups, near }: Duplicates): Int32Array {
  const forest = new Forest(groups.length);
  for (const { first, second } of near) forest.join(first, second);
  const clusters = new Int32Array(groups.reduce((sum, rows) => sum + rows.length, 0));
  for (const [group, rows] of groups.entries()) for (const row of rows) clusters[row] = forest.root(group);
  return clusters;
}

/** How many rows of one side are there on another, too. */
export interface Copies {
  /** Rows with letter for letter the same text on the other side. */
  readonly exact: number;
  /** Rows with nearly the same text there, and none that is the same. */
  readonly near: number;
}

/** How many rows of side `of` have a copy on side `among`; `side` is the one that `findDuplicates` was given. */
export function copiesOn(
  { groups, near }: Duplicates,
  side: (row: number) => number,
  of: number,
  among: number,
): Copies {
  const on = (rows: readonly number[], which: number): number => rows.filter((row) => side(row) === which).length;
  const there = groups.map((rows) => on(rows, among) > (of === among ? 1 : 0));
  const close = new Set<number>();
  for (const { first, second } of near) {
    if (on(groups[second]!, among) > 0) close.add(first);
    if (on(groups[first]!, among) > 0) close.add(second);
  }
  let [exact, nearly] = [0, 0];
  for (const [group, rows] of groups.entries()) {
    const count = on(rows, of);
    if (there[group] === true) exact += count;
    else if (close.has(group)) nearly += count;
  }
  return { exact, near: nearly };
}

/** Numbers of items by key, in the order in which keys come first. */
function byKey(keys: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    const same = found.get(key);
    if (same === undefined) found.set(key, [i]);
    else same.push(i);
  }
  return found;
}

/** What counts of a text: one case, compatible characters as one, and a blank for all between words. */
function plainText(text: string): string {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{S}]+/gu, " ")
    .trim();
  return plain === "" ? text.trim() : plain;
}

/** Groups that were found near: which are connected, and what each has on other sides. */
class Pairs {
  readonly all: NearPair[] = [];
  readonly #forest: Forest;
  readonly #sides: readonly ReadonlySet<number>[];
  /** The sides on which a group has a near one. */
  readonly #met: Set<number>[];

  constructor(sides: readonly ReadonlySet<number>[]) {
    this.#forest = new Forest(sides.length);
    this.#sides = sides;
    this.#met = sides.map(() => new Set());
  }

  /** Whether a pair can tell nothing new. */
  settled(first: number, second: number): boolean {
    const known = (group: number, other: number): boolean =>
      [...this.#sides[other]!].every((side) => this.#met[group]!.has(side));
    return this.#forest.root(first) === this.#forest.root(second) && known(first, second) && known(second, first);
  }

  add(pair: NearPair): void {
    const { first, second } = pair;
    this.all.push(pair);
    this.#forest.join(first, second);
    for (const side of this.#sides[second]!) this.#met[first]!.add(side);
    for (const side of this.#sides[first]!) this.#met[second]!.add(side);
  }
}

/** Which things are connected (Tarjan 1975). */
class Forest {
  readonly #above: Int32Array;

  constructor(size: number) {
    this.#above = Int32Array.from({ length: size }, (_, i) => i);
  }

  root(of: number): number {
    let at = of;
    while (this.#above[at]! !== at) {
      this.#above[at] = this.#above[this.#above[at]!]!;
      at = this.#above[at]!;
    }
    return at;
  }

  /** The lower number stands for both. */
  join(a: number, b: number): void {
    const [first, second] = [this.root(a), this.root(b)];
    this.#above[Math.max(first, second)] = Math.min(first, second);
  }
}

/** The hashes of all pieces of so many characters; of a shorter text one, of the whole. */
function shinglesOf(text: string, size: number): Uint32Array {
  const count = Math.max(1, text.length - size + 1);
  const hashes = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = 0x811c9dc5;
    const end = Math.min(text.length, start + size);
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    // FNV alone leaves neighbors alike.
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hashes[start] = hash ^ (hash >>> 16);
  }
  return hashes;
}

function distinctSorted(hashes: Uint32Array): Uint32Array {
  const sorted = hashes.toSorted();
  return sorted.filter((hash, i) => i === 0 || hash !== sorted[i - 1]);
}

/** Common members by all members, of sorted sets. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [x, y] = [a[i]!, b[j]!];
    if (x === y) common++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return common / (a.length + b.length - common);
}

/**
 * Bands and the rows of each: as many rows as there can be (fewer texts meet by chance) with the wanted recall at the
 * threshold, 1 − (1 − threshold^rows)^bands.
 */
function bandsFor(threshold: number): { readonly bands: number; readonly rows: number } {
  let found = { bands: HASHES, rows: 1 };
  for (let rows = 1; rows <= HASHES; rows++) {
    const bands = threshold === 1 ? 1 : Math.ceil(Math.log(1 - RECALL) / Math.log(1 - threshold ** rows));
    if (bands * rows > HASHES) break;
    found = { bands, rows };
  }
  return found;
}

/** Pairs of texts that have a whole band of their signatures in common, the later one first; some come repeatedly. */
function* candidates(
  hashes: readonly Uint32Array[],
  threshold: number,
): Generator<readonly [later: number, earlier: number]> {
  const { bands, rows } = bandsFor(threshold);
  const keys = bandKeys(hashes, bands, rows);
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<number, number[]>();
    for (let i = 0; i < hashes.length; i++) {
      const key = keys[i * bands + band]!;
      const bucket = buckets.get(key);
      if (bucket === undefined) {
        buckets.set(key, [i]);
        continue;
      }
      for (let at = bucket.length - 1; at >= Math.max(0, bucket.length - NEIGHBORS); at--) yield [i, bucket[at]!];
      bucket.push(i);
    }
  }
}

/** For each text and band, one hash of the least values that `rows` hash functions take on the text's shingles. */
function bandKeys(hashes: readonly Uint32Array[], bands: number, rows: number): Uint32Array {
  const count = bands * rows;
  const generator = random("near duplicates");
  const factors = Int32Array.from({ length: count }, () => generator.uint32() | 1);
  const offsets = Int32Array.from({ length: count }, () => generator.uint32());
  const least = new Uint32Array(count);
  const keys = new Uint32Array(hashes.length * bands);
  for (const [text, shingles] of hashes.entries()) {
    least.fill(0xffffffff);
    for (const shingle of shingles) {
      for (let i = 0; i < count; i++) {
        const value = (Math.imul(shingle, factors[i]!) + offsets[i]!) >>> 0;
        if (value < least[i]!) least[i] = value;
      }
    }
    for (let band = 0; band < bands; band++) {
      let key = 0x811c9dc5;
      for (let i = band * rows; i < (band + 1) * rows; i++) key = Math.imul(key ^ least[i]!, 0x01000193) ^ (key >>> 15);
      keys[text * bands + band] = key;
    }
  }
  return keys;
}
