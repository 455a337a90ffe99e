import type { StageJson } from "./stages.ts";

/** The tokens of one word: their ids, and where they start and end in it (UTF-16 units). */
export interface Pieces {
  readonly ids: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The third stage: turns one word, as the pre-tokenizer cut it, into tokens of a vocabulary. */
export interface Model {
  /** Token to id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The id that stands for what the vocabulary does not know; undefined where nothing does. */
  readonly unknownId: number | undefined;
  encode(word: string): Pieces;
  /** Whether the vocabulary can write all of the word: no part of it becomes the unknown token or is left out. */
  knows(word: string): boolean;
  idToToken(id: number): string | undefined;
  /** As in `tokenizer.json`, except that the vocabulary is a Map in the order of the ids. */
  toJson(): StageJson;
}

/** The tokens of a vocabulary by id. */
export function tokensById(vocabulary: ReadonlyMap<string, number>): (string | undefined)[] {
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of vocabulary) tokens[id] = token;
  return tokens;
}

/** The vocabulary in the order of the ids, for writing. */
export function byId(vocabulary: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...vocabulary].sort((a, b) => a[1] - b[1]));
}
