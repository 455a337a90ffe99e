import type { Bpe } from "./bpe.ts";
import type { Unigram } from "./unigram.ts";
import type { WordPiece } from "./word-piece.ts";

/** How a model cuts a word. */
export type ModelSteps = MergeSteps | MatchSteps | PathSteps | WholeWord | { readonly kind: "added" };

/** Byte-pair encoding: from single characters, the pair that was learned first is joined first. */
export interface MergeSteps {
  readonly kind: "merges";
  readonly symbols: readonly string[];
  readonly merges: readonly {
    readonly left: string;
    readonly right: string;
    /** Its place in the list of merges, from 0. */
    readonly rank: number;
    /** The word after it. */
    readonly symbols: readonly string[];
  }[];
}

/** WordPiece: from left to right the longest piece that the vocabulary has. */
export interface MatchSteps {
  readonly kind: "matches";
  readonly matches: readonly {
    /** Undefined where nothing matched: the whole word is then unknown. */
    readonly piece: string | undefined;
    readonly start: number;
    readonly end: number;
    /** The longer pieces that the vocabulary does not have, the longest first. */
    readonly tried: readonly string[];
  }[];
  /** Whether the word has more characters than the model takes. */
  readonly tooLong: boolean;
}

/** Unigram: the path of the largest sum of log-probabilities. */
export interface PathSteps {
  readonly kind: "path";
  readonly score: number;
  /** The pieces of the path; a score with `unknown` is that of characters that no piece writes. */
  readonly path: readonly ScoredPart[];
  /** All pieces that could stand somewhere in the word, by place and length. */
  readonly candidates: readonly ScoredPart[];
}

/** A piece with its log-probability, and where it stands in the word (UTF-16 units). */
export interface ScoredPart {
  readonly piece: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly unknown?: true;
}

/** A vocabulary of whole words. */
export interface WholeWord {
  readonly kind: "word";
  readonly known: boolean;
}

/** The merges that make the pieces of a word, in the order in which they are done. */
export function explainBpe(model: Bpe): (word: string) => MergeSteps {
  const ranks = new Map(model.merges.map(([left, right], rank) => [`${left.length} ${left}${right}`, rank]));
  const { continuing_subword_prefix, ignore_merges } = model.toJson();
  const prefix = typeof continuing_subword_prefix === "string" ? continuing_subword_prefix : "";
  return (word) => {
    if (ignore_merges === true && model.vocabulary.has(word)) return { kind: "merges", symbols: [word], merges: [] };
    let symbols = model.characters(word).ids.map((id) => model.idToToken(id)!);
    const start = symbols;
    const merges: MergeSteps["merges"][number][] = [];
    for (;;) {
      const all = symbols
        .slice(1)
        .map((right, i) => ranks.get(`${symbols[i]!.length} ${symbols[i]!}${right}`) ?? Infinity);
      const rank = all.reduce((least, one) => Math.min(least, one), Infinity);
      if (rank === Infinity) return { kind: "merges", symbols: start, merges };
      const at = all.indexOf(rank);
      const [left, right] = [symbols[at]!, symbols[at + 1]!];
      symbols = [...symbols.slice(0, at), left + right.slice(prefix.length), ...symbols.slice(at + 2)];
      merges.push({ left, right, rank, symbols });
    }
  };
}

/** The longest matches that make the pieces of a word. */
export function explainWordPiece(model: WordPiece): (word: string) => MatchSteps {
  const { vocabulary, continuingSubwordPrefix, maxInputCharsPerWord } = model;
  return (word) => {
    const matches: MatchSteps["matches"][number][] = [];
    if (Array.from(word).length > maxInputCharsPerWord) return { kind: "matches", matches, tooLong: true };
    for (let start = 0; start < word.length;) {
      const prefix = start === 0 ? "" : continuingSubwordPrefix;
      const tried: string[] = [];
      let end = word.length;
      while (end > start && !vocabulary.has(prefix + word.slice(start, end))) {
        tried.push(prefix + word.slice(start, end));
        end -= end > start + 1 && word.codePointAt(end - 2)! > 0xffff ? 2 : 1;
      }
      const piece = end > start ? prefix + word.slice(start, end) : undefined;
      matches.push({ piece, start, end, tried });
      if (piece === undefined) break;
      start = end;
    }
    return { kind: "matches", matches, tooLong: false };
  };
}

/** The path of a word with its scores, and the pieces that it was chosen from. */
export function explainUnigram(model: Unigram): (word: string) => PathSteps {
  const scores = new Map(model.pieces);
  const least = model.pieces.reduce((smallest, [, score]) => Math.min(smallest, score), Infinity);
  const longest = model.pieces.reduce((most, [piece]) => Math.max(most, piece.length), 0);
  // SentencePiece's penalty for a character that no piece writes, as the model has it.
  const unknown = least - 10;
  return (word) => {
    const candidates: ScoredPart[] = [];
    for (let start = 0; start < word.length; start++) {
      for (let end = start + 1; end <= Math.min(word.length, start + longest); end++) {
        const piece = word.slice(start, end);
        const score = scores.get(piece);
        if (score !== undefined) candidates.push({ piece, start, end, score });
      }
    }
    const path: ScoredPart[] = [];
    const { ids, starts, ends } = model.encode(word);
    ids.forEach((id, i) => {
      const [start, end] = [starts[i]!, ends[i]!];
      // Several byte tokens may stand for the same characters.
      if (i > 0 && starts[i - 1] === start) return;
      const piece = word.slice(start, end);
      const score = model.pieces[id]![0] === piece ? scores.get(piece) : undefined;
      path.push(
        score === undefined
          ? { piece, start, end, score: unknown * Array.from(piece).length, unknown: true }
          : { piece, start, end, score },
      );
    });
    return { kind: "path", score: path.reduce((sum, part) => sum + part.score, 0), path, candidates };
  };
}
