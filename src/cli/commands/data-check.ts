/** `heed data check`: what is there twice in the rows to train, validate and test on. */
import { Option, type Command } from "commander";
import { describedCommand, realNumber, requireOption, wholeNumber } from "../command.ts";
import { duplicateReport, reportText, reportValue, type SideRows } from "../duplicate-report.ts";
import { jsonLine, type Io } from "../io.ts";
import { readRowFile, type TextRow } from "../row-files.ts";

interface Flags {
  readonly data: readonly string[];
  readonly validation?: readonly string[];
  readonly test?: readonly string[];
  readonly text?: readonly string[];
  readonly label?: string;
  readonly threshold: number;
  readonly show: number;
  readonly json?: true;
}

export function checkCommand(io: Io): Command {
  const made = describedCommand(
    "check",
    "Finds rows that are there more than once, within a file and between those to train, validate and test on: letter for " +
      "letter, and nearly (common pieces of five characters, case and punctuation aside). Shows label balance and lengths.",
    {
      run: "heed data check --data train.tsv --test test.tsv",
      expect:
        "rows, labels and lengths of each side; how many rows are there twice; the first of them with their lines",
    },
  );
  requireOption(made, new Option("--data <files...>", "rows to train on: TSV, CSV, JSON lines or a text a line"));
  return withTextOptions(
    made
      .option("--validation <files...>", "rows to validate on")
      .option("--test <files...>", "rows to test on")
      .option("--show <n>", "pairs to list", wholeNumber(0), 10),
  )
    .option("--json", "print all as JSON")
    .action((flags: Flags) => check(flags, io));
}

/** Adds what `heed data` needs to know of texts. */
export function withTextOptions(command: Command): Command {
  return command
    .option("--text <columns...>", "the columns of the text; a number where there is no header")
    .option("--label <column>", "the column of the label")
    .option(
      "--threshold <share>",
      "the share of common pieces from which texts are nearly the same",
      realNumber(0.01, 1.01),
      0.8,
    );
}

async function check(flags: Flags, io: Io): Promise<void> {
  const sides: SideRows[] = [];
  for (const [name, paths = []] of [
    ["training", flags.data],
    ["validation", flags.validation],
    ["test", flags.test],
  ] as const) {
    const rows: TextRow[] = [];
    for (const path of paths) rows.push(...(await readRowFile(path, flags, [], io)).rows);
    if (rows.length > 0) sides.push({ name, rows });
  }
  const report = duplicateReport(sides, { threshold: Math.min(1, flags.threshold) });
  await io.stdout.write(flags.json === true ? jsonLine(reportValue(report)) : reportText(report, flags.show));
}
