import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { byteTokens } from "./byte-fallback.ts";
import type { Model, Pieces } from "./model.ts";
import { PieceTrie, ROOT } from "./piece-trie.ts";
import { readSettings, type StageJson } from "./stages.ts";
import { WordCache } from "./word-cache.ts";

/** What a Unigram model consists of. */
export interface UnigramSettings {
  /** Pieces with the logarithms of their probabilities; a piece's id is its place. */
  readonly pieces: readonly (readonly [string, number])[];
  /** The id for what no piece can write. */
  readonly unknownId?: number | undefined;
  /** Whether unknown characters become tokens such as `<0x0A>`, one for each byte. */
  readonly byteFallback?: boolean | undefined;
  /** Ids of pieces that no text is cut into: SentencePiece's control pieces, which are added by their ids. */
  readonly hidden?: readonly number[] | undefined;
  /** Adds in float32, as SentencePiece does, where Hugging Face `tokenizers` adds in float64. */
  readonly singlePrecision?: boolean | undefined;
}

/** How much less likely than the least likely piece an unknown character is (SentencePiece's constant). */
const UNKNOWN_PENALTY = 10;

/**
 * The Unigram language model (Kudo 2018, section 3.2): of all ways to cut a word into pieces the most likely one,
 * found by Viterbi's algorithm. Unknown characters in a row become one token.
 */
export class Unigram implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  readonly pieces: readonly (readonly [string, number])[];
  readonly byteFallback: boolean;
  private readonly singlePrecision: boolean;
  private readonly scores: Float64Array;
  private readonly unknownScore: number;
  private readonly trie = new PieceTrie();
  private readonly cache = new WordCache();
  /** For each end in the word: the score of the best path to it, where its last piece starts, and its id. */
  private best = new Float64Array(0);
  private from = new Int32Array(0);
  private last = new Int32Array(0);
  private readonly compute = (word: string): Pieces => this.cut(word);

  /** Throws CheckpointError where `unknownId` is not the id of a piece. */
  constructor({ pieces, unknownId, byteFallback = false, singlePrecision = false, hidden = [] }: UnigramSettings) {
    if (unknownId !== undefined && pieces[unknownId] === undefined) {
      throw new CheckpointError(`model.Unigram: "unk_id" is ${unknownId}, and there are ${pieces.length} pieces.`);
    }
    this.pieces = pieces;
    this.unknownId = unknownId;
    this.byteFallback = byteFallback;
    this.singlePrecision = singlePrecision;
    this.vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
    this.scores = Float64Array.from(pieces, ([, score]) => (singlePrecision ? Math.fround(score) : score));
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    const unseen = new Set(hidden);
    for (const [piece, id] of this.vocabulary) if (piece !== "" && !unseen.has(id)) this.trie.add(piece, id);
  }

  /** Throws CheckpointError for an unknown character where the vocabulary has no token for such. */
  encode(word: string): Pieces {
    return this.cache.get(word, this.compute);
  }

  knows(word: string): boolean {
    this.search(word);
    for (let end = word.length; end > 0; end = this.from[end]!) {
      const id = this.last[end]!;
      const literal = word.slice(this.from[end], end);
      if (id === -1 && !(this.byteFallback && byteTokens(literal, this.vocabulary) !== undefined)) return false;
    }
    return true;
  }

  /** The token of an id; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.pieces[id]?.[0];
  }

  toJson(): StageJson {
    return {
      type: "Unigram",
      unk_id: this.unknownId ?? null,
      vocab: this.pieces,
      byte_fallback: this.byteFallback,
    };
  }

  private cut(word: string): Pieces {
    this.search(word);
    const pieces = { ids: [] as number[], starts: [] as number[], ends: [] as number[] };
    const add = (id: number, start: number, end: number): void => {
      pieces.ids.push(id);
      pieces.starts.push(start);
      pieces.ends.push(end);
    };
    for (let end = word.length; end > 0;) {
      let start = this.from[end]!;
      const id = this.last[end]!;
      if (id !== -1 && id !== this.unknownId) {
        add(id, start, end);
      } else {
        while (start > 0 && (this.last[start] === -1 || this.last[start] === this.unknownId)) start = this.from[start]!;
        for (const part of this.idsOfUnknown(word.slice(start, end))) add(part, start, end);
      }
      end = start;
    }
    pieces.ids.reverse();
    pieces.starts.reverse();
    pieces.ends.reverse();
    return pieces;
  }

  /** Viterbi's forward pass. An unknown character has the id -1. */
  private search(word: string): void {
    this.reserve(word.length + 1);
    const { best, from, last, scores, trie, singlePrecision } = this;
    from.fill(-1, 0, word.length + 1);
    best[0] = 0;
    for (let start = 0, step = 1; start < word.length; start += step) {
      step = word.codePointAt(start)! > 0xffff ? 2 : 1;
      const here = best[start]!;
      let single = false;
      let node = ROOT;
      for (let at = start; at < word.length;) {
        node = trie.next(node, word.charCodeAt(at++));
        if (node === -1) break;
        const id = trie.idAt(node);
        if (id === -1) continue;
        const score = singlePrecision ? Math.fround(here + scores[id]!) : here + scores[id]!;
        if (from[at] === -1 || score > best[at]!) {
          best[at] = score;
          from[at] = start;
          last[at] = id;
        }
        if (at - start === step) single = true;
      }
      if (single) continue;
      const end = start + step;
      const score = singlePrecision ? Math.fround(here + this.unknownScore) : here + this.unknownScore;
      if (from[end] === -1 || score > best[end]!) {
        best[end] = score;
        from[end] = start;
        last[end] = -1;
      }
    }
  }

  /** The ids of unknown characters in a row, the last one first. */
  private idsOfUnknown(text: string): number[] {
    const id = this.vocabulary.get(text);
    if (id !== undefined) return [id];
    const bytes = this.byteFallback ? byteTokens(text, this.vocabulary) : undefined;
    if (bytes !== undefined) return bytes.reverse();
    if (this.unknownId !== undefined) return [this.unknownId];
    throw new CheckpointError(
      `The vocabulary cannot write ${JSON.stringify(text)}, and "unk_id" names no token for what is unknown; set it.`,
    );
  }

  private reserve(length: number): void {
    if (length <= this.best.length) return;
    this.best = new Float64Array(2 * length);
    this.from = new Int32Array(2 * length);
    this.last = new Int32Array(2 * length);
  }
}

const schema = z.object({
  unk_id: z.number().int().nonnegative().nullish(),
  vocab: z.array(z.tuple([z.string(), z.number()])),
  byte_fallback: z.boolean().default(false),
});

/** A Unigram model from `tokenizer.json`. */
export function readUnigram(json: unknown, where: string): Unigram {
  const read = readSettings(schema, json, where);
  return new Unigram({ pieces: read.vocab, unknownId: read.unk_id ?? undefined, byteFallback: read.byte_fallback });
}
