/** `heed score regress`: numbers against numbers. */
import type { Command } from "commander";
import { InputError } from "../../errors/index.ts";
import { regressionStatistics } from "../../evaluation/index.ts";
import { describedCommand } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";
import { checkLengths, chosenColumn, readTableFile, withScoreFiles, type ScoreFiles } from "../score-files.ts";

interface Flags extends ScoreFiles, MeasureFlags {
  readonly column?: string;
}

export function regressCommand(io: Io): Command {
  const made = describedCommand(
    "regress",
    "Numbers: Pearson's and Spearman's correlation, mean squared and absolute error, R². Files are TSV, CSV or JSONL by " +
      "name: a column `label`, or without a header the last column of the gold file and the first of the predicted one.",
    {
      run: "heed score regress --gold <(printf '1\\n2\\n4\\n') --predicted <(printf '1.5\\n2\\n3\\n')",
      expect:
        "metric                 score\n────────────────────  ──────\nPearson correlation   1.0000\nSpearman correlation  1.0000\n" +
        "mean squared error    0.4167\nmean absolute error   0.5000\nR²                    0.7321",
    },
  );
  withScoreFiles(made, "a number for each example", "the same, line by line");
  made.option("--column <name>", "the column of the number in both files; a number where there is no header");
  return withMeasureOptions(made, "the numbers").action((flags: Flags) => score(flags, io));
}

async function score(flags: Flags, io: Io): Promise<void> {
  const gold = await numbersOf(flags.gold, "last", flags, io);
  const read = async (path: string): Promise<number[]> => {
    const numbers = await numbersOf(path, "first", flags, io);
    checkLengths(gold.length, numbers.length, { gold: flags.gold, predicted: path }, "examples");
    return numbers;
  };
  const predicted = await read(flags.predicted);
  const other = flags.compare === undefined ? undefined : await read(flags.compare);
  const measures = measure(regressionStatistics(gold, predicted), other && regressionStatistics(gold, other), flags);
  await io.stdout.write(
    flags.json === true ? jsonLine({ examples: gold.length, measures }) : `${measureTable(measures)}\n`,
  );
}

async function numbersOf(path: string, otherwise: "first" | "last", { column }: Flags, io: Io): Promise<number[]> {
  const table = await readTableFile(path, ["label", ...(column === undefined ? [] : [column])], io);
  return chosenColumn(table, column, "label", otherwise).map((text, i) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value)) return value;
    throw new InputError(`${table.name}, line ${table.rows[i]!.line}: "${text}" is not a number.`);
  });
}
