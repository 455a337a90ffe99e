/** Fine-tuning for answers that are parts of a text, from files as SQuAD's (Devlin et al. 2019, sections 4.2 and 4.3). */
import { parseSquad, type TextQuestion } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { answerStatistics, type ExampleStatistics } from "../evaluation/index.ts";
import { readJson, type ReadableFolder } from "../files/index.ts";
import { answerPlaces } from "../objectives/index.ts";
import { QuestionAnswerer, type Answer } from "../tasks/answer.ts";
import type { Model } from "../tasks/model.ts";
import { readTokens, type ReadTokens, type TextModel } from "../tasks/text-model.ts";
import type { Encoding } from "../tokens/index.ts";
import type { FinetuneConfig } from "./finetune.ts";
import { lengthsLine, type FinetuneTask, type PreparedTask, type TaskOptions } from "./finetune-task.ts";

/** A question about a text, with what answers it. */
export interface AskedQuestion {
  readonly question: string;
  readonly context: string;
  /** Of the answers, none where the text has none, the texts as the file has them. */
  readonly answers: readonly string[];
  /** Where the first answer stands, [start, end) in UTF-16 units; undefined where there is none, or it is not there. */
  readonly span: readonly [start: number, end: number] | undefined;
  /** File and id, for messages. */
  readonly place: string;
}

/** Answers that are parts of a text. */
export const answering: FinetuneTask<AskedQuestion> = {
  head: { task: "question-answering" },
  goal: () => ({ score: "F1", better: "higher" }),
  read: readQuestions,
  config: () => ({}),
  texts: (rows) => [...new Set(rows.map(({ context }) => context)), ...rows.map(({ question }) => question)],
  prepare: prepareAnswers,
  judge: judgeAnswers,
};

/** The questions of SQuAD's files. Throws InputError that names the file, and the place in it. */
export async function readQuestions(files: ReadableFolder, paths: readonly string[]): Promise<AskedQuestion[]> {
  const rows: AskedQuestion[] = [];
  for (const path of paths) {
    const name = files.describe(path);
    for (const one of parseSquad(await readJson(files, path), name))
      rows.push(asked(one, `${name}, question ${one.id}`));
  }
  return rows;
}

function asked({ question, context, answers }: TextQuestion, place: string): AskedQuestion {
  if (context.trim() === "") throw new InputError(`${place}: the text is empty. Leave the question out.`);
  if (question.trim() === "") throw new InputError(`${place}: the question is empty. Leave it out.`);
  const [first] = answers;
  const span = first === undefined ? undefined : spanIn(context, first.text, first.start);
  return { question, context, answers: answers.map(({ text }) => text), span, place };
}

/** Where an answer stands: at the code point that the file says, or, where it does not, at the place nearest to it. */
function spanIn(context: string, text: string, start: number): [number, number] | undefined {
  // Most texts have no characters beyond the first plane, where both counts are the same.
  const said = context.startsWith(text, start) ? start : Array.from(context).slice(0, start).join("").length;
  let best = -1;
  for (let at = context.indexOf(text); at >= 0 && text !== ""; at = context.indexOf(text, at + 1)) {
    if (best < 0 || Math.abs(at - said) < Math.abs(best - said)) best = at;
  }
  return best < 0 ? undefined : [best, best + text.length];
}

const answererOf = (model: TextModel): QuestionAnswerer =>
  new QuestionAnswerer(model.model as Model<"question-answering">, model.tokenizer);

interface Window {
  readonly tokens: ReadTokens;
  /** First and last token of the answer; of both the first token where the window does not hold it. */
  readonly places: readonly [number, number];
}

