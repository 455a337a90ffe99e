/** `heed score rouge`: summaries against references. */
import { Option, type Command } from "commander";
import { columnOf, parseTable, tableFormatOf } from "../../data/index.ts";
import { rougeStatistics, type ExampleStatistics } from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand, requireOption } from "../command.ts";
import { fileLines, jsonLine, shownPath, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";
import { checkLengths } from "../score-files.ts";

interface Flags extends MeasureFlags {
  readonly hypothesis: string;
  readonly reference: readonly string[];
  readonly stemmer?: true;
  readonly column: string;
  readonly newline?: string;
}

export function rougeCommand(io: Io): Command {
  const made = describedCommand(
    "rouge",
    "ROUGE-1, 2, L and Lsum (Lin 2004): mean F1 from 0 to 1, equal to the package rouge-score. Files hold a text a " +
      "line, or are JSONL with a column `text`. Of several references the best counts.",
    {
      run: 'heed score rouge --hypothesis <(echo "the cat sat") --reference <(echo "the cat sat down")',
      expect:
        "metric      score\n─────────  ──────\nrouge1     0.8571\nrouge2     0.8000\nrougeL     0.8571\nrougeLsum  0.8571",
    },
  );
  requireOption(made, new Option("--hypothesis <file>", "the summaries; - is standard input"));
  requireOption(made, new Option("--reference <files...>", "one reference for each, or more"));
  made
    .option("--stemmer", "compare stems of words, as most published results do")
    .option("--column <name>", "the column of the text in JSONL files", "text")
    .option("--newline <text>", 'what stands for a line break inside a text, such as "<n>": rougeLsum compares lines');
  return withMeasureOptions(made, "the summaries").action((flags: Flags) => score(flags, io));
}

async function score(flags: Flags, io: Io): Promise<void> {
  const hypotheses = await textsOf(flags.hypothesis, flags, io);
  const references: string[][] = [];
  for (const path of flags.reference) {
    const texts = await textsOf(path, flags, io);
    checkLengths(texts.length, hypotheses.length, { gold: path, predicted: flags.hypothesis }, "texts");
    references.push(texts);
  }
  const judge = (texts: readonly string[]): ExampleStatistics[] =>
    rougeStatistics(texts, references, { stemmer: flags.stemmer });
  const other = flags.compare === undefined ? undefined : await textsOf(flags.compare, flags, io);
  if (other !== undefined) {
    checkLengths(hypotheses.length, other.length, { gold: flags.hypothesis, predicted: flags.compare! }, "texts");
  }
  const measures = measure(judge(hypotheses), other && judge(other), flags);
  await io.stdout.write(
    flags.json === true ? jsonLine({ texts: hypotheses.length, measures }) : `${measureTable(measures)}\n`,
  );
}

async function textsOf(path: string, { column, newline }: Flags, io: Io): Promise<string[]> {
  const folder = diskFolder();
  const lines = await fileLines(path, folder, io);
  const format = tableFormatOf(path);
  const texts = format === "jsonl" ? columnOf(parseTable(lines, format, shownPath(path, folder), []), column) : lines;
  return newline === undefined ? texts : texts.map((text) => text.replaceAll(newline, "\n"));
}
