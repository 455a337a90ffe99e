import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { byId, tokensById, type Model, type Pieces } from "./model.ts";
import { PieceTrie, ROOT } from "./piece-trie.ts";
import { readSettings, type StageJson } from "./stages.ts";
import { readVocabulary } from "./vocabulary.ts";
import { WordCache } from "./word-cache.ts";

/** What a WordPiece model consists of. */
export interface WordPieceSettings {
  /** Token to id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The token for a word that cannot be written with the vocabulary; "[UNK]" by default. */
  readonly unknownToken?: string | undefined;
  /** Stands before every piece that does not start a word; "##" by default. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** Longer words, counted in code points, are unknown as a whole; 100 by default. */
  readonly maxInputCharsPerWord?: number | undefined;
}

/**
 * WordPiece (Devlin et al. 2019, after Wu et al. 2016): from left to right the longest piece that the vocabulary has;
 * a word of which any part has none is unknown as a whole.
 */
export class WordPiece implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  readonly unknownToken: string;
  readonly continuingSubwordPrefix: string;
  readonly maxInputCharsPerWord: number;
  private readonly tokens: readonly (string | undefined)[];
  private readonly trie = new PieceTrie();
  private readonly continuing: number;
  private readonly cache = new WordCache();
  private readonly compute = (word: string): Pieces => this.cut(word) ?? this.unknown(word);

  constructor(settings: WordPieceSettings) {
    const { vocabulary, unknownToken = "[UNK]", continuingSubwordPrefix = "##", maxInputCharsPerWord = 100 } = settings;
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
    this.unknownId = vocabulary.get(unknownToken);
    this.continuingSubwordPrefix = continuingSubwordPrefix;
    this.maxInputCharsPerWord = maxInputCharsPerWord;
    this.tokens = tokensById(vocabulary);
    for (const [token, id] of vocabulary) this.trie.add(token, id);
    this.continuing = this.trie.find(continuingSubwordPrefix);
  }

  /** Throws CheckpointError for an unknown word where the vocabulary has no token for such. */
  encode(word: string): Pieces {
    return this.cache.get(word, this.compute);
  }

  knows(word: string): boolean {
    return this.cut(word) !== undefined;
  }

  /** The token of an id; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  toJson(): StageJson {
    return {
      type: "WordPiece",
      unk_token: this.unknownToken,
      continuing_subword_prefix: this.continuingSubwordPrefix,
      max_input_chars_per_word: this.maxInputCharsPerWord,
      vocab: byId(this.vocabulary),
    };
  }

  private cut(word: string): Pieces | undefined {
    if (word.length > this.maxInputCharsPerWord && lengthOf(word) > this.maxInputCharsPerWord) return undefined;
    const pieces: { ids: number[]; starts: number[]; ends: number[] } = { ids: [], starts: [], ends: [] };
    for (let start = 0; start < word.length;) {
      let [id, end] = [-1, start];
      let node = start === 0 ? ROOT : this.continuing;
      for (let at = start; at < word.length && node !== -1;) {
        node = this.trie.next(node, word.charCodeAt(at++));
        const found = node === -1 ? -1 : this.trie.idAt(node);
        if (found !== -1) [id, end] = [found, at];
      }
      if (id === -1) return undefined;
      pieces.ids.push(id);
      pieces.starts.push(start);
      pieces.ends.push(end);
      start = end;
    }
    return pieces;
  }

  private unknown(word: string): Pieces {
    if (this.unknownId !== undefined) return { ids: [this.unknownId], starts: [0], ends: [word.length] };
    throw new CheckpointError(
      `The vocabulary can write neither the word ${JSON.stringify(word)} nor the unknown token ` +
        `${JSON.stringify(this.unknownToken)}; add the latter to it.`,
    );
  }
}

/** How many code points a text has. */
function lengthOf(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) count++;
  return count;
}

const schema = z.object({
  unk_token: z.string().default("[UNK]"),
  continuing_subword_prefix: z.string().default("##"),
  max_input_chars_per_word: z.number().int().nonnegative().default(100),
  vocab: z.unknown().optional(),
});

/** WordPiece from `tokenizer.json`. */
export function readWordPiece(json: unknown, where: string): WordPiece {
  const read = readSettings(schema, json, where);
  return new WordPiece({
    vocabulary: readVocabulary(read.vocab, where),
    unknownToken: read.unk_token,
    continuingSubwordPrefix: read.continuing_subword_prefix,
    maxInputCharsPerWord: read.max_input_chars_per_word,
  });
}
