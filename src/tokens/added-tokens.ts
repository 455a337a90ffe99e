import { Aligned } from "./aligned.ts";
import { classOf, leadingSpace, trailingSpace, WORD } from "./characters.ts";
import type { Normalizer } from "./normalizers.ts";
import { escapeLiteral } from "./pattern.ts";

/** A token that is found in the text as it is, before anything is cut: special tokens, and words added later. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where no letter or digit touches it. */
  readonly singleWord: boolean;
  /** Swallows white space before it. */
  readonly lstrip: boolean;
  /** Swallows white space after it. */
  readonly rstrip: boolean;
  /** Looked for in the normalized text, in its normalized form. */
  readonly normalized: boolean;
  /** Left out when decoding. */
  readonly special: boolean;
}

/** A special token with the usual settings. */
export function specialToken(id: number, content: string): AddedToken {
  return { id, content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

interface Matcher {
  readonly expression: RegExp;
  readonly tokens: ReadonlyMap<string, AddedToken>;
}

/** Finds added tokens in texts, and knows their ids. */
export class AddedTokens {
  readonly list: readonly AddedToken[];
  private readonly ids: ReadonlyMap<string, number>;
  private readonly texts: ReadonlyMap<number, string>;
  private readonly specials: ReadonlySet<string>;
  private readonly raw: Matcher | undefined;
  private readonly normalized: Matcher | undefined;

  constructor(tokens: readonly AddedToken[], normalizer: Normalizer | undefined) {
    this.list = tokens.filter((token) => token.content !== "");
    const form = (token: AddedToken): string => {
      if (!token.normalized || normalizer === undefined) return token.content;
      return normalizer.normalize(new Aligned(token.content, 0, undefined, false)).text;
    };
    this.ids = new Map(this.list.map((token) => [token.content, token.id]));
    this.texts = new Map(this.list.map((token) => [token.id, form(token)]));
    this.specials = new Set(this.list.filter((token) => token.special).map((token) => token.content));
    const matcher = (normalized: boolean): Matcher | undefined =>
      makeMatcher(this.list.filter((token) => token.normalized === normalized).map((token) => [form(token), token]));
    this.raw = matcher(false);
    this.normalized = matcher(true);
  }

  idOf(content: string): number | undefined {
    return this.ids.get(content);
  }

  /** The text that the id decodes to. */
  textOf(id: number): string | undefined {
    return this.texts.get(id);
  }

  isSpecial(text: string): boolean {
    return this.specials.has(text);
  }

  /** Cuts out the tokens that are looked for before (`raw`) or after normalization, and hands on all parts. */
  split(piece: Aligned, when: "raw" | "normalized", emit: (part: Aligned) => void): void {
    const matcher = this[when];
    if (matcher === undefined || piece.token >= 0) {
      emit(piece);
      return;
    }
    const { text } = piece;
    let done = 0;
    for (const match of text.matchAll(matcher.expression)) {
      const token = matcher.tokens.get(match[0])!;
      let [start, end] = [match.index, match.index + match[0].length];
      if (token.singleWord && (endsInWord(text.slice(0, start)) || startsWithWord(text.slice(end)))) continue;
      if (token.lstrip) start = Math.max(done, start - trailingSpace(text.slice(0, start)));
      if (token.rstrip) end += leadingSpace(text.slice(end));
      if (done < start) emit(piece.slice(done, start));
      emit(piece.slice(start, end, token.id));
      done = end;
    }
    if (done < text.length) emit(piece.slice(done, text.length));
  }
}

/** An expression that finds the leftmost token, of several there the longest. */
function makeMatcher(entries: readonly (readonly [string, AddedToken])[]): Matcher | undefined {
  const tokens = new Map(entries.filter(([form]) => form !== ""));
  if (tokens.size === 0) return undefined;
  const forms = [...tokens.keys()].sort((a, b) => b.length - a.length);
  return { expression: new RegExp(forms.map(escapeLiteral).join("|"), "gu"), tokens };
}

function startsWithWord(text: string): boolean {
  return text !== "" && (classOf(text.codePointAt(0)!) & WORD) !== 0;
}

function endsInWord(text: string): boolean {
  const last = /[\s\S]$/u.exec(text)?.[0];
  return last !== undefined && (classOf(last.codePointAt(0)!) & WORD) !== 0;
}
