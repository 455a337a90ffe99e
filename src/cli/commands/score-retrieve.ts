/** `heed score retrieve`: ranked documents against judgements. */
import { InvalidArgumentError, type Command } from "commander";
import { parseJudgements, parseRanking } from "../../data/index.ts";
import { InputError } from "../../errors/index.ts";
import { retrievalStatistics, type ExampleStatistics } from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand } from "../command.ts";
import { fileLines, jsonLine, shownPath, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";
import { withScoreFiles, type ScoreFiles } from "../score-files.ts";

interface Flags extends ScoreFiles, MeasureFlags {
  readonly k: readonly number[];
}

export function retrieveCommand(io: Io): Command {
  const made = describedCommand(
    "retrieve",
    "Ranked documents: recall and NDCG at k, and mean reciprocal rank, as trec_eval computes them. Files are TREC's: " +
      "gold `query 0 document relevance`, predicted `query Q0 document rank score system`.",
    {
      run: "heed score retrieve --k 1 --gold <(printf 'q 0 a 1\\nq 0 b 2\\n') --predicted <(printf 'q Q0 a 1 0.9 x\\nq Q0 b 2 0.8 x\\n')",
      expect: "metric     score\n────────  ──────\nrecall@1  0.5000\nMRR       1.0000\nNDCG@1    0.5000\n…",
    },
  );
  withScoreFiles(made, "judgements (qrels)", "what was found (a run)");
  made.option("--k <list>", "how many of the first count, such as 1,10,100", wholeNumbers, [1, 10]);
  return withMeasureOptions(made, "what was found").action((flags: Flags) => score(flags, io));
}

function wholeNumbers(text: string): number[] {
  if (/^[1-9]\d*(,[1-9]\d*)*$/.test(text)) return text.split(",").map(Number);
  throw new InvalidArgumentError("It must be whole numbers with commas between, such as 1,10.");
}

async function score(flags: Flags, io: Io): Promise<void> {
  const folder = diskFolder();
  const judgements = parseJudgements(await fileLines(flags.gold, folder, io), shownPath(flags.gold, folder));
  const queries = [...judgements].filter(([, documents]) => [...documents.values()].some((relevance) => relevance > 0));
  if (queries.length === 0) throw new InputError(`${shownPath(flags.gold, folder)} has no relevant document.`);
  const judge = async (path: string): Promise<ExampleStatistics[]> => {
    const found = parseRanking(await fileLines(path, folder, io), shownPath(path, folder));
    const ranked = queries.map(([query, relevant]) => ({ ranked: found.get(query) ?? [], relevant }));
    return retrievalStatistics(ranked, flags.k);
  };
  const measures = measure(
    await judge(flags.predicted),
    flags.compare === undefined ? undefined : await judge(flags.compare),
    flags,
  );
  const out = `${measureTable(measures)}\n\n${queries.length} ${queries.length === 1 ? "query" : "queries"}\n`;
  await io.stdout.write(flags.json === true ? jsonLine({ queries: queries.length, measures }) : out);
}
