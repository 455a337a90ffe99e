/** Rows of tables: tab-separated values, comma-separated values (RFC 4180), JSON objects, one a line, and Parquet. */
import { InputError } from "../errors/index.ts";

export const TABLE_FORMATS = ["tsv", "csv", "jsonl"] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** A row. */
export interface TableRow {
  /** Where it begins in the file, counted from 1. */
  readonly line: number;
  /**
   * By column: the header's names, or "1", "2", … where there is none; of JSON the object's names. Cells of TSV and CSV
   * are strings.
   */
  readonly values: ReadonlyMap<string, unknown>;
}

/** A table that was read. */
export interface Table {
  readonly rows: readonly TableRow[];
  /** The names of the columns, in order; of JSON those of the first object. */
  readonly columns: readonly string[];
  /** What messages call the file. */
  readonly name: string;
}

/** The format that a file's name tells, `.gz` aside: `.csv`, `.jsonl`, `.ndjson`, and TSV for all others. The lines of a
 * Parquet file are JSON (see `readLines`). */
export function tableFormatOf(path: string): TableFormat {
  const name = path.toLowerCase().replace(/\.gz$/, "");
  if (name.endsWith(".csv")) return "csv";
  return /\.(jsonl|ndjson|parquet)$/.test(name) ? "jsonl" : "tsv";
}

/**
 * Reads a table. Cells of TSV are taken as they are, without quotes, as in GLUE's files; those of CSV may be quoted, with
 * "" for a quote, and go on over lines. Empty lines are skipped.
 * @param known names of columns: the first row is a header if it has one of them.
 * @throws InputError naming the file and line where a row has too many or too few cells, a quote is not closed, or a
 * line is no JSON object; and where there is no row.
 */
export function parseTable(
  lines: readonly string[],
  format: TableFormat,
  name: string,
  known: readonly string[],
): Table {
  const rows = format === "jsonl" ? objectRows(lines, name) : cellRows(lines, format, name, known);
  const [first] = rows;
  if (first === undefined) throw new InputError(`${name} has no rows. At least one was expected.`);
  return { rows, columns: [...first.values.keys()], name };
}

/**
 * The cells of a column as text; numbers of JSON are written out.
 * @throws InputError where there is no such column, or a cell of it is missing.
 */
export function columnOf({ rows, columns, name }: Table, column: string): string[] {
  return rows.map(({ line, values }) => {
    const value = values.get(column);
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw new InputError(
      `${name}, line ${line}: there is no text or number under "${column}". The columns are ${columns.join(", ")}.`,
    );
  });
}

function objectRows(lines: readonly string[], name: string): TableRow[] {
  return lines.flatMap((text, i) => {
    if (text.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return [{ line: i + 1, values: new Map(Object.entries(value)) }];
    }
    throw new InputError(`${name}, line ${i + 1} is not a JSON object. Each line must be one: {"label": "yes"}.`);
  });
}

interface Cells {
  readonly line: number;
  readonly cells: readonly string[];
}

function cellRows(lines: readonly string[], format: "tsv" | "csv", name: string, known: readonly string[]): TableRow[] {
  const all = (format === "csv" ? quotedCells(lines, name) : plainCells(lines)).filter(
    ({ cells }) => cells.length > 1 || cells[0] !== "",
  );
  const [first] = all;
  if (first === undefined) return [];
  const named = first.cells.some((cell) => known.includes(cell));
  const columns = named ? first.cells : first.cells.map((_, i) => String(i + 1));
  return all.slice(named ? 1 : 0).map(({ line, cells }) => {
    if (cells.length !== columns.length) {
      throw new InputError(
        `${name}, line ${line} has ${cells.length} cells, but the first row has ${columns.length}. ` +
          "Give every row as many.",
      );
    }
    return { line, values: new Map(columns.map((column, i) => [column, cells[i]!])) };
  });
}

function plainCells(lines: readonly string[]): Cells[] {
  return lines.map((text, i) => ({ line: i + 1, cells: text.split("\t") }));
}

function quotedCells(lines: readonly string[], name: string): Cells[] {
  const rows: Cells[] = [];
  for (let i = 0; i < lines.length;) {
    const line = i + 1;
    let text = lines[i++]!;
    // An odd number of quotes: a cell goes on in the next line.
    while ((text.split('"').length - 1) % 2 === 1) {
      if (i === lines.length) throw new InputError(`${name}, line ${line}: a quote is opened and never closed.`);
      text += `\n${lines[i++]!}`;
    }
    rows.push({ line, cells: splitQuoted(text, `${name}, line ${line}`) });
  }
  return rows;
}

function splitQuoted(text: string, place: string): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/y;
  for (;;) {
    const [, quoted, plain, delimiter] = cell.exec(text) ?? [];
    if (delimiter === undefined) {
      throw new InputError(
        `${place}: a quote stands inside a cell. Put the whole cell into quotes, and double those in it.`,
      );
    }
    cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (delimiter === "") return cells;
  }
}
