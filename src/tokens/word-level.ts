import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { byId, tokensById, type Model, type Pieces } from "./model.ts";
import { readSettings, type StageJson } from "./stages.ts";
import { readVocabulary } from "./vocabulary.ts";

/** Whole words: each word is one token, and a word that training never saw is the unknown token. */
export class WordLevel implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  private readonly unknownToken: string;
  private readonly tokens: readonly (string | undefined)[];

  constructor(vocabulary: ReadonlyMap<string, number>, unknownToken: string) {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
    this.unknownId = vocabulary.get(unknownToken);
    this.tokens = tokensById(vocabulary);
  }

  /** Throws CheckpointError for an unknown word where the vocabulary has no token for such. */
  encode(word: string): Pieces {
    const id = this.vocabulary.get(word) ?? this.unknownId;
    if (id === undefined) {
      throw new CheckpointError(
        `The vocabulary knows neither the word ${JSON.stringify(word)} nor the unknown token ` +
          `${JSON.stringify(this.unknownToken)}; train it with the latter among its special tokens.`,
      );
    }
    return { ids: [id], starts: [0], ends: [word.length] };
  }

  knows(word: string): boolean {
    return this.vocabulary.has(word);
  }

  /** The token of an id; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  toJson(): StageJson {
    return { type: "WordLevel", vocab: byId(this.vocabulary), unk_token: this.unknownToken };
  }
}

const schema = z.object({ vocab: z.unknown().optional(), unk_token: z.string() });

/** Whole words from `tokenizer.json`. */
export function readWordLevel(json: unknown, where: string): WordLevel {
  const { vocab, unk_token } = readSettings(schema, json, where);
  return new WordLevel(readVocabulary(vocab, where), unk_token);
}
