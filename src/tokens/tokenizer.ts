import { InputError } from "../errors/index.ts";
import { AddedTokens } from "./added-tokens.ts";
import { codePointOffsets } from "./offsets.ts";
import { cutText, type Pipeline } from "./pipeline.ts";
import type { Encoding, SourceEncoding } from "./post-processors.ts";
import { readTokenizerJson, writeTokenizerJson, type TokenizerJson, type TokenizerParts } from "./tokenizer-json.ts";

/** One text, or two that belong together. */
export type TokenizerInput = string | readonly [string, string];

/** How a text is encoded. */
export interface EncodeOptions {
  readonly addSpecialTokens?: boolean;
  /** What offsets count: UTF-16 units as JavaScript's strings do (the default), or code points as Python's do. */
  readonly offsetUnit?: "utf-16" | "code points";
}

/** Turns text into ids and back, in the stages of Hugging Face `tokenizers`, whose files it opens and writes. */
export class Tokenizer {
  readonly parts: TokenizerParts;
  /** How many ids there are, counted to the largest one: the rows that an embedding needs. */
  readonly size: number;
  private readonly addedTokens: AddedTokens;
  private readonly pipeline: Pipeline;

  constructor(parts: TokenizerParts) {
    this.parts = parts;
    this.addedTokens = new AddedTokens(parts.addedTokens ?? [], parts.normalizer);
    const { normalizer, preTokenizer } = parts;
    this.pipeline = { addedTokens: this.addedTokens, normalizer, preTokenizer };
    let largest = -1;
    for (const id of parts.model.vocabulary.values()) largest = Math.max(largest, id);
    for (const { id } of this.addedTokens.list) largest = Math.max(largest, id);
    this.size = largest + 1;
  }

  /**
   * Opens a `tokenizer.json`, given as its text or as the parsed object.
   * Throws CheckpointError for what is not one, and for stages that are not known, naming the known ones.
   */
  static fromJson(json: unknown): Tokenizer {
    return new Tokenizer(readTokenizerJson(json));
  }

  /** The text of `tokenizer.json`, which Hugging Face `tokenizers` opens; the vocabulary is in the order of the ids. */
  toText(): string {
    return writeTokenizerJson({ ...this.parts, addedTokens: this.addedTokens.list });
  }

  /** What `toText` writes, as an object. */
  toJson(): TokenizerJson {
    return JSON.parse(this.toText()) as TokenizerJson;
  }

  /** Ids, tokens, offsets and type ids of a text or a pair. Special tokens are added unless told otherwise. */
  encode(input: TokenizerInput, { addSpecialTokens = true, offsetUnit = "utf-16" }: EncodeOptions = {}): Encoding {
    const encodings = textsOf(input).map((text, typeId) => this.encodeText(text, typeId));
    const processed = this.parts.postProcessor?.process(encodings, addSpecialTokens) ?? encodings;
    const parts =
      offsetUnit === "utf-16"
        ? processed
        : processed.map((part) => ({ ...part, offsets: codePointOffsets(part.text, part.offsets) }));
    if (parts.length === 1) {
      const { ids, tokens, offsets, typeIds } = parts[0]!;
      return { ids, tokens, offsets, typeIds };
    }
    return {
      ids: parts.flatMap((part) => part.ids),
      tokens: parts.flatMap((part) => part.tokens),
      offsets: parts.flatMap((part) => part.offsets),
      typeIds: parts.flatMap((part) => part.typeIds),
    };
  }

  /** `encode` of each input. */
  encodeBatch(inputs: readonly TokenizerInput[], options: EncodeOptions = {}): Encoding[] {
    return inputs.map((input) => this.encode(input, options));
  }

  /** The ids that `encode` gives, without the work for the rest: the way for training. */
  ids(input: TokenizerInput, { addSpecialTokens = true } = {}): Int32Array {
    const sequences = textsOf(input).map((text) => this.idsOfText(text));
    const parts = this.parts.postProcessor?.processIds(sequences, addSpecialTokens) ?? sequences;
    return Int32Array.from(parts.length === 1 ? parts[0]! : parts.flat());
  }

  /**
   * The text that ids stand for; special tokens are left out unless told otherwise.
   * Throws InputError for an id that is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, { skipSpecialTokens = true } = {}): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.idToToken(ids[i]!);
      if (token === undefined) {
        throw new InputError(`The id ${ids[i]!} at position ${i} is not in the vocabulary of ${this.size} tokens.`);
      }
      if (!skipSpecialTokens || !this.addedTokens.isSpecial(token)) tokens.push(token);
    }
    return this.parts.decoder?.decode(tokens).join("") ?? tokens.join(" ");
  }

  /** The id of a token, added tokens included; undefined where there is none. */
  tokenToId(token: string): number | undefined {
    return this.addedTokens.idOf(token) ?? this.parts.model.vocabulary.get(token);
  }

  /** The token of an id, added tokens included; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.addedTokens.textOf(id) ?? this.parts.model.idToToken(id);
  }

  /**
   * The words of a text as this tokenizer cuts and normalizes it, without marks and white space, in their order;
   * added tokens are no words. The same for the same word wherever it stands, so that a list of words that training
   * saw can be kept and asked.
   */
  words(text: string): string[] {
    const words: string[] = [];
    this.eachWord(text, (word) => words.push(word));
    return words;
  }

  /**
   * The distinct words of a text that cannot be written with the vocabulary: some of their tokens are the unknown
   * token or are missing. With byte-level tokens there are none.
   */
  unknownWords(text: string): string[] {
    const { model } = this.parts;
    const unknown = new Set<string>();
    this.eachWord(text, (word, piece) => {
      if (!model.knows(piece)) unknown.add(word);
    });
    return [...unknown];
  }

  private eachWord(text: string, use: (word: string, piece: string) => void): void {
    const { decoder } = this.parts;
    cutText(text, this.pipeline, false, (piece) => {
      if (piece.token >= 0) return;
      const word = (decoder?.decode([piece.text]).join("") ?? piece.text).trim();
      if (word !== "") use(word, piece.text);
    });
  }

  private encodeText(text: string, typeId: number): SourceEncoding {
    const encoding: SourceEncoding = { ids: [], tokens: [], offsets: [], typeIds: [], text };
    const add = (id: number, token: string, offsets: [number, number]): void => {
      encoding.ids.push(id);
      encoding.tokens.push(token);
      encoding.offsets.push(offsets);
      encoding.typeIds.push(typeId);
    };
    const { model } = this.parts;
    cutText(text, this.pipeline, true, (piece) => {
      if (piece.token >= 0) {
        add(piece.token, piece.text, piece.origin(0, piece.text.length));
        return;
      }
      const { ids, starts, ends } = model.encode(piece.text);
      ids.forEach((id, i) => {
        add(id, model.idToToken(id)!, piece.origin(starts[i]!, ends[i]!));
      });
    });
    return encoding;
  }

  private idsOfText(text: string): number[] {
    const out: number[] = [];
    const { model } = this.parts;
    cutText(text, this.pipeline, false, (piece) => {
      if (piece.token >= 0) out.push(piece.token);
      else for (const id of model.encode(piece.text).ids) out.push(id);
    });
    return out;
  }
}

function textsOf(input: TokenizerInput): readonly string[] {
  return typeof input === "string" ? [input] : input;
}
