/** Raw text as documents: what pre-training reads. */
import { columnOf, parseTable, tableFormatOf } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { readLines, readText, type ReadableFolder } from "../files/index.ts";

/** The lines of a text that belongs together, none of them empty. A whole file's text is one line. */
export type TextDocument = readonly string[];

/** What of a file is a document: each line, what stands between empty lines, or all of it as one long text. */
export const textUnits = ["line", "document", "stream"] as const;
/** The name of such a unit. */
export type TextUnit = (typeof textUnits)[number];

const COLUMNS = ["text", "sentence"];

/**
 * The documents of files: plain text, or the column `text` or `sentence` of tables (.tsv, .csv, .jsonl; the first one
 * where they have no header), a row a document. Plain or .gz. Throws InputError for a file without text.
 */
export async function readDocuments(
  files: ReadableFolder,
  paths: readonly string[],
  unit: TextUnit,
): Promise<TextDocument[]> {
  const documents: TextDocument[] = [];
  for (const path of paths) {
    const found = await readFile(files, path, unit);
    if (found.length === 0) throw new InputError(`${files.describe(path)} holds no text. Give a file of text.`);
    for (const document of found) documents.push(document);
  }
  return documents;
}

async function readFile(files: ReadableFolder, path: string, unit: TextUnit): Promise<TextDocument[]> {
  const table = /\.(tsv|csv|jsonl|ndjson)(\.gz)?$/i.test(path);
  if (unit === "stream" && !table) {
    const text = await readText(files, path);
    return text === "" ? [] : [[text]];
  }
  const lines: string[] = [];
  for await (const line of readLines(files, path)) lines.push(line);
  const documents = table ? rowsOf(lines, path, files.describe(path)) : paragraphs(lines);
  if (unit === "stream") return documents.length === 0 ? [] : [[documents.map((one) => one.join("\n")).join("\n\n")]];
  return unit === "document" ? documents : documents.flatMap((document) => document.map((line) => [line]));
}

function rowsOf(lines: readonly string[], path: string, name: string): TextDocument[] {
  const table = parseTable(lines, tableFormatOf(path), name, COLUMNS);
  const headless = table.columns.every((column, i) => column === String(i + 1));
  const column = headless ? table.columns[0]! : table.columns.find((one) => COLUMNS.includes(one));
  if (column === undefined) {
    throw new InputError(`${name} has no column ${COLUMNS.join(" or ")}; its columns are ${table.columns.join(", ")}.`);
  }
  const texts = columnOf(table, column).map((text) => text.split("\n").filter((line) => line.trim() !== ""));
  return texts.filter((lines) => lines.length > 0);
}

/** What stands between empty lines. */
function paragraphs(lines: readonly string[]): TextDocument[] {
  const found: string[][] = [];
  let open: string[] | undefined;
  for (const line of lines) {
    if (line.trim() === "") {
      open = undefined;
      continue;
    }
    if (open === undefined) found.push((open = []));
    open.push(line);
  }
  return found;
}

/** Documents in words, for people. */
export function countOf(documents: readonly TextDocument[]): string {
  const lines = documents.reduce((sum, document) => sum + document.length, 0);
  const [first] = documents;
  if (documents.length === 1 && first?.length === 1) return `one text of ${first[0]!.length} characters`;
  return lines === documents.length ? `${lines} texts` : `${documents.length} documents, ${lines} lines`;
}

/** The lines of all documents: what a tokenizer is trained on. */
export function* linesOf(documents: readonly TextDocument[]): Generator<string> {
  for (const document of documents) yield* document;
}
