/** Where the answers stand in the text of a conversation. */
import { InputError } from "../errors/index.ts";
import type { ChatMessage } from "./chat.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A part of a text, [start, end) in UTF-16 units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** An answer in the text of a conversation, with the token that ends it. */
export interface AnswerSpan extends TextSpan {
  /** The place of the answer among the messages. */
  readonly turn: number;
  /** The special token that ends it; undefined where the template writes none. */
  readonly endToken: string | undefined;
}

/** A conversation as a text, up to its last answer. */
export interface ChatText {
  readonly text: string;
  readonly answers: readonly AnswerSpan[];
  /** Answers that stand in the text in another form than they were given in, because the template rewrites earlier turns. */
  readonly rewritten: number;
}

/**
 * The text of a conversation by the tokenizer's chat template, and the span of each turn of the role "assistant": from
 * where the model would begin to write up to the end of the special token that ends the turn. What stands in front is
 * what the template gives for the turns before with `addGenerationPrompt`. Throws InputError as `Tokenizer.chat` does,
 * and for a template whose text does not begin with the text of the turns before.
 */
export function answerSpans(tokenizer: Tokenizer, messages: readonly ChatMessage[]): ChatText {
  const turns = [...messages.keys()].filter((i) => messages[i]!.role === "assistant");
  const last = turns.at(-1);
  if (last === undefined) throw new InputError('No message has the role "assistant", so there is no answer to learn.');
  const text = tokenizer.chat(messages.slice(0, last + 1));
  const special = (tokenizer.parts.addedTokens ?? []).filter((token) => token.special).map(({ content }) => content);
  const answers: AnswerSpan[] = [];
  for (const turn of turns) {
    const front = tokenizer.chat(messages.slice(0, turn), { addGenerationPrompt: true });
    const whole = turn === last ? text : tokenizer.chat(messages.slice(0, turn + 1));
    if (text.startsWith(whole) && whole.startsWith(front)) {
      answers.push({ turn, ...spanOf(whole, front.length, String(messages[turn]!.content), special) });
    } else if (turn === last) {
      throw new InputError(
        "The chat template writes an answer in another place than where it has the model begin one " +
          "(add_generation_prompt), so the tokens of answers cannot be told. Use another template.",
      );
    }
  }
  return { text, answers, rewritten: turns.length - answers.length };
}

/** From `start` to the first special token behind the content; to the end of the text where there is none. */
function spanOf(
  whole: string,
  start: number,
  content: string,
  special: readonly string[],
): TextSpan & Pick<AnswerSpan, "endToken"> {
  const trimmed = content.trim();
  const found = whole.indexOf(trimmed, start);
  const behind = found < 0 ? start : found + trimmed.length;
  let best: { at: number; token: string } | undefined;
  for (const token of special) {
    const at = whole.indexOf(token, behind);
    if (at >= 0 && (best === undefined || at < best.at || (at === best.at && token.length > best.token.length))) {
      best = { at, token };
    }
  }
  return best === undefined
    ? { start, end: whole.length, endToken: undefined }
    : { start, end: best.at + best.token.length, endToken: best.token };
}
