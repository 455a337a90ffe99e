/** `heed score tag`: precision, recall and F1 of named spans. */
import { Option, type Command } from "commander";
import { parseConll, type TaggedSentence } from "../../data/index.ts";
import { InputError } from "../../errors/index.ts";
import {
  spanScores,
  spanStatistics,
  TAG_SCHEMES,
  type ExampleStatistics,
  type SpanScores,
  type TagScheme,
} from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand } from "../command.ts";
import { fileLines, jsonLine, shownPath, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";
import { checkLengths, withScoreFiles, type ScoreFiles } from "../score-files.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ScoreFiles, MeasureFlags {
  readonly strict?: TagScheme;
}

export function tagCommand(io: Io): Command {
  const made = describedCommand(
    "tag",
    "Named spans, as seqeval counts them: type and both ends must be right. Files are CoNLL's: a token a line with its " +
      "tag last (B-PER, I-PER, O), an empty line between sentences.",
    {
      run: "heed score tag --gold <(printf 'Jane B-PER\\nDoe I-PER\\nsings O\\n') --predicted <(printf 'Jane I-PER\\nDoe I-PER\\nsings B-LOC\\n')",
      expect:
        "metric           score\n──────────────  ──────\nF1              0.6667\nprecision       0.5000\nrecall          1.0000\n" +
        "F1, macro       0.5000\ntoken accuracy  0.3333\n…",
    },
  );
  withScoreFiles(made, "tagged sentences", "the same sentences");
  made.addOption(
    new Option("--strict <scheme>", "count only spans that obey the scheme; default: repair faulty tags").choices(
      TAG_SCHEMES,
    ),
  );
  return withMeasureOptions(made, "the tagged sentences").action((flags: Flags) => score(flags, io));
}

async function score(flags: Flags, io: Io): Promise<void> {
  const gold = await readTags(flags.gold, io);
  const predicted = await readPredicted(flags.predicted, gold, flags, io);
  const other = flags.compare === undefined ? undefined : await readPredicted(flags.compare, gold, flags, io);
  const goldTags = gold.map(({ tags }) => tags);
  const options = { scheme: flags.strict };
  const systems = [predicted, ...(other === undefined ? [] : [other])];
  const types = [
    ...new Set(systems.flatMap((tags) => spanScores(goldTags, tags, options).types.map(({ label }) => label))),
  ];
  const judge = (tags: readonly (readonly string[])[]): ExampleStatistics[] =>
    spanStatistics(goldTags, tags, { ...options, types });
  const measures = measure(judge(predicted), other && judge(other), flags);
  const scores = spanScores(goldTags, predicted, options);
  if (flags.json === true) {
    await io.stdout.write(jsonLine({ sentences: gold.length, measures, ...scores }));
    return;
  }
  const notes = faultNotes(scores, flags);
  await io.stdout.write([measureTable(measures), typeTable(scores), ...notes].join("\n\n") + "\n");
}

async function readTags(path: string, io: Io): Promise<TaggedSentence[]> {
  const folder = diskFolder();
  return parseConll(await fileLines(path, folder, io), shownPath(path, folder));
}

async function readPredicted(
  path: string,
  gold: readonly TaggedSentence[],
  flags: Flags,
  io: Io,
): Promise<(readonly string[])[]> {
  const sentences = await readTags(path, io);
  const files = { gold: flags.gold, predicted: path };
  checkLengths(gold.length, sentences.length, files, "sentences");
  return sentences.map(({ tokens, tags, line }, i) => {
    const due = gold[i]!;
    const wrong = tokens.findIndex((token, at) => due.tokens.length > 0 && token !== due.tokens[at]);
    if (wrong < 0 && tags.length === due.tags.length) return tags;
    const name = shownPath(path, diskFolder());
    const found = wrong < 0 ? `${tags.length} tags instead of ${due.tags.length}` : `the token "${tokens[wrong]!}"`;
    throw new InputError(
      `${name}, sentence ${i + 1} (line ${line}): ${found}, unlike the gold file from line ${due.line} on. ` +
        "Both files must hold the same tokens.",
    );
  });
}

function typeTable({ types, micro, macro, weighted }: SpanScores): string {
  const averages = Object.entries({ micro, macro, weighted }).map(([name, one]) => ({
    label: `${name} average`,
    ...one,
  }));
  const rows = [...types, ...averages].map(({ label, precision, recall, f1, support }) => {
    return [label, precision.toFixed(4), recall.toFixed(4), f1.toFixed(4), String(support)];
  });
  const header = ["type", "precision", "recall", "F1", "spans"];
  return table(rows, { header, align: ["left", "right", "right", "right", "right"] });
}

function faultNotes({ faults }: SpanScores, { strict }: Flags): string[] {
  if (faults.gold + faults.predicted === 0) return [];
  const what =
    strict === undefined
      ? "began a span without B-: they were taken as its beginning"
      : `break ${strict}: they count for no span`;
  return [`${faults.predicted} predicted and ${faults.gold} gold tags ${what}.`];
}
