/** The files that `heed score` reads: a column of a table, gold or predicted. */
import { Option, type Command } from "commander";
import { columnOf, parseTable, tableFormatOf, type Table } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { diskFolder } from "../files/disk.ts";
import { requireOption } from "./command.ts";
import { fileLines, shownPath, type Io } from "./io.ts";

/** The two files that every judgement needs. */
export interface ScoreFiles {
  readonly gold: string;
  readonly predicted: string;
}

/** Adds --gold and --predicted, saying what each holds. */
export function withScoreFiles(command: Command, gold: string, predicted: string): Command {
  requireOption(command, new Option("--gold <file>", `what was due: ${gold}`));
  return requireOption(command, new Option("--predicted <file>", `what a system said: ${predicted}`));
}

/** A table file, plain or .gz; `-` is standard input. @throws InputError as `parseTable` does. */
export async function readTableFile(path: string, known: readonly string[], io: Io): Promise<Table> {
  const folder = diskFolder();
  const lines = await fileLines(path, folder, io);
  return parseTable(lines, tableFormatOf(path), shownPath(path, folder), known);
}

/**
 * The column named `column`; where the table has none of that name and none was asked for, its first or last.
 * @throws InputError where there is no such column.
 */
export function chosenColumn(
  table: Table,
  asked: string | undefined,
  usual: string,
  otherwise: "first" | "last",
): string[] {
  const name = asked ?? (table.columns.includes(usual) ? usual : undefined);
  const unnamed = table.columns[0] === "1";
  if (name === undefined && !unnamed) {
    throw new InputError(
      `${table.name} has no column "${usual}". Name the one that is meant with --column: ${table.columns.join(", ")}.`,
    );
  }
  return columnOf(table, name ?? table.columns.at(otherwise === "first" ? 0 : -1)!);
}

/** Throws InputError that names both files where they hold different numbers of examples. */
export function checkLengths(gold: number, predicted: number, files: ScoreFiles, unit: string): void {
  if (gold === predicted) return;
  const folder = diskFolder();
  throw new InputError(
    `${shownPath(files.gold, folder)} has ${gold} ${unit}, but ${shownPath(files.predicted, folder)} has ${predicted}. ` +
      "Give one prediction for each, in the same order.",
  );
}
