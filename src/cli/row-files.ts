/** Files of rows with texts and labels, as `heed data` reads them: each row with its place and its lines as they are. */
import { columnOf, parseTable, tableFormatOf, type Table, type TableFormat } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { diskFolder } from "../files/disk.ts";
import { fileLines, shownPath, type Io } from "./io.ts";

/** Which columns matter. */
export interface RowColumns {
  /** Columns of the text; several count as one text. */
  readonly text?: readonly string[];
  readonly label?: string;
}

/** A row of a file. */
export interface TextRow {
  /** The file as messages name it, and the line where the row begins. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** Undefined where the file has no labels. */
  readonly label: string | undefined;
  /** The row as it stands in the file. */
  readonly lines: readonly string[];
}

/** The rows of a file, and what is needed to write some of them again. */
export interface RowFile {
  readonly format: TableFormat;
  /** The lines of the header; none where there is none. */
  readonly header: readonly string[];
  readonly table: Table;
  readonly rows: readonly TextRow[];
}

const TEXTS = [
  ...["text", "sentence", "text1", "text2", "sentence1", "sentence2", "premise", "hypothesis"],
  ...["question", "question1", "question2", "context", "source", "target"],
];
const LABELS = ["label", "labels", "class", "score"];

/**
 * Reads a file of rows: TSV, CSV or JSON lines, or a text a line. Without names of columns, texts are those under the usual
 * names; where there is no header all columns but the last, which is the label. `-` is standard input.
 * @throws InputError naming file and line of what cannot be read, and for columns that are not there.
 */
export async function readRowFile(
  path: string,
  columns: RowColumns,
  others: readonly string[],
  io: Io,
): Promise<RowFile> {
  const folder = diskFolder();
  const lines = await fileLines(path, folder, io);
  const format = tableFormatOf(path);
  const asked = [...(columns.text ?? []), ...(columns.label === undefined ? [] : [columns.label]), ...others];
  const table = parseTable(lines, format, shownPath(path, folder), [...asked, ...TEXTS, ...LABELS]);
  const { text, label } = chosenColumns(table, columns);
  const texts = text.map((column) => columnOf(table, column));
  const labels = label === undefined ? undefined : columnOf(table, label);
  const rows = table.rows.map(({ line }, i) => ({
    ...{ file: table.name, line, label: labels?.[i] },
    text: texts.map((cells) => cells[i]!).join("\n"),
    lines: withoutEnd(lines.slice(line - 1, (table.rows[i + 1]?.line ?? lines.length + 1) - 1)),
  }));
  const header = format === "jsonl" ? [] : withoutEnd(lines.slice(0, table.rows[0]!.line - 1));
  return { format, header, table, rows };
}

function chosenColumns(
  { columns, name }: Table,
  { text, label }: RowColumns,
): { text: readonly string[]; label: string | undefined } {
  const headless = columns.every((column, i) => column === String(i + 1));
  const usual = headless && columns.length > 1 ? columns.at(-1) : columns.find((column) => LABELS.includes(column));
  const chosen = label ?? usual;
  const others = columns.filter((column) => column !== chosen);
  const texts = text ?? (headless ? others : others.filter((column) => TEXTS.includes(column)));
  if (texts.length > 0) return { text: texts, label: chosen };
  throw new InputError(`${name} has no column that is known for texts. Name it with --text: ${columns.join(", ")}.`);
}

/** Lines without empty ones at the end. */
function withoutEnd(lines: readonly string[]): string[] {
  const end = lines.findLastIndex((line) => line.trim() !== "");
  return lines.slice(0, end + 1);
}

/** "bad 47.8 %, good 52.2 %", the most frequent first; "" where there are no labels. */
export function balanceOf(rows: readonly Pick<TextRow, "label">[]): string {
  const counts = new Map<string, number>();
  for (const { label } of rows) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  const shares = [...counts].sort(([, a], [, b]) => b - a);
  const shown = shares.slice(0, 6).map(([label, count]) => `${label} ${((100 * count) / rows.length).toFixed(1)} %`);
  return `${shown.join(", ")}${shares.length > 6 ? `, … (${shares.length})` : ""}`;
}

/** Characters of a text: the middle, nine of ten, the longest. */
export function lengthsOf(rows: readonly Pick<TextRow, "text">[]): { median: number; most: number; longest: number } {
  const sorted = rows.map(({ text }) => text.length).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: at(0.5), most: at(0.9), longest: sorted.at(-1) ?? 0 };
}