function prepareAnswers(model: TextModel, rows: readonly AskedQuestion[], config: FinetuneConfig): PreparedTask {
  const answerer = answererOf(model);
  const windows: Window[] = [];
  let [lost, split] = [0, 0];
  for (const row of rows) {
    const { question, context, answers, span, place } = row;
    if (answers.length > 0 && span === undefined) {
      lost++;
      continue;
    }
    const encodings = windowsOf(answerer, { question, context, place }, config);
    if (encodings.length > 1) split++;
    for (const encoding of encodings)
      windows.push({ tokens: readTokens(encoding), places: span === undefined ? [0, 0] : placesOf(encoding, span) });
  }
  if (windows.length === 0) throw new InputError("No answer stands in its text: there is nothing to learn from.");
  const lengths = windows.map(({ tokens }) => tokens.ids.length);
  const given = Object.keys(model.feeds([windows[0]!.tokens]));
  return {
    lengths,
    objective: answerPlaces(model.model.architecture, given),
    batch: (examples) => {
      const some = examples.map((index) => windows[index]!);
      const column = (side: 0 | 1) => {
        const data = Int32Array.from(some, ({ places }) => places[side]);
        return { dtype: "int32" as const, shape: [data.length], data };
      };
      const feeds = model.feeds(some.map(({ tokens }) => tokens));
      return { feeds: { ...feeds, startPositions: column(0), endPositions: column(1) }, targets: examples.length };
    },
    summary: summaryOf(rows, windows, { lost, split, lengths }),
  };
}

function windowsOf(
  answerer: QuestionAnswerer,
  { question, context, place }: Pick<AskedQuestion, "question" | "context" | "place">,
  { maxLength, stride }: TaskOptions,
): Encoding[] {
  try {
    return answerer.windows(question, context, { maxLength, stride });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${place}: ${error.message}`, { cause: error });
  }
}

/** The tokens of a window that hold [start, end) of the context; the first token where it does not hold all of it. */
function placesOf({ sequenceIds, offsets }: Encoding, [start, end]: readonly [number, number]): [number, number] {
  const inside = sequenceIds.flatMap((sequence, at) => (sequence === 1 ? [at] : []));
  const touching = inside.filter((at) => offsets[at]![0] < end && offsets[at]![1] > start);
  const [first, last] = [touching[0], touching.at(-1)];
  if (first === undefined || last === undefined) return [0, 0];
  // What a neighboring window has may begin before this one, or end behind it.
  const begins = first > inside[0]! || offsets[first]![0] <= start;
  const ends = last < inside.at(-1)! || offsets[last]![1] >= end;
  return begins && ends ? [first, last] : [0, 0];
}

function summaryOf(
  rows: readonly AskedQuestion[],
  windows: readonly Window[],
  { lost, split, lengths }: { readonly lost: number; readonly split: number; readonly lengths: readonly number[] },
): string[] {
  const without = rows.filter(({ answers }) => answers.length === 0).length;
  const empty = windows.filter(({ places }) => places[1] === 0).length;
  const none = without === 0 ? "" : `, ${without} without an answer`;
  return [
    `${rows.length} questions${none}; ${windows.length} windows, ${empty} of them without the answer`,
    lengthsLine(lengths, "tokens a window"),
    ...(split === 0
      ? []
      : [`${split} texts are too long for one window and are read in several that overlap (stride)`]),
    ...(lost === 0 ? [] : [`${lost} answers do not stand in their text: these questions are not learned from`]),
  ];
}

async function judgeAnswers(
  model: TextModel,
  rows: readonly AskedQuestion[],
  options: TaskOptions,
): Promise<ExampleStatistics[]> {
  const found = await predictedAnswers(model, rows, options);
  const questions = rows.map(({ answers }, id) => ({ id: String(id), answers }));
  return answerStatistics(questions, new Map(found.map(([best], id) => [String(id), best?.text ?? ""])));
}

/**
 * The best answers to each question, more than one where `top` says so. Where some of the questions have no answer, "no
 * answer" is one of those looked at.
 */
export async function predictedAnswers(
  model: TextModel,
  rows: readonly AskedQuestion[],
  { maxLength, stride, noAnswerThreshold, top = 1 }: TaskOptions & { readonly top?: number },
): Promise<Answer[][]> {
  const unanswerable = rows.some(({ answers }) => answers.length === 0);
  const noAnswer = noAnswerThreshold ?? (unanswerable ? 0 : undefined);
  return answererOf(model).answerAll(rows, { maxLength, stride, noAnswer, top });
}
