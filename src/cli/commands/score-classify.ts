/** `heed score classify`: accuracy, F1, Matthews's correlation, the confusion matrix, and calibration. */
import type { Command } from "commander";
import type { Table } from "../../data/index.ts";
import { InputError } from "../../errors/index.ts";
import {
  averagedScores,
  calibrationStatistics,
  classificationStatistics,
  classScores,
  confidences,
  confusionMatrix,
  labelsIn,
  matchCounts,
  rankingStatistics,
  reliabilityBins,
  topKStatistics,
  type ConfusionMatrix,
  type ExampleStatistics,
  type ReliabilityBin,
} from "../../evaluation/index.ts";
import {
  confusionGrid,
  heatGridSvg,
  heatGridText,
  lineChartSvg,
  lineChartText,
  reliabilityChart,
} from "../../figures/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { describedCommand, wholeNumber } from "../command.ts";
import { jsonLine, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type Measured, type MeasureFlags } from "../measures.ts";
import { checkLengths, chosenColumn, readTableFile, withScoreFiles, type ScoreFiles } from "../score-files.ts";
import { colorDepthOf, table, widthOf } from "../terminal/index.ts";

interface Flags extends ScoreFiles, MeasureFlags {
  readonly column?: string;
  readonly positive?: string;
  readonly bins: number;
  readonly topK?: number;
  readonly svg?: string;
  readonly reliabilitySvg?: string;
}

export function classifyCommand(io: Io): Command {
  const made = describedCommand(
    "classify",
    "Classes: accuracy, F1, Matthews correlation, by class, who is taken for whom; with probabilities their calibration " +
      "and ROC AUC. Files are TSV, CSV or JSONL by name: a column `label`, or without a header the last column of the " +
      "gold file and the first of the predicted one. Probabilities of all classes: as `heed classify --top` prints them " +
      '(label, probability, label, …), or in JSONL {"label": …, "probabilities": {"yes": 0.9, "no": 0.1}}.',
    {
      run: "heed score classify --gold <(printf 'yes\\nno\\nno\\nyes\\n') --predicted <(printf 'yes\\nno\\nyes\\nyes\\n')",
      expect:
        "metric                 score\n────────────────────  ──────\naccuracy              0.7500\n" +
        "F1, macro             0.7333\nF1, weighted          0.7333\nMatthews correlation  0.5774\n…",
    },
  );
  withScoreFiles(made, "a class for each example", "the same, line by line");
  return withMeasureOptions(
    made
      .option("--column <name>", "the column of the class in both files; a number where there is no header")
      .option("--positive <label>", "also show this class's precision, recall, F1, ROC AUC and average precision")
      .option("--bins <n>", "bins of the reliability diagram", wholeNumber(1), 10)
      .option("--top-k <n>", "also count as right what is among the first n", wholeNumber(1))
      .option("--svg <file>", "write the confusion matrix as a picture")
      .option("--reliability-svg <file>", "write the reliability diagram as a picture"),
    "the predicted file",
  ).action((flags: Flags) => score(flags, io));
}

interface Predictions {
  readonly labels: string[];
  /** Of each example, by class; undefined where the file has none. */
  readonly probabilities: readonly ReadonlyMap<string, number>[] | undefined;
}

async function score(flags: Flags, io: Io): Promise<void> {
  const goldTable = await readTableFile(flags.gold, known(flags), io);
  const gold = chosenColumn(goldTable, flags.column, "label", "last");
  const predicted = await readPredictions(flags.predicted, gold.length, flags, io);
  const other = flags.compare === undefined ? undefined : await readPredictions(flags.compare, gold.length, flags, io);
  const labels = labelsIn(gold, predicted.labels, other?.labels ?? [], classesOf(predicted), classesOf(other));
  const judge = (system: Predictions): ExampleStatistics[] => statisticsOf(gold, system, labels, flags);
  const measured = measure(judge(predicted), other && judge(other), flags);
  const matrix = confusionMatrix(gold, predicted.labels, labels);
  const bins = reliabilityOf(gold, predicted, labels, flags.bins);
  const folder = diskFolder();
  if (flags.svg !== undefined)
    await folder.write(flags.svg, heatGridSvg({ ...confusionGrid(matrix), showValues: true }));
  if (flags.reliabilitySvg !== undefined) {
    if (bins === undefined)
      throw new InputError("A reliability diagram needs probabilities; the predicted file has none.");
    await folder.write(flags.reliabilitySvg, lineChartSvg(reliabilityChart(bins)));
  }
  await io.stdout.write(
    flags.json === true ? asJson(gold.length, measured, matrix, bins) : shown(measured, matrix, bins, io),
  );
}

const known = ({ column }: Flags): string[] => ["label", ...(column === undefined ? [] : [column])];

async function readPredictions(path: string, examples: number, flags: Flags, io: Io): Promise<Predictions> {
  const read = await readTableFile(path, known(flags), io);
  checkLengths(examples, read.rows.length, { gold: flags.gold, predicted: path }, "examples");
  return { labels: chosenColumn(read, flags.column, "label", "first"), probabilities: probabilitiesOf(read) };
}

