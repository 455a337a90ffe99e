import { InputError } from "../errors/index.ts";

/** Lines of text without their ends, as they come. */
export type Lines = AsyncIterable<string> | Iterable<string>;

/** A sentence and its translation; `line` is where both stand in their files, counted from 1. */
export interface TextPair {
  readonly source: string;
  readonly target: string;
  readonly line: number;
}

/** Pairs that were not taken: how many, and the line numbers of the first ones. */
export interface SetAside {
  readonly count: number;
  readonly lines: readonly number[];
}

/** What became of every line of two parallel files. */
export interface PairReport {
  readonly lines: number;
  readonly kept: number;
  /** One side has no text, or only white space. */
  readonly empty: SetAside;
  /** A side is longer than the limit. */
  readonly long: SetAside;
}

/** How two parallel texts are read. */
export interface TextPairsOptions {
  /** What messages call the two sides: file names, as a rule. */
  readonly sourceName?: string | undefined;
  readonly targetName?: string | undefined;
  /** A side with more UTF-16 units than this is set aside; no limit unless given. For a limit in tokens see `withinLimits`. */
  readonly maximumCharacters?: number | undefined;
}

/** How many line numbers a report names. */
const NAMED = 5;

/**
 * Reads two parallel texts side by side. Pairs with an empty side or an over-long one are left out, counted and named
 * in the report.
 * @throws InputError where a side has no lines, where the sides differ in length (it says how many lines each has), or
 * where no pair is left.
 */
export async function textPairs(
  source: Lines,
  target: Lines,
  options: TextPairsOptions = {},
): Promise<{ readonly pairs: TextPair[]; readonly report: PairReport }> {
  const { sourceName = "the source", targetName = "the target", maximumCharacters = Infinity } = options;
  const pairs: TextPair[] = [];
  const [empty, long] = [new Aside(), new Aside()];
  const sides = [iterate(source), iterate(target)] as const;
  let lines = 0;
  try {
    for (;;) {
      const [first, second] = [await sides[0].next(), await sides[1].next()];
      if (first.done === true || second.done === true) {
        if (first.done === true && second.done === true) break;
        const rest = first.done === true ? await countRest(sides[1]) : await countRest(sides[0]);
        throw unequal(sourceName, targetName, lines, first.done === true ? [0, rest] : [rest, 0]);
      }
      lines++;
      const pair = { source: first.value, target: second.value, line: lines };
      if (pair.source.trim() === "" || pair.target.trim() === "") empty.add(lines);
      else if (Math.max(pair.source.length, pair.target.length) > maximumCharacters) long.add(lines);
      else pairs.push(pair);
    }
  } finally {
    await Promise.all(sides.map((side) => side.return(undefined)));
  }
  const report = { lines, kept: pairs.length, empty, long };
  if (pairs.length > 0) return { pairs, report };
  if (lines === 0)
    throw new InputError(`${both(sourceName, targetName)} are empty. Give files with a sentence per line.`);
  throw new InputError(
    `${both(sourceName, targetName)} hold no pair that can be used: ${describePairReport(report).join(" ")} ` +
      "Each line needs a sentence on both sides.",
  );
}

/**
 * Which examples fit the model: neither side has more tokens than its limit. The others are counted and named.
 * @param lengths tokens of each side, special tokens included
 * @param limits the longest sequence that the model can take, on each side
 * @param lines the line number of each example, for the report; its place from 1 unless given
 * @throws InputError where no example is left.
 */
export function withinLimits(
  lengths: readonly PairLength[],
  limits: PairLength,
  lines?: readonly number[],
): { readonly kept: number[]; readonly long: SetAside } {
  const kept: number[] = [];
  const long = new Aside();
  for (const [index, { source, target }] of lengths.entries()) {
    if (source <= limits.source && target <= limits.target) kept.push(index);
    else long.add(lines?.[index] ?? index + 1);
  }
  if (kept.length === 0 && lengths.length > 0) {
    throw new InputError(
      `All ${lengths.length} pairs are longer than the model takes (${limits.source} source and ${limits.target} target ` +
        "tokens). Allow longer sequences, or split the sentences.",
    );
  }
  return { kept, long };
}

/** Lengths of the two sides of an example, in tokens. */
export interface PairLength {
  readonly source: number;
  readonly target: number;
}

/** One sentence for each kind of pair that was left out; none where all were kept. */
export function describePairReport({ lines, empty, long }: PairReport): string[] {
  const kinds: [SetAside, string][] = [
    [empty, "have an empty side"],
    [long, "are longer than the limit"],
  ];
  return kinds
    .filter(([{ count }]) => count > 0)
    .map(([aside, what]) => `${aside.count} of ${lines} pairs ${what} and were left out (${placesOf(aside)}).`);
}

/** "line 3", "lines 3 and 9", "lines 3, 9, 14, 20, 31 and 12 more". */
export function placesOf({ count, lines }: SetAside): string {
  const more = count - lines.length;
  const parts = [...lines.map(String), ...(more > 0 ? [`${more} more`] : [])];
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)!}` : (parts[0] ?? "");
  return `${count === 1 ? "line" : "lines"} ${list}`;
}

class Aside implements SetAside {
  count = 0;
  readonly lines: number[] = [];

  add(line: number): void {
    this.count++;
    if (this.lines.length < NAMED) this.lines.push(line);
  }
}

async function* iterate(lines: Lines): AsyncGenerator<string, undefined> {
  yield* lines;
}

/** How many lines are left, the one just read included. */
async function countRest(side: AsyncGenerator<string>): Promise<number> {
  let count = 1;
  while ((await side.next()).done !== true) count++;
  return count;
}

function unequal(
  sourceName: string,
  targetName: string,
  common: number,
  [source, target]: [number, number],
): InputError {
  const longer = source > 0 ? sourceName : targetName;
  const shorter = source > 0 ? targetName : sourceName;
  if (common === 0) {
    return new InputError(
      `${capitalized(shorter)} is empty, but ${longer} has ${count(source + target)}. Both need a sentence per line.`,
    );
  }
  return new InputError(
    `${capitalized(sourceName)} has ${count(common + source)}, but ${targetName} has ${count(common + target)}. ` +
      `Line i of one must translate line i of the other; line ${common + 1} of ${longer} has no partner.`,
  );
}

const count = (lines: number): string => `${lines} ${lines === 1 ? "line" : "lines"}`;
const both = (source: string, target: string): string => `${capitalized(source)} and ${target}`;

/** File names are left as they are; "the source" begins a sentence. */
function capitalized(name: string): string {
  return name.startsWith("the ") ? `T${name.slice(1)}` : name;
}
