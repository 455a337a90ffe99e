/** Rows parted into sides to train, validate and test on, so that nothing on one side gives away the other. */
import { InputError } from "../errors/index.ts";
import { random, shuffle, type Random } from "../random/index.ts";

/** The sides, in the order in which time passes. */
export const splitSides = ["training", "validation", "test"] as const;
/** The name of a side. */
export type SplitSide = (typeof splitSides)[number];

/** What is taken out of the training, as shares of all rows. */
export interface SplitShares {
  /** Default: 0. */
  readonly validation?: number | undefined;
  readonly test: number;
}

/** The rows of each side, by their numbers, in their order. */
export type Split = Readonly<Record<SplitSide, readonly number[]>>;

/**
 * Parts rows at random, each label in the same shares on all sides as near as whole rows allow. Sizes are exact. The same
 * labels and seed give the same split.
 * @param labels of each row; the same for all where they do not matter.
 * @throws InputError for shares that leave a side without rows.
 */
export function randomSplit(labels: readonly string[], shares: SplitShares, seed: number): Split {
  const sizes = sizesOf(labels.length, shares);
  const generator = random(seed, "split");
  const shuffled = shuffle([...labels.keys()], generator);
  const classes = new Map<string, number[]>();
  for (const row of shuffled) {
    const same = classes.get(labels[row]!);
    if (same === undefined) classes.set(labels[row]!, [row]);
    else same.push(row);
  }
  // Class after class, each row to the side that lags most behind its share: so every class is dealt out evenly.
  const sides = emptySides();
  let dealt = 0;
  for (const row of [...classes.values()].flat()) {
    dealt++;
    const lag = (side: SplitSide): number => (sizes[side] * dealt) / labels.length - sides[side].length;
    const open = splitSides.filter((side) => sides[side].length < sizes[side]);
    sides[open.reduce((best, side) => (lag(side) > lag(best) ? side : best))].push(row);
  }
  return inOrder(sides);
}

/**
 * Parts rows so that no group is on two sides: people, documents, scaffolds; or clusters of near duplicates. Groups go, in
 * random order and large ones first, to the side that has most room left, so sizes are as near to the shares as the groups
 * allow. The same groups and seed give the same split.
 * @throws InputError for shares that leave a side without rows, and where there are fewer groups than sides.
 */
export function groupSplit(groups: readonly (string | number)[], shares: SplitShares, seed: number): Split {
  const sizes = sizesOf(groups.length, shares);
  const members = new Map<string | number, number[]>();
  for (const [row, group] of groups.entries()) {
    const same = members.get(group);
    if (same === undefined) members.set(group, [row]);
    else same.push(row);
  }
  const wanted = splitSides.filter((side) => sizes[side] > 0);
  if (members.size < wanted.length) {
    throw new InputError(
      `There ${members.size === 1 ? "is 1 group" : `are ${members.size} groups`} for ${wanted.join(", ")}; each side ` +
        `needs one at least. Group by something finer.`,
    );
  }
  const sides = emptySides();
  for (const rows of largestFirst([...members.values()], random(seed, "split"))) {
    const room = (side: SplitSide): number => sizes[side] - sides[side].length;
    sides[wanted.reduce((best, side) => (room(side) > room(best) ? side : best))].push(...rows);
  }
  fillEmpty(sides, wanted, groups);
  return inOrder(sides);
}

/**
 * Parts rows by time: the latest are the test, those before them the validation. Rows of one time are never parted: a cut
 * between them moves to the nearer end, so sizes may differ from the shares.
 * @throws InputError for shares that leave a side without rows.
 */
