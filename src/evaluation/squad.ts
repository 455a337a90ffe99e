/**
 * Answers that are parts of a text: exact match and F1 of words as the official scripts of SQuAD 1.1 (Rajpurkar et al.
 * 2016) and 2.0 (Rajpurkar, Jia and Liang 2018) compute them, from 0 to 100.
 */
import { InputError } from "../errors/index.ts";
import { type ExampleStatistics, meanStatistics } from "./examples.ts";
import { splitWords } from "./lines.ts";

/** A question's answers. */
export interface AnsweredQuestion {
  readonly id: string;
  /** What people answered; none where the text holds no answer (SQuAD 2.0). */
  readonly answers: readonly string[];
}

/** How answers are judged. */
export interface SquadOptions {
  /**
   * "1.1": every question has an answer, and an empty one is wrong. "2.0": the empty answer is right where there is none.
   * Default: "2.0" if a question has no answer.
   */
  readonly version?: "1.1" | "2.0" | undefined;
  /** For each question's id how probable it is that it has no answer (2.0). */
  readonly noAnswer?: ReadonlyMap<string, number> | undefined;
  /** Above it the prediction counts as empty. Default 1. */
  readonly threshold?: number | undefined;
}

/** Exact match and F1 in percent. */
export interface AnswerShare {
  readonly exact: number;
  readonly f1: number;
  readonly questions: number;
}

/** The scores of answers. */
export interface AnswerScores extends AnswerShare {
  readonly version: "1.1" | "2.0";
  /** The questions that have an answer; undefined where none has (2.0 only, as the next ones). */
  readonly answerable?: AnswerShare;
  readonly unanswerable?: AnswerShare;
  /** The thresholds of no-answer probability that would have scored best on these questions, with the scores. */
  readonly bestExact?: { readonly score: number; readonly threshold: number };
  readonly bestF1?: { readonly score: number; readonly threshold: number };
  /** Questions without a prediction: they count 0. */
  readonly missing: number;
}

