/** `heed score answer`: exact match and F1 of answers, as SQuAD's scripts compute them. */
import type { Command } from "commander";
import { z } from "zod";
import { parseSquad } from "../../data/index.ts";
import { InputError } from "../../errors/index.ts";
import {
  answerScores,
  answerStatistics,
  type AnsweredQuestion,
  type AnswerScores,
  type ExampleStatistics,
} from "../../evaluation/index.ts";
import { diskFolder } from "../../files/disk.ts";
import { readJson } from "../../files/index.ts";
import { describedCommand, realNumber } from "../command.ts";
import { jsonLine, shownPath, type Io } from "../io.ts";
import { measure, measureTable, withMeasureOptions, type MeasureFlags } from "../measures.ts";
import { withScoreFiles, type ScoreFiles } from "../score-files.ts";
import { table } from "../terminal/index.ts";

interface Flags extends ScoreFiles, MeasureFlags {
  readonly unanswerable?: string;
  readonly threshold: number;
}

export function answerCommand(io: Io): Command {
  const made = describedCommand(
    "answer",
    "Answers that are parts of a text: exact match and F1 in percent, as SQuAD's scripts compute them; by those of 2.0 " +
      'where a question has no answer. Gold is SQuAD\'s JSON, predicted a JSON object from id to answer, "" for none.',
    {
      run: 'heed score answer --gold test.json --predicted <(printf \'{"q1": "in the Loire valley", "q2": ""}\')',
      expect: "exact match and F1, in all and of the questions with and without an answer",
    },
  );
  withScoreFiles(made, "SQuAD's JSON, version 1.1 or 2.0", "answers by the question's id");
  made
    .option("--unanswerable <file>", "JSON: by id how probable it is that there is no answer")
    .option("--threshold <p>", "above this probability of no answer the prediction is empty", realNumber(), 1);
  return withMeasureOptions(made, "the answers").action((flags: Flags) => score(flags, io));
}

async function score(flags: Flags, io: Io): Promise<void> {
  const folder = diskFolder();
  const found = parseSquad(await readJson(folder, flags.gold), shownPath(flags.gold, folder));
  const questions = found.map(({ id, answers }) => ({ id, answers: answers.map(({ text }) => text) }));
  const predicted = await answersOf(flags.predicted, questions);
  const other = flags.compare === undefined ? undefined : await answersOf(flags.compare, questions);
  const noAnswer =
    flags.unanswerable === undefined ? undefined : await valuesById(flags.unanswerable, z.number(), "number");
  const options = { noAnswer, threshold: flags.threshold };
  const version = questions.some(({ answers }) => answers.length === 0) ? "2.0" : "1.1";
  const judge = (answers: ReadonlyMap<string, string>, own: typeof options): ExampleStatistics[] =>
    answerStatistics(questions, answers, { ...own, version });
  // The no-answer probabilities are those of the system, not of the other one.
  const measures = measure(
    judge(predicted, options),
    other && judge(other, { noAnswer: undefined, threshold: 1 }),
    flags,
  );
  const scores = answerScores(questions, predicted, { ...options, version });
  await io.stdout.write(
    flags.json === true
      ? jsonLine({ measures, ...scores })
      : `${[measureTable(measures, 2), ...details(scores)].join("\n\n")}\n`,
  );
}

async function answersOf(path: string, questions: readonly AnsweredQuestion[]): Promise<Map<string, string>> {
  const answers = await valuesById(path, z.string(), "text");
  if (questions.some(({ id }) => answers.has(id))) return answers;
  throw new InputError(
    `${shownPath(path, diskFolder())} answers none of the questions: the first id is ${questions[0]!.id}.`,
  );
}

async function valuesById<Value>(path: string, value: z.ZodType<Value>, kind: string): Promise<Map<string, Value>> {
  const folder = diskFolder();
  const read = z.record(z.string(), value).safeParse(await readJson(folder, path));
  if (read.success) return new Map(Object.entries(read.data));
  const key = read.error.issues[0]?.path.join(".") ?? "";
  throw new InputError(
    `${shownPath(path, folder)} must be a JSON object with a ${kind} for each question's id${key === "" ? "" : `; "${key}" has none`}.`,
  );
}

function details({ version, questions, answerable, unanswerable, bestExact, bestF1, missing }: AnswerScores): string[] {
  const rows = Object.entries({ "with an answer": answerable, "without one": unanswerable }).flatMap(([name, one]) =>
    one === undefined ? [] : [[name, one.exact.toFixed(2), one.f1.toFixed(2), String(one.questions)]],
  );
  const header = ["questions", "exact match", "F1", "number"];
  const best = (name: string, one: { score: number; threshold: number } | undefined): string[] =>
    one === undefined ? [] : [`best ${name} ${one.score.toFixed(2)}, with the threshold ${one.threshold}`];
  return [
    ...(rows.length === 0 ? [] : [table(rows, { header, align: ["left", "right", "right", "right"] })]),
    [
      `${questions} questions, by SQuAD ${version}`,
      ...(missing === 0 ? [] : [`${missing} have no prediction and count 0`]),
      ...best("exact match", bestExact),
      ...best("F1", bestF1),
    ].join("\n"),
  ];
}