export function timeSplit(times: readonly number[], shares: SplitShares): Split {
  const sizes = sizesOf(times.length, shares);
  const order = [...times.keys()].sort((a, b) => times[a]! - times[b]! || a - b);
  const cut = (wanted: number, from: number): number => {
    const same = (at: number): boolean => at > from && at < order.length && times[order[at]!] === times[order[at - 1]!];
    let [before, after] = [wanted, wanted];
    while (same(before)) before--;
    while (same(after)) after++;
    return before > from && wanted - before <= after - wanted ? before : after;
  };
  const first = cut(sizes.training, 0);
  const second = sizes.validation === 0 ? first : cut(sizes.training + sizes.validation, first);
  if (second >= order.length || (sizes.validation > 0 && second === first)) {
    throw new InputError(
      "So many rows have the same time that a side would have none. Take larger shares, or a finer time.",
    );
  }
  return inOrder({
    training: order.slice(0, first),
    validation: order.slice(first, second),
    test: order.slice(second),
  });
}

/**
 * Times of cells: numbers, or dates as ISO 8601 has them (2024-05-01, with or without a time of day), all of one kind.
 * @param place what to call a row in a message.
 * @throws InputError that names the first cell which is neither.
 */
export function parseTimes(cells: readonly string[], place: (row: number) => string): number[] {
  const numeric = cells.every((cell) => cell.trim() !== "" && Number.isFinite(Number(cell)));
  return cells.map((cell, row) => {
    const time = numeric ? Number(cell) : /^\d{4}-\d\d/.test(cell.trim()) ? Date.parse(cell.trim()) : NaN;
    if (Number.isFinite(time)) return time;
    throw new InputError(
      `${place(row)}: "${cell}" is no time. Expected numbers in all rows, or dates such as 2024-05-01 or 2024-05-01T12:00Z.`,
    );
  });
}

type Sides = Record<SplitSide, number[]>;

const emptySides = (): Sides => ({ training: [], validation: [], test: [] });

const inOrder = ({ training, validation, test }: Sides): Split => ({
  training: training.sort((a, b) => a - b),
  validation: validation.sort((a, b) => a - b),
  test: test.sort((a, b) => a - b),
});

/** Rows of each side. Throws InputError for shares that cannot be. */
function sizesOf(rows: number, { validation = 0, test }: SplitShares): Record<SplitSide, number> {
  const shares = Object.entries({ validation, test });
  for (const [name, share] of shares) {
    if (share >= 0 && share < 1) continue;
    throw new InputError(`The share of the ${name} is ${share}; a share from 0 to below 1 was expected.`);
  }
  const counts = { validation: Math.round(rows * validation), test: Math.round(rows * test) };
  const sizes = { training: rows - counts.validation - counts.test, ...counts };
  const empty = [
    ...(sizes.training < 1 ? ["training"] : []),
    ...(validation > 0 && counts.validation < 1 ? ["validation"] : []),
    ...(counts.test < 1 ? ["test"] : []),
  ];
  if (empty.length === 0) return sizes;
  throw new InputError(
    `${rows} rows with a share of ${validation} for validation and ${test} for the test leave none for ${empty.join(", ")}. ` +
      `Give more rows, or other shares.`,
  );
}

/** Large groups cannot be fitted in at the end. Equal sizes come in random order. */
function largestFirst(groups: number[][], generator: Random): number[][] {
  return shuffle(groups, generator).sort((a, b) => b.length - a.length);
}

/** A side that got nothing, beside groups that are too large, gets the smallest group of the side that has most groups. */
function fillEmpty(sides: Sides, wanted: readonly SplitSide[], groups: readonly (string | number)[]): void {
  const countsOn = (side: SplitSide): Map<string | number, number> => {
    const counts = new Map<string | number, number>();
    for (const row of sides[side]) counts.set(groups[row]!, (counts.get(groups[row]!) ?? 0) + 1);
    return counts;
  };
  for (const side of wanted) {
    if (sides[side].length > 0) continue;
    const all = wanted.map((from) => ({ from, counts: countsOn(from) }));
    const { from, counts } = all.reduce((best, one) => (one.counts.size > best.counts.size ? one : best));
    const [smallest] = [...counts].reduce((best, one) => (one[1] < best[1] ? one : best));
    sides[side] = sides[from].filter((row) => groups[row] === smallest);
    sides[from] = sides[from].filter((row) => groups[row] !== smallest);
  }
}