const punctuation = /[!-/:-@[-`{-~]/g;
const articles = /(?<![\p{L}\p{N}_])(?:an?|the)(?![\p{L}\p{N}_])/gu;

/** An answer in lower case, without ASCII punctuation, articles and superfluous white space. */
export function normalizeAnswer(text: string): string {
  return splitWords(text.toLowerCase().replace(punctuation, "").replace(articles, " ")).join(" ");
}

/** 1 if the two are the same once normalized, else 0. */
export function answerExact(predicted: string, gold: string): number {
  return normalizeAnswer(predicted) === normalizeAnswer(gold) ? 1 : 0;
}

/**
 * The F1 of the words of two answers, each word counted as often as it occurs in both. Two that have no words agree only
 * in version 2.0.
 */
export function answerF1(predicted: string, gold: string, version: "1.1" | "2.0" = "1.1"): number {
  const [found, due] = [splitWords(normalizeAnswer(predicted)), splitWords(normalizeAnswer(gold))];
  if (version === "2.0" && found.length + due.length === 0) return 1;
  const left = new Map<string, number>();
  for (const word of due) left.set(word, (left.get(word) ?? 0) + 1);
  const common = found.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count > 0;
  }).length;
  if (common === 0) return 0;
  const [precision, recall] = [common / found.length, common / due.length];
  return (2 * precision * recall) / (precision + recall);
}

interface Judged {
  readonly id: string;
  readonly answerable: boolean;
  readonly predicted: string | undefined;
  /** From 0 to 1, before the threshold. */
  readonly exact: number;
  readonly f1: number;
}

/**
 * Exact match and F1 of predicted answers; of several answers to a question the best counts.
 * @param predictions of each question's id the predicted answer, "" for none.
 * @throws InputError where there are no questions, one without answers in version 1.1, or a no-answer probability is
 * missing.
 */
export function answerScores(
  questions: readonly AnsweredQuestion[],
  predictions: ReadonlyMap<string, string>,
  options: SquadOptions = {},
): AnswerScores {
  const version = versionOf(questions, options);
  const raw = judge(questions, predictions, version);
  const judged = raw.map((one) => withThreshold(one, options));
  const missing = raw.filter(({ predicted }) => predicted === undefined).length;
  const all = { ...shareOf(judged), version, missing };
  if (version === "1.1") return all;
  const [answerable, unanswerable] = [true, false].map((has) => judged.filter((one) => one.answerable === has));
  return {
    ...all,
    ...(answerable!.length > 0 && { answerable: shareOf(answerable!) }),
    ...(unanswerable!.length > 0 && { unanswerable: shareOf(unanswerable!) }),
    ...(options.noAnswer !== undefined && {
      bestExact: bestThreshold(raw, "exact", options.noAnswer),
      bestF1: bestThreshold(raw, "f1", options.noAnswer),
    }),
  };
}

/**
 * What answers are judged by, in percent: exact match and F1. An example is a question.
 * @throws InputError as {@link answerScores} does.
 */
export function answerStatistics(
  questions: readonly AnsweredQuestion[],
  predictions: ReadonlyMap<string, string>,
  options: SquadOptions = {},
): ExampleStatistics[] {
  const judged = judge(questions, predictions, versionOf(questions, options)).map((one) => withThreshold(one, options));
  const of = (part: "exact" | "f1", name: string): ExampleStatistics =>
    meanStatistics(
      judged.map((one) => 100 * one[part]),
      undefined,
      name,
    );
  return [of("exact", "exact match"), of("f1", "F1")];
}

function versionOf(questions: readonly AnsweredQuestion[], { version }: SquadOptions): "1.1" | "2.0" {
  if (questions.length === 0) throw new InputError("There are no questions: nothing can be scored. Give at least one.");
  const without = questions.find(({ answers }) => answers.length === 0);
  if (version === "1.1" && without !== undefined) {
    throw new InputError(`Question ${without.id} has no answer. Only version 2.0 has such questions.`);
  }
  return version ?? (without === undefined ? "1.1" : "2.0");
}

function judge(
  questions: readonly AnsweredQuestion[],
  predictions: ReadonlyMap<string, string>,
  version: "1.1" | "2.0",
): Judged[] {
  return questions.map(({ id, answers }) => {
    const predicted = predictions.get(id);
    const answerable = answers.length > 0;
    if (predicted === undefined) return { id, answerable, predicted, exact: 0, f1: 0 };
    const worded = version === "1.1" ? answers : answers.filter((answer) => normalizeAnswer(answer) !== "");
    const due = worded.length > 0 ? worded : [""];
    const exact = Math.max(...due.map((answer) => answerExact(predicted, answer)));
    return {
      id,
      answerable,
      predicted,
      exact,
      f1: Math.max(...due.map((answer) => answerF1(predicted, answer, version))),
    };
  });
}

function withThreshold(judged: Judged, { noAnswer, threshold = 1 }: SquadOptions): Judged {
  if (noAnswer === undefined || judged.predicted === undefined) return judged;
  if (probabilityOf(judged, noAnswer) <= threshold) return judged;
  const score = judged.answerable ? 0 : 1;
  return { ...judged, exact: score, f1: score };
}

function probabilityOf({ id }: Judged, noAnswer: ReadonlyMap<string, number>): number {
  const probability = noAnswer.get(id);
  if (probability !== undefined) return probability;
  throw new InputError(`Question ${id} has no no-answer probability. Give one for every question.`);
}

function shareOf(judged: readonly Judged[]): AnswerShare {
  const percent = (part: "exact" | "f1"): number =>
    (100 * judged.reduce((sum, one) => sum + one[part], 0)) / judged.length;
  return { exact: percent("exact"), f1: percent("f1"), questions: judged.length };
}

/** Questions are answered one by one, surest first; whatever is not answered yet counts as "no answer". */
function bestThreshold(
  judged: readonly Judged[],
  part: "exact" | "f1",
  noAnswer: ReadonlyMap<string, number>,
): { score: number; threshold: number } {
  let score = judged.filter(({ answerable }) => !answerable).length;
  let best = { score, threshold: 0 };
  const answered = judged.filter(({ predicted }) => predicted !== undefined);
  for (const one of answered.toSorted((a, b) => probabilityOf(a, noAnswer) - probabilityOf(b, noAnswer))) {
    score += one.answerable ? one[part] : one.predicted === "" ? 0 : -1;
    if (score > best.score) best = { score, threshold: probabilityOf(one, noAnswer) };
  }
  return { score: (100 * best.score) / judged.length, threshold: best.threshold };
}
