/** Answers that are parts of a text. */
import { InputError } from "../errors/index.ts";
import type { Encoding } from "../tokens/index.ts";
import { rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** A part of the text that may be the answer. */
export interface Answer {
  /** Empty where the text does not answer the question. */
  readonly text: string;
  /** Where it stands in the context, [start, end) in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /**
   * The sum of the logits of its first and its last token, the best of all windows. Of no answer: those of the first
   * token, in the window where they are the worst.
   */
  readonly score: number;
  /** Among all that was looked at. */
  readonly probability: number;
}

/** What is asked about which text. */
export interface ContextQuestion {
  readonly question: string;
  readonly context: string;
}

/** How answers are searched for. */
export interface AnswerOptions extends Pick<ReadOptions, "maxLength"> {
  /** How many answers to give. Default: 1. */
  readonly top?: number | undefined;
  /** The most tokens of an answer. Default: 30, as in the code of BERT (Devlin et al. 2019, section 4.2). */
  readonly longestAnswer?: number | undefined;
  /** By how many tokens the windows over a long context overlap. Default: 128, at most half of a window. */
  readonly stride?: number | undefined;
  /**
   * How much better than the best part "no answer" must score to come first (Devlin et al. 2019, section 4.3). Default:
   * every question has an answer.
   */
  readonly noAnswer?: number | undefined;
}

/** Windows that go through the model together. */
const WINDOWS = 16;

/** A model that finds answers, with its tokenizer. */
export class QuestionAnswerer extends TextModel<"question-answering"> {
  /**
   * The most probable answers to a question in a context, best first. A context that is longer than the model reads is
   * read in windows. Throws InputError for an empty context, and for a question that leaves no room for it.
   */
  async answer(question: string, context: string, options: AnswerOptions = {}): Promise<Answer[]> {
    return (await this.answerAll([{ question, context }], options))[0]!;
  }

  /** As `answer`, for many questions together: the answers to each, in their order. */
  async answerAll(questions: readonly ContextQuestion[], options: AnswerOptions = {}): Promise<Answer[][]> {
    const windows = questions.flatMap(({ question, context }, asked) =>
      this.windows(question, context, options).map((window) => ({ window, asked })),
    );
    const found = questions.map((): Found => ({ spans: [], none: Infinity }));
    windows.sort((a, b) => a.window.ids.length - b.window.ids.length);
    for (let first = 0; first < windows.length; first += WINDOWS) {
      const some = windows.slice(first, first + WINDOWS);
      const { startLogits, endLogits } = await this.model.forward(this.feeds(some.map(({ window }) => window)));
      for (const [i, { window, asked }] of some.entries()) {
        const [starts, ends] = [rowOf(startLogits, i), rowOf(endLogits, i)];
        const into = found[asked]!;
        into.spans.push(...spansOf(window, starts, ends, options.longestAnswer ?? 30));
        into.none = Math.min(into.none, starts[0]! + ends[0]!);
      }
    }
    return found.map((one, i) => ranked(one, questions[i]!.context, options));
  }

  /**
   * A question with the parts of a context that are read with it: one where all of it fits, else windows that overlap by
   * `stride`. Throws InputError where one of both is empty, or the question leaves no room for the context.
   */
  windows(question: string, context: string, options: Pick<AnswerOptions, "maxLength" | "stride"> = {}): Encoding[] {
    if (question.trim() === "") throw new InputError("There is no question to answer. Give one.");
    if (context.trim() === "") throw new InputError("There is no text to find the answer in. Give one.");
    const maxLength = this.limit(options);
    if (maxLength === undefined) return [this.tokenizer.encode([question, context])];
    const room = maxLength - this.tokenizer.encode([question, ""]).ids.length;
    if (room < 1) throw new InputError(`The question alone fills the ${maxLength} tokens that the model reads.`);
    const stride = Math.min(options.stride ?? 128, Math.max(0, Math.floor(room / 2)));
    const truncation = { maxLength, strategy: "only_second", stride } as const;
    const first = this.tokenizer.encode([question, context], { truncation });
    return [first, ...first.overflowing];
  }
}

type Span = Pick<Answer, "start" | "end" | "score">;

interface Found {
  readonly spans: Span[];
  none: number;
}

/** The best answers of all windows: each part once, and "no answer" where it may be one. */
function ranked({ spans, none }: Found, context: string, { top = 1, noAnswer }: AnswerOptions): Answer[] {
  const distinct = new Map<string, Span>();
  for (const span of spans.sort((a, b) => b.score - a.score)) {
    const key = `${span.start} ${span.end}`;
    if (!distinct.has(key)) distinct.set(key, span);
  }
  const all = [...distinct.values()];
  if (noAnswer !== undefined) {
    const place = all.findIndex(({ score }) => none - score > noAnswer);
    all.splice(place < 0 ? all.length : place, 0, { start: 0, end: 0, score: none });
  }
  const best = all.reduce((most, { score }) => Math.max(most, score), -Infinity);
  const whole = all.reduce((sum, { score }) => sum + Math.exp(score - best), 0);
  return all.slice(0, top).map(({ start, end, score }) => ({
    ...{ text: context.slice(start, end), start, end, score },
    probability: Math.exp(score - best) / whole,
  }));
}

/** Spans of the second text, from the 20 best starts and ends. */
function spansOf(
  { sequenceIds, offsets }: Encoding,
  starts: Float32Array,
  ends: Float32Array,
  longest: number,
): { start: number; end: number; score: number }[] {
  const places = sequenceIds.flatMap((sequence, at) => (sequence === 1 ? [at] : []));
  const best = (logits: Float32Array): number[] => places.toSorted((a, b) => logits[b]! - logits[a]!).slice(0, 20);
  const lasts = best(ends);
  return best(starts).flatMap((from) =>
    lasts
      .filter((to) => to >= from && to - from < longest)
      .map((to) => ({ start: offsets[from]![0], end: offsets[to]![1], score: starts[from]! + ends[to]! })),
  );
}
