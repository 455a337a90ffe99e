/** Says before a run which of its rows are there twice: what is trained on must not be what is measured on. */
import { copiesOn, findDuplicates, splitSides, type SplitSide } from "../data/index.ts";

/** The text of each row, by what the rows are for. */
export type SideTexts = Readonly<Partial<Record<SplitSide, readonly string[]>>>;

/** Above this, looking would take long; `heed data check` still does it. */
const MANY = 300_000;

/**
 * A sentence for each pair of sides that have rows in common, exactly or nearly, and for a training that has rows twice.
 * Nothing where there are none.
 */
export function duplicateWarnings(sides: SideTexts): string[] {
  const names = splitSides.filter((name) => (sides[name]?.length ?? 0) > 0);
  const texts = names.flatMap((name) => [...sides[name]!]);
  if (texts.length > MANY) return [`More than ${MANY} rows: heed data check tells whether some are there twice.`];
  const sideOfRow = names.flatMap((name, side) => sides[name]!.map(() => side));
  const side = (row: number): number => sideOfRow[row]!;
  const found = findDuplicates(texts, { side });
  const warnings: string[] = [];
  for (const [of, name] of names.entries()) {
    const rows = sides[name]!.length;
    const own = copiesOn(found, side, of, of);
    if (name === "training" && own.exact > 0) {
      warnings.push(`training: ${own.exact} of ${rows} rows are there more than once, letter for letter.`);
    }
    for (const [among, other] of names.slice(0, of).entries()) {
      const { exact, near } = copiesOn(found, side, of, among);
      if (exact + near === 0) continue;
      warnings.push(
        `${name}: ${exact} of ${rows} rows are also in the ${other} data, and ${near} nearly so: scores on them say less ` +
          `than they seem to. heed data check shows them.`,
      );
    }
  }
  return warnings;
}
