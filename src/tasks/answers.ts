/** Prompts and answers as the ids that a model which writes sees. */
import type { Said } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import type { ChatMessage, Tokenizer } from "../tokens/index.ts";

/** An answer to a prompt, as text. */
export interface Answered {
  readonly prompt: Said;
  readonly answer: Said;
  /** Whether the answer has come to its end, which its end token says. Default: true. */
  readonly finished?: boolean | undefined;
}

/** Judges answers: one number each, the higher the better. */
export type Reward = (answers: readonly Answered[]) => ArrayLike<number> | Promise<ArrayLike<number>>;

/**
 * The ids that an answer goes on from: those of a text, or of a conversation in the form of the model's chat template; the
 * token that begins texts for an empty one. Throws InputError where the tokenizer has none of these.
 */
export function promptIds(tokenizer: Tokenizer, prompt: Said): number[] {
  const ids = Array.from(
    typeof prompt === "string"
      ? tokenizer.ids(prompt)
      : tokenizer.ids(tokenizer.chat(prompt, { addGenerationPrompt: true }), { addSpecialTokens: false }),
  );
  if (ids.length > 0) return ids;
  const begin = tokenizer.special.bos?.id ?? tokenizer.special.eos?.id;
  if (begin !== undefined) return [begin];
  throw new InputError("A prompt is empty, and this tokenizer has no token to begin with. Give some text.");
}

/**
 * The ids of an answer, its end token included where it is finished and the tokenizer has one. In a conversation they are
 * what the chat template makes of the answer behind the prompt. Throws InputError where it does not write it there.
 */
export function answerIds(tokenizer: Tokenizer, { prompt, answer, finished = true }: Answered): number[] {
  const end = tokenizer.special.eos?.id;
  const ids = Array.from(tokenizer.ids(answerText(tokenizer, prompt, answer), { addSpecialTokens: false }));
  return !finished || end === undefined || ids.includes(end) ? ids : [...ids, end];
}

function answerText(tokenizer: Tokenizer, prompt: Said, answer: Said): string {
  if (typeof prompt === "string") return typeof answer === "string" ? answer : answer.map(contentOf).join("\n");
  const turns = typeof answer === "string" ? [{ role: "assistant", content: answer }] : answer;
  const front = tokenizer.chat(prompt, { addGenerationPrompt: true });
  const whole = tokenizer.chat([...prompt, ...turns]);
  if (whole.startsWith(front)) return whole.slice(front.length);
  throw new InputError(
    "The chat template does not write an answer behind its prompt, so the two cannot be told apart. " +
      "Give prompts and answers as texts.",
  );
}

const contentOf = ({ content }: ChatMessage): string => String(content);

/** A prompt and an answer that fit into `limit` tokens together: the prompt loses its beginning, then the answer its end. */
export function fitted(
  prompt: readonly number[],
  answer: readonly number[],
  limit: number | undefined,
): { readonly prompt: readonly number[]; readonly answer: readonly number[]; readonly cut: boolean } {
  if (limit === undefined || prompt.length + answer.length <= limit) return { prompt, answer, cut: false };
  const kept = answer.slice(0, limit - 1);
  return { prompt: prompt.slice(Math.max(0, prompt.length - (limit - kept.length))), answer: kept, cut: true };
}
