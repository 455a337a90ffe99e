/** What is there twice within and between sides of data, for people and for programs. */
import { copiesOn, findDuplicates, type Duplicates, type DuplicateOptions } from "../data/index.ts";
import { balanceOf, lengthsOf, type TextRow } from "./row-files.ts";
import { table } from "./terminal/index.ts";

/** Rows that are for one thing: `training`, `test`. */
export interface SideRows {
  readonly name: string;
  readonly rows: readonly TextRow[];
}

/** How many rows of a side are on a side, or more than once on the same. */
export interface SideCopies {
  readonly of: string;
  readonly among: string;
  readonly exact: number;
  readonly near: number;
}

/** Two rows with one text, or nearly one. */
export interface RowPair {
  readonly first: TextRow;
  readonly second: TextRow;
  /** 1 for equal ones. */
  readonly similarity: number;
  readonly exact: boolean;
  /** Whether they are on different sides. */
  readonly crosses: boolean;
}

/** What is there twice. */
export interface DuplicateReport {
  readonly sides: readonly SideRows[];
  /** Each side with itself, and with those before it. */
  readonly copies: readonly SideCopies[];
  /** Pairs, those on different sides first. */
  readonly pairs: readonly RowPair[];
  /** Groups of equal texts that have different labels. */
  readonly conflicts: number;
}

/** Finds what is there twice. Throws InputError as `findDuplicates` does. */
export function duplicateReport(sides: readonly SideRows[], options: Omit<DuplicateOptions, "side">): DuplicateReport {
  const rows = sides.flatMap((side) => side.rows);
  const numbers = sides.flatMap((side, number) => side.rows.map(() => number));
  const side = (row: number): number => numbers[row]!;
  const found = findDuplicates(
    rows.map(({ text }) => text),
    { ...options, side },
  );
  const copies = sides.flatMap(({ name }, of) =>
    sides
      .slice(0, of + 1)
      .map((other, among) => ({ of: name, among: other.name, ...copiesOn(found, side, of, among) })),
  );
  const pairs = pairsOf(found, side).map(({ a, b, similarity, exact }) => {
    return { first: rows[a]!, second: rows[b]!, similarity, exact, crosses: side(a) !== side(b) };
  });
  const conflicts = found.groups.filter((group) => new Set(group.map((row) => rows[row]!.label)).size > 1).length;
  return { sides, copies, pairs: pairs.toSorted((x, y) => Number(y.crosses) - Number(x.crosses)), conflicts };
}

interface Link {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
  readonly exact: boolean;
}

/** Each row beside the first of its group, and one row of a group beside one of a near group, on another side if there is. */
function pairsOf({ groups, near }: Duplicates, side: (row: number) => number): Link[] {
  const equal = groups.flatMap(([first, ...others]) =>
    others.map((row) => ({ a: first!, b: row, similarity: 1, exact: true })),
  );
  const close = near.map(({ first, second, similarity }) => {
    const [ours, theirs] = [groups[first]!, groups[second]!];
    const a = ours.find((row) => theirs.some((other) => side(other) !== side(row))) ?? ours[0]!;
    const b = theirs.find((row) => side(row) !== side(a)) ?? theirs[0]!;
    return a < b ? { a, b, similarity, exact: false } : { a: b, b: a, similarity, exact: false };
  });
  return [...equal, ...close];
}

/** The report as text: sides with their labels and lengths, counts, and the first pairs. */
export function reportText({ sides, copies, pairs, conflicts }: DuplicateReport, shown: number): string {
  const sizes = sides.map(({ name, rows }) => {
    const { median, most, longest } = lengthsOf(rows);
    return [name, String(rows.length), balanceOf(rows), `${median}, ${most}, ${longest}`];
  });
  const counts = copies.map(({ of, among, exact, near }) => [
    of === among ? `${of}, more than once` : `${of}, also in ${among}`,
    String(exact),
    String(near),
  ]);
  const parts = [
    table(sizes, { header: ["side", "rows", "labels", "characters: median, nine of ten, longest"] }),
    table(counts, { header: ["rows", "the same", "nearly"] }),
    ...(conflicts > 0 ? [`${conflicts} texts are there with different labels.`] : []),
    ...(shown > 0 && pairs.length > 0 ? [pairs.slice(0, shown).map(pairText).join("\n")] : []),
    ...(pairs.length > shown && shown > 0
      ? [`… ${pairs.length - shown} more pairs; --show ${pairs.length} lists them.`]
      : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

function pairText({ first, second, similarity, exact }: RowPair): string {
  const how = exact ? "the same" : `${Math.floor(100 * similarity)} % the same`;
  const text = second.text.replaceAll(/\s+/g, " ");
  return `${placeOf(second)} and ${placeOf(first)}, ${how}: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

const placeOf = ({ file, line }: TextRow): string => `${file}, line ${line}`;

/** The report for a program. */
export function reportValue({ sides, copies, pairs, conflicts }: DuplicateReport): object {
  const place = ({ file, line }: TextRow): object => ({ file, line });
  return {
    sides: sides.map(({ name, rows }) => ({
      name,
      rows: rows.length,
      labels: countsOf(rows),
      characters: lengthsOf(rows),
    })),
    copies,
    conflicts,
    pairs: pairs.map(({ first, second, similarity, exact, crosses }) => {
      return { first: place(first), second: place(second), similarity, exact, crosses };
    }),
  };
}

function countsOf(rows: readonly TextRow[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of rows) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries(counts);
}
