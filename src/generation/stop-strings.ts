/** Texts that end a sequence, across the borders of tokens. */
import { InputError } from "../errors/index.ts";
import type { GenerationOptions } from "./options.ts";

/** Tokens in front of those that a stop string can reach over: some decoders treat a first token in another way. */
const BEFORE = 4;

/** The stop strings of the options, as a list without empty ones. */
export function stopList({ stopStrings = [] }: Pick<GenerationOptions, "stopStrings">): readonly string[] {
  return (typeof stopStrings === "string" ? [stopStrings] : stopStrings).filter((text) => text !== "");
}

/**
 * Whether the last of some ids completes a stop string; undefined where there are none. The text may begin in the
 * prompt. Special tokens count as their text. Throws InputError where the tokenizer is missing.
 */
export function stopStringsOf(
  options: Pick<GenerationOptions, "stopStrings" | "tokenizer">,
): ((ids: readonly number[]) => boolean) | undefined {
  const texts = stopList(options);
  if (texts.length === 0) return undefined;
  const { tokenizer } = options;
  if (tokenizer === undefined) throw new InputError("stopStrings need the tokenizer, which reads ids: { tokenizer }.");
  // A token is at least one byte of text.
  const longest = Math.max(...texts.map((text) => new TextEncoder().encode(text).length)) + BEFORE;
  const textOf = (ids: readonly number[]): string => tokenizer.decode(ids, { skipSpecialTokens: false });
  return (ids) => {
    const tail = ids.slice(-longest);
    const text = textOf(tail);
    const known = shared(textOf(tail.slice(0, -1)), text);
    return texts.some((stop) => text.indexOf(stop, Math.max(known - stop.length + 1, 0)) >= 0);
  };
}

/** How many characters two texts have in common at the front. */
export function shared(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
