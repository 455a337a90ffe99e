/** Rows of tables for tasks: columns by what they hold, each cell with its place for messages. */
import { columnOf, parseTable, tableFormatOf, type Table } from "../data/index.ts";
import { InputError, nearest } from "../errors/index.ts";
import { readLines, type ReadableFolder } from "../files/index.ts";
import type { TaskOptions } from "./finetune-task.ts";

/** What a task reads of a row: its names in tables, the first that is there; the order counts where there is no header. */
export interface Column {
  /** As `columns` of a config calls it. */
  readonly role: string;
  readonly names: readonly string[];
  /** Whether it may be missing. */
  readonly optional?: boolean;
}

/** A row's cells by role; several where a config names several columns. */
export interface Row {
  readonly cells: Readonly<Record<string, readonly string[]>>;
  /** File and line. */
  readonly place: string;
}

/** All lines of a file. */
export async function linesOf(files: ReadableFolder, path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(files, path)) lines.push(line);
  return lines;
}

/**
 * Reads tables, one after the other. Throws InputError for a file that cannot be read, for one without a column that is
 * needed, and for a role that the task does not have.
 */
export async function readRows(
  files: ReadableFolder,
  paths: readonly string[],
  columns: readonly Column[],
  { columns: given = {} }: TaskOptions,
): Promise<Row[]> {
  const roles = columns.map(({ role }) => role);
  const unknown = Object.keys(given).find((role) => !roles.includes(role));
  if (unknown !== undefined) {
    throw new InputError(`columns: this task reads no "${unknown}". It reads ${roles.join(", ")}.`);
  }
  const rows: Row[] = [];
  for (const path of paths) {
    const known = [...columns.flatMap(({ names }) => names), ...Object.values(given).flat()];
    const table = parseTable(await linesOf(files, path), tableFormatOf(path), files.describe(path), known);
    const taken: string[] = [];
    const found = columns.map((column, place) => columnsAt(table, column, given[column.role], place, taken));
    const cells = found.map((names) => names.map((name) => columnOf(table, name)));
    table.rows.forEach(({ line }, at) => {
      const entries = columns.map(({ role }, i) => [role, cells[i]!.map((column) => column[at]!)] as const);
      rows.push({ cells: Object.fromEntries(entries), place: `${table.name}, line ${line}` });
    });
  }
  return rows;
}

/** The columns of a role: those that a config names, the first by a usual name, or the one at its place. */
function columnsAt(
  { columns, name }: Table,
  { names, role, optional = false }: Column,
  asked: string | readonly string[] | undefined,
  place: number,
  taken: string[],
): string[] {
  if (asked !== undefined) {
    for (const one of [asked].flat()) {
      if (columns.includes(one)) continue;
      const near = nearest(one, columns);
      const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
      throw new InputError(`${name} has no column "${one}".${hint} Its columns are ${columns.join(", ")}.`);
    }
    return [asked].flat();
  }
  const headless = columns.every((column, i) => column === String(i + 1));
  const found = headless ? columns[place] : names.find((one) => columns.includes(one) && !taken.includes(one));
  if (found === undefined) {
    if (optional) return [];
    throw new InputError(
      `${name} has no column ${names.join(" or ")}; its columns are ${columns.join(", ")}. Name the columns in a first ` +
        `row, or say which one it is: columns: { ${role}: … }.`,
    );
  }
  taken.push(found);
  return [found];
}

/** Throws InputError where a cell that must say something is blank. Gives the cell. */
export function filled(cell: string, what: string, place: string): string {
  if (cell.trim() !== "") return cell;
  throw new InputError(`${place}: the ${what} is empty. Leave the row out, or fill it in.`);
}
