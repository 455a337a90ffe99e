/** What the tokens of a vocabulary are, for labels and colors. */
import { Bpe, Unigram, type Tokenizer } from "../tokens/index.ts";

/** A word or its beginning, what goes on inside of a word, a number, a mark, a special token, or bytes of a letter. */
export const tokenKinds = ["word", "piece", "number", "mark", "special", "bytes"] as const;
export type TokenKind = (typeof tokenKinds)[number];

/** How it is known which tokens are frequent. */
export type FrequencyOrder = "score" | "merges" | "id";

/** One token as people read it. */
export interface TokenName {
  /** Its text, with "…" at the side where a word goes on. */
  readonly label: string;
  readonly kind: TokenKind;
}

/** What a decoder writes for bytes that are no whole letter. */
const BROKEN = "\ufffd";

/** Names of the tokens of one vocabulary. */
export class TokenNames {
  readonly #tokenizer: Tokenizer;
  readonly #special: ReadonlySet<number>;
  readonly #cut: Cut;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    const added = tokenizer.parts.addedTokens ?? [];
    const ids = added.filter(({ special }) => special).map(({ content }) => tokenizer.tokenToId(content));
    this.#special = new Set(ids.filter((id) => id !== undefined));
    this.#cut = cutOf(tokenizer);
  }

  /** The name of a token; undefined for an id without one. */
  of(id: number): TokenName | undefined {
    const raw = this.#tokenizer.idToToken(id);
    if (raw === undefined) return undefined;
    if (this.#special.has(id)) return { label: raw, kind: "special" };
    const text = this.#tokenizer.decode([id], { skipSpecialTokens: false }).replace(/^##/, "").trim();
    if (text.includes(BROKEN)) return { label: raw, kind: "bytes" };
    if (text === "") return { label: "␣", kind: "mark" };
    const { before, after } = this.#cut(raw);
    const label = `${before ? "…" : ""}${text}${after ? "…" : ""}`;
    if (!/[\p{L}\p{N}]/u.test(text)) return { label: text, kind: "mark" };
    if (!/\p{L}/u.test(text)) return { label, kind: "number" };
    return { label, kind: before ? "piece" : "word" };
  }

  /**
   * All ids with a token that is not special, the most frequent first, and how that is known: by Unigram's scores, by
   * the order of BPE's merges, with single letters and bytes behind them, or by the order of the ids.
   */
  byFrequency(): { readonly ids: number[]; readonly order: FrequencyOrder } {
    const { model } = this.#tokenizer.parts;
    const ids = Array.from({ length: this.#tokenizer.size }, (_, id) => id);
    const known = ids.filter((id) => !this.#special.has(id) && this.#tokenizer.idToToken(id) !== undefined);
    if (model instanceof Bpe) {
      const merged = known.map((id) => this.#tokenizer.idToToken(id)!.length > 1);
      return { ids: [...known.filter((_, i) => merged[i]), ...known.filter((_, i) => !merged[i])], order: "merges" };
    }
    if (!(model instanceof Unigram)) return { ids: known, order: "id" };
    const score = (id: number): number => model.pieces[id]?.[1] ?? -Infinity;
    return { ids: known.sort((a, b) => score(b) - score(a) || a - b), order: "score" };
  }
}

/** Whether a word goes on before a token or after it, told from how the vocabulary writes it. */
type Cut = (raw: string) => { readonly before: boolean; readonly after: boolean };

/** So many tokens with a mark of a scheme are no accident. */
const SOME = 5;

function cutOf({ parts }: Tokenizer): Cut {
  const counts = { inside: 0, start: 0, end: 0, open: 0 };
  for (const token of parts.model.vocabulary.keys()) {
    if (token.startsWith("##")) counts.inside++;
    if (/^[▁Ġ]/.test(token)) counts.start++;
    if (token.endsWith("</w>")) counts.end++;
    if (token.endsWith("@@")) counts.open++;
  }
  if (counts.inside > SOME) return (raw) => ({ before: raw.startsWith("##"), after: false });
  if (counts.start > SOME) return (raw) => ({ before: !/^[▁Ġ]/.test(raw), after: false });
  if (counts.end > SOME) return (raw) => ({ before: false, after: !raw.endsWith("</w>") });
  if (counts.open > SOME) return (raw) => ({ before: false, after: raw.endsWith("@@") });
  return () => ({ before: false, after: false });
}
