/** `heed data split`: one file of rows parted into those to train, validate and test on. */
import { Option, type Command } from "commander";
import {
  clustersOf,
  columnOf,
  findDuplicates,
  groupSplit,
  parseTimes,
  randomSplit,
  splitSides,
  timeSplit,
  type Split,
} from "../../data/index.ts";
import { ConfigError } from "../../errors/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand, realNumber, requireOption, wholeNumber } from "../command.ts";
import { duplicateReport, reportText, reportValue } from "../duplicate-report.ts";
import { jsonLine, type Io } from "../io.ts";
import { readRowFile, type RowFile } from "../row-files.ts";
import { withTextOptions } from "./data-check.ts";

const WAYS = ["random", "group", "time", "similarity"] as const;

interface Flags {
  readonly data: string;
  readonly out: string;
  readonly by: (typeof WAYS)[number];
  readonly column?: string;
  readonly validation: number;
  readonly test: number;
  readonly seed: number;
  readonly text?: readonly string[];
  readonly label?: string;
  readonly threshold: number;
  readonly json?: true;
}

export function splitCommand(io: Io): Command {
  const made = describedCommand(
    "split",
    "Parts a file of rows into those to train, validate and test on: at random with labels in the same shares, by a column " +
      "whose values stay together, by a column of times with the latest as the test, or so that nearly equal texts stay " +
      "together. Rows are written as they stand in the file; afterwards what is still on two sides is counted.",
    {
      run: "heed data split --data all.tsv --by similarity --test 0.2 --out splits",
      expect: "splits/train.tsv, splits/validation.tsv and splits/test.tsv; no test row that is nearly in the training",
    },
  );
  requireOption(made, new Option("--data <file>", "rows: TSV, CSV, JSON lines or a text a line"));
  requireOption(made, new Option("--out <folder>", "where train, validation and test are written"));
  return withTextOptions(
    made
      .addOption(new Option("--by <way>", "what decides").choices(WAYS).default("random"))
      .option("--column <name>", "the column of the group or of the time")
      .option("--validation <share>", "the share to validate on", realNumber(0, 1), 0.1)
      .option("--test <share>", "the share to test on", realNumber(0, 1), 0.1)
      .option("--seed <n>", "the same seed gives the same split", wholeNumber(0), 1),
  )
    .option("--json", "print what was done as JSON")
    .action((flags: Flags) => split(flags, io));
}

async function split(flags: Flags, io: Io): Promise<void> {
  const { by, column } = flags;
  if ((by === "group" || by === "time") !== (column !== undefined)) {
    throw new ConfigError(
      column === undefined
        ? `--by ${by} needs --column: the one that holds it.`
        : `--by ${by} reads no --column. Leave it out.`,
    );
  }
  const file = await readRowFile(flags.data, flags, column === undefined ? [] : [column], io);
  const parted = splitOf(file, flags);
  const folder = diskFolder(flags.out);
  for (const side of splitSides) {
    if (parted[side].length === 0) continue;
    const lines = [...file.header, ...parted[side].flatMap((row) => file.rows[row]!.lines)];
    await folder.write(`${side === "training" ? "train" : side}.${file.format}`, `${lines.join("\n")}\n`);
  }
  const sides = splitSides.map((name) => ({ name, rows: parted[name].map((row) => file.rows[row]!) }));
  const report = duplicateReport(
    sides.filter(({ rows }) => rows.length > 0),
    { threshold: Math.min(1, flags.threshold) },
  );
  await io.stdout.write(flags.json === true ? jsonLine(reportValue(report)) : reportText(report, 0));
}

function splitOf({ table, rows }: RowFile, { by, column, validation, test, seed, threshold }: Flags): Split {
  const shares = { validation, test };
  switch (by) {
    case "random":
      return randomSplit(
        rows.map(({ label }) => label ?? ""),
        shares,
        seed,
      );
    case "group":
      return groupSplit(columnOf(table, column!), shares, seed);
    case "time": {
      const place = (row: number): string => `${rows[row]!.file}, line ${rows[row]!.line}`;
      return timeSplit(parseTimes(columnOf(table, column!), place), shares);
    }
    case "similarity": {
      const texts = rows.map(({ text }) => text);
      return groupSplit([...clustersOf(findDuplicates(texts, { threshold: Math.min(1, threshold) }))], shares, seed);
    }
  }
}
