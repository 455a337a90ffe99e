import { displayWidth, formatNumber, pad, printable } from "../../figures/index.ts";

/** A cell: numbers are written by `formatNumber` with four digits; give a text where another form is wanted. */
export type Cell = string | number;

/** How a table looks. */
export interface TableOptions {
  readonly header?: readonly string[];
  /** Of each column; by default columns of numbers are aligned right and all others left. */
  readonly align?: readonly ("left" | "right")[];
}

/** A table for a terminal: columns aligned by display width, two blanks apart, a rule below the header. */
export function table(rows: readonly (readonly Cell[])[], options: TableOptions = {}): string {
  const { cells, header, align, widths } = measure(rows, options);
  const write = (line: readonly string[]) =>
    widths
      .map((width, column) => pad(line[column] ?? "", width, align[column]))
      .join("  ")
      .trimEnd();
  const head = header === undefined ? [] : [write(header), widths.map((width) => "─".repeat(width)).join("  ")];
  return [...head, ...cells.map(write)].join("\n");
}

/** The same table in Markdown, aligned in the source too. A table without a header gets an empty one. */
export function markdownTable(rows: readonly (readonly Cell[])[], options: TableOptions = {}): string {
  const escaped = rows.map((row) => row.map((cell) => (typeof cell === "string" ? escapeCell(cell) : cell)));
  const headerRow = (options.header ?? rows[0]?.map(() => "") ?? []).map(escapeCell);
  const { cells, align, widths } = measure(escaped, { ...options, header: headerRow }, 3);
  const write = (line: readonly string[]) =>
    `| ${widths.map((width, column) => pad(line[column] ?? "", width, align[column])).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    align[column] === "right" ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  return [write(headerRow), write(rule), ...cells.map(write)].join("\n");
}

function escapeCell(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\|/g, "\\|").replace(/\r?\n/g, " ");
}

function measure(rows: readonly (readonly Cell[])[], { header, align = [] }: TableOptions, least = 1) {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "number" ? formatNumber(cell, 4) : printable(cell))),
  );
  const columns = Math.max(header?.length ?? 0, ...rows.map((row) => row.length), 0);
  const numbers = Array.from({ length: columns }, (_, column) => column);
  return {
    cells,
    header,
    align: numbers.map((column) => align[column] ?? (isNumeric(rows, column) ? ("right" as const) : ("left" as const))),
    widths: numbers.map((column) =>
      [...cells, header ?? []].reduce((width, row) => Math.max(width, displayWidth(row[column] ?? "")), least),
    ),
  };
}

function isNumeric(rows: readonly (readonly Cell[])[], column: number): boolean {
  const filled = rows.map((row) => row[column]).filter((cell) => cell !== undefined && cell !== "");
  return filled.length > 0 && filled.every((cell) => typeof cell === "number" || /^[-+]?[\d.,]+( ?%)?$/.test(cell!));
}
