/** Text as it comes, in pieces that hold whole characters. */
import type { Values } from "../runtime/index.ts";
import type { CachedModel } from "./cached-model.ts";
import { streamTokens } from "./generate.ts";
import type { Decodes, Generated, GenerationOptions } from "./options.ts";
import { shared, stopList } from "./stop-strings.ts";

/** Reads ids, and tells the tokens of bytes from others: a Tokenizer is one. */
export interface ReadsTokens extends Decodes {
  idToToken?(id: number): string | undefined;
}

/** What streaming is told. */
export interface StreamTextOptions extends GenerationOptions {
  readonly tokenizer: ReadsTokens;
  /** The last tokens of the prompt: the text goes on from theirs, so that a blank between the two is not lost. */
  readonly before?: ArrayLike<number> | undefined;
}

/**
 * The text of one sequence as it comes. A piece never holds a part of a character, and never the beginning of a stop
 * string before it is known not to be one: the text ends in front of a stop string. Without one, the pieces together
 * are what the tokenizer makes of all ids. The whole sequence is the iterator's return value.
 * @throws InputError as `streamTokens` does.
 */
export async function* streamText(
  model: CachedModel,
  feeds: Values,
  options: StreamTextOptions,
): AsyncGenerator<string, Generated, undefined> {
  const reader = new TextReader(options.tokenizer, stopList(options), options.before);
  const tokens = streamTokens(model, feeds, options);
  try {
    for (;;) {
      const next = await tokens.next();
      if (next.done === true) {
        const rest = reader.finish();
        if (rest !== "") yield rest;
        return next.value;
      }
      const piece = reader.push(next.value.id);
      if (piece !== "") yield piece;
    }
  } finally {
    await tokens.return(undefined as never);
  }
}

/** The text of a whole sequence: what the pieces of its stream are together. */
export function textOf(
  ids: ArrayLike<number>,
  options: Pick<StreamTextOptions, "tokenizer" | "before" | "stopStrings">,
): string {
  const reader = new TextReader(options.tokenizer, stopList(options), options.before);
  return Array.from(ids, (id) => reader.push(id)).join("") + reader.finish();
}

/** Tokens that stay before those that are read anew, since some decoders treat a first token in another way. */
const CONTEXT = 8;
/** So many tokens are read anew with each one, before the first of them are left behind. */
const WINDOW = 32;

/** From ids, one after another, to pieces of text. */
export class TextReader {
  readonly #tokenizer: ReadsTokens;
  readonly #stops: readonly string[];
  /** The last tokens: the text of the first `#settled` of them has been dealt with. */
  #ids: number[];
  #settled: number;
  /** What is known of the text, and held back since it may be the beginning of a stop string. */
  #held = "";
  #stopped = false;

  constructor(tokenizer: ReadsTokens, stops: readonly string[] = [], before: ArrayLike<number> = []) {
    this.#tokenizer = tokenizer;
    this.#stops = stops;
    this.#ids = Array.from(before).slice(-CONTEXT);
    this.#settled = this.#ids.length;
  }

  /** The text that has become certain with one more token. */
  push(id: number): string {
    this.#ids.push(id);
    const last = this.#ids.findLastIndex((one) => !this.#isByte(one)) + 1;
    if (last <= this.#settled) return "";
    const [before, text] = [this.#text(this.#settled), this.#text(last)];
    // What follows may complete the last character, or, in a run of bytes, change all of it.
    if (text.endsWith("\ufffd")) return "";
    this.#settled = last;
    const grown = text.slice(shared(before, text));
    if (this.#settled > WINDOW) {
      const left = this.#settled - CONTEXT;
      this.#ids = this.#ids.slice(left);
      this.#settled -= left;
    }
    return this.#release(grown, false);
  }

  /** What is left when no token follows. */
  finish(): string {
    const [before, text] = [this.#text(this.#settled), this.#text(this.#ids.length)];
    return this.#release(text.slice(shared(before, text)), true);
  }

  #text(count: number): string {
    return count === 0 ? "" : this.#tokenizer.decode(this.#ids.slice(0, count));
  }

  #isByte(id: number): boolean {
    return /^<0x[0-9a-fA-F]{2}>$/.test(this.#tokenizer.idToToken?.(id) ?? "");
  }

  /** Cuts at a stop string, and holds back what may be the beginning of one. */
  #release(grown: string, all: boolean): string {
    if (this.#stopped) return "";
    const text = this.#held + grown;
    const at = Math.min(...this.#stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0));
    if (at < Infinity) {
      this.#stopped = true;
      return text.slice(0, at);
    }
    const keep = all ? 0 : Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }
}

/** How many characters at the end of a text are the beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