/** From JSONL's `probabilities`, or from pairs of label and number in a table without a header. */
function probabilitiesOf({ rows, columns, name }: Table): Map<string, number>[] | undefined {
  const named = columns.includes("probabilities");
  if (!named && (columns[0] !== "1" || columns.length < 4 || columns.length % 2 === 1)) return undefined;
  return rows.map(({ line, values }) => {
    const cells = [...values.values()];
    const pairs: [unknown, unknown][] = named
      ? Object.entries(values.get("probabilities") ?? {})
      : cells.flatMap((cell, i) => (i % 2 === 0 ? [[cell, Number(cells[i + 1])]] : []));
    for (const [label, value] of pairs) {
      if (typeof value === "number" && value >= 0 && value <= 1) continue;
      throw new InputError(`${name}, line ${line}: the probability of "${String(label)}" is not a number from 0 to 1.`);
    }
    return new Map(pairs as [string, number][]);
  });
}

function classesOf(predictions: Predictions | undefined): string[] {
  return [...new Set((predictions?.probabilities ?? []).flatMap((row) => [...row.keys()]))];
}

function statisticsOf(
  gold: readonly string[],
  { labels: predicted, probabilities }: Predictions,
  labels: readonly string[],
  { positive, bins, topK }: Flags,
): ExampleStatistics[] {
  const classes = classificationStatistics(gold, predicted, { labels, positive });
  if (probabilities === undefined) {
    if (topK === undefined) return classes;
    throw new InputError("--top-k needs the probabilities of all classes; the predicted file has none.");
  }
  const [places, rows] = [placesOf(gold, labels), probabilityRows(probabilities, labels)];
  const ofPositive = (label: string): ExampleStatistics[] =>
    rankingStatistics(
      gold.map((one) => (one === label ? 1 : 0)),
      rows.map((row) => row[labels.indexOf(label)]!),
    );
  return [
    ...classes,
    ...(positive === undefined ? [] : ofPositive(positive)),
    ...calibrationStatistics(places, rows, bins),
    ...(topK === undefined ? [] : [topKStatistics(places, rows, topK)]),
  ];
}

const placesOf = (gold: readonly string[], labels: readonly string[]): number[] => {
  const places = new Map(labels.map((label, place) => [label, place]));
  return gold.map((label) => places.get(label)!);
};

/** A class that a row does not name has no probability. */
function probabilityRows(probabilities: readonly ReadonlyMap<string, number>[], labels: readonly string[]): number[][] {
  return probabilities.map((row) => labels.map((label) => row.get(label) ?? 0));
}

function reliabilityOf(
  gold: readonly string[],
  { probabilities }: Predictions,
  labels: readonly string[],
  bins: number,
): ReliabilityBin[] | undefined {
  if (probabilities === undefined) return undefined;
  const { confidence, correct } = confidences(placesOf(gold, labels), probabilityRows(probabilities, labels));
  return reliabilityBins(confidence, correct, bins);
}

function asJson(
  examples: number,
  measures: readonly Measured[],
  matrix: ConfusionMatrix,
  reliability: readonly ReliabilityBin[] | undefined,
): string {
  const { labels, counts } = matrix;
  const rows = labels.map((_, gold) => Array.from(counts.subarray(gold * labels.length, (gold + 1) * labels.length)));
  const classes = classScores(matchCounts(matrix));
  return jsonLine({ examples, measures, classes, confusion: { labels, counts: rows }, reliability });
}

function shown(
  measured: readonly Measured[],
  matrix: ConfusionMatrix,
  bins: readonly ReliabilityBin[] | undefined,
  io: Io,
): string {
  const counts = matchCounts(matrix);
  const averages = (["micro", "macro", "weighted"] as const).map((average) => {
    return { label: `${average} average`, ...averagedScores(counts, average) };
  });
  const rows = [...classScores(counts), ...averages].map(({ label, precision, recall, f1, support }) => {
    return [label, precision.toFixed(4), recall.toFixed(4), f1.toFixed(4), String(support)];
  });
  const align = ["left", "right", "right", "right", "right"] as const;
  const look = { colorDepth: colorDepthOf(io.stdout, io.environment), width: widthOf(io.stdout) };
  const blocks = [
    measureTable(measured),
    table(rows, { header: ["class", "precision", "recall", "F1", "examples"], align }),
    heatGridText({ ...confusionGrid(matrix), ...look, showValues: true }),
  ];
  if (bins !== undefined)
    blocks.push(lineChartText({ ...reliabilityChart(bins), ...look, height: 14 }), binTable(bins));
  return `${blocks.join("\n\n")}\n`;
}

function binTable(bins: readonly ReliabilityBin[]): string {
  const rows = bins
    .filter(({ examples }) => examples > 0)
    .map(({ low, high, examples, confidence, accuracy }) => {
      return [`${low.toFixed(2)} … ${high.toFixed(2)}`, String(examples), confidence.toFixed(4), accuracy.toFixed(4)];
    });
  const header = ["probability", "examples", "mean", "right"];
  return table(rows, { header, align: ["left", "right", "right", "right"] });
}
