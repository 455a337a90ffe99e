/** Answers that are parts of a text. */
import { InputError } from "../errors/index.ts";
import type { Encoding } from "../tokens/index.ts";
import { rowOf, TextModel, type ReadOptions } from "./text-model.ts";

/** A part of the text that may be the answer. */
export interface Answer {
  readonly text: string;
  /** Where it stands in the context, [start, end) in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** The sum of the logits of its first and its last token, over all windows. */
  readonly score: number;
  /** Among all parts that were looked at. */
  readonly probability: number;
}

/** How answers are searched for. */
export interface AnswerOptions extends Pick<ReadOptions, "maxLength"> {
  /** How many answers to give. Default: 1. */
  readonly top?: number | undefined;
  /** The most tokens of an answer. Default: 30, as in the code of BERT (Devlin et al. 2019, section 4.2). */
  readonly longestAnswer?: number | undefined;
  /** By how many tokens the windows over a long context overlap. Default: 128. */
  readonly stride?: number | undefined;
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
    if (question.trim() === "") throw new InputError("There is no question to answer. Give one.");
    if (context.trim() === "") throw new InputError("There is no text to find the answer in. Give one.");
    const { top = 1, longestAnswer = 30 } = options;
    const windows = this.#windows(question, context, options);
    const found: ReturnType<typeof spansOf> = [];
    for (let first = 0; first < windows.length; first += WINDOWS) {
      const some = windows.slice(first, first + WINDOWS);
      const { startLogits, endLogits } = await this.model.forward(this.feeds(some));
      for (const [i, window] of some.entries()) {
        found.push(...spansOf(window, rowOf(startLogits, i), rowOf(endLogits, i), longestAnswer));
      }
    }
    const distinct = new Map<string, (typeof found)[number]>();
    for (const span of found.sort((a, b) => b.score - a.score)) {
      const key = `${span.start} ${span.end}`;
      if (!distinct.has(key)) distinct.set(key, span);
    }
    const best = found[0]?.score ?? 0;
    const whole = [...distinct.values()].reduce((sum, { score }) => sum + Math.exp(score - best), 0);
    return [...distinct.values()].slice(0, top).map(({ start, end, score }) => ({
      ...{ text: context.slice(start, end), start, end, score },
      probability: Math.exp(score - best) / whole,
    }));
  }

  #windows(question: string, context: string, options: AnswerOptions): Encoding[] {
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
