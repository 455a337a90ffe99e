import { CheckpointError } from "../errors/index.ts";
import { tokensById, type Model, type Pieces } from "./model.ts";
import type { StageJson } from "./stages.ts";

/**
 * A model whose tokens have the ids of another vocabulary. Marian cuts with SentencePiece and numbers with vocab.json,
 * CTRL merges symbols that are called differently in vocab.json.
 */
export class Relabeled implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number;
  /** The model that cuts. */
  readonly inner: Model;
  private readonly asWritten: boolean;
  private readonly ids: Int32Array;
  private readonly tokens: readonly (string | undefined)[];
  private readonly known = new WeakMap<Pieces, Pieces>();

  /**
   * @param name What `vocabulary` calls a token of `inner`; its own name unless told otherwise. Then what is unknown to
   *   `inner` is looked up as it stands in the text.
   */
  constructor(
    inner: Model,
    vocabulary: ReadonlyMap<string, number>,
    unknownToken: string,
    name?: (token: string) => string,
  ) {
    const unknownId = vocabulary.get(unknownToken);
    if (unknownId === undefined) {
      throw new CheckpointError(`The vocabulary lacks the unknown token ${JSON.stringify(unknownToken)}.`);
    }
    this.inner = inner;
    this.asWritten = name === undefined;
    this.vocabulary = vocabulary;
    this.unknownId = unknownId;
    this.tokens = tokensById(vocabulary);
    let size = 0;
    for (const id of inner.vocabulary.values()) size = Math.max(size, id + 1);
    this.ids = new Int32Array(size).fill(unknownId);
    for (const [token, id] of inner.vocabulary) this.ids[id] = vocabulary.get(name?.(token) ?? token) ?? unknownId;
  }

  encode(word: string): Pieces {
    const pieces = this.inner.encode(word);
    let named = this.known.get(pieces);
    if (named === undefined) {
      named = { ...pieces, ids: pieces.ids.map((id, i) => this.idOf(id, word, pieces.starts[i]!, pieces.ends[i]!)) };
      this.known.set(pieces, named);
    }
    return named;
  }

  private idOf(id: number, word: string, start: number, end: number): number {
    if (!this.asWritten || id !== this.inner.unknownId) return this.ids[id]!;
    return this.vocabulary.get(word.slice(start, end)) ?? this.unknownId;
  }

  knows(word: string): boolean {
    return (this.asWritten || this.inner.knows(word)) && !this.encode(word).ids.includes(this.unknownId);
  }

  /** The token of an id; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  /** Throws CheckpointError: `tokenizer.json` has no form for it. */
  toJson(): StageJson {
    throw new CheckpointError(
      `This tokenizer has no tokenizer.json: its pieces and its ids come from two files. ` +
        `Keep the files that it was opened from; tokenizer.files() gives them.`,
    );
  }
}
