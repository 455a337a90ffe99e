import { InputError } from "../errors/index.ts";
import { AddedTokens } from "./added-tokens.ts";
import { renderChat, type ChatMessage, type ChatOptions } from "./chat.ts";
import { cleanUp as cleanUpText } from "./decoders.ts";
import { joinParts, type Encoding, type Part } from "./encoding.ts";
import { cutText, type Pipeline } from "./pipeline.ts";
import { readTokenizerJson, writeTokenizerJson, type TokenizerJson, type TokenizerParts } from "./tokenizer-json.ts";
import { roles, writeTokenizerConfig, type Role } from "./tokenizer-config.ts";
import { combine, pad, readPadding, readTruncation, truncate } from "./truncation.ts";
import type { PaddingOptions, TruncationOptions } from "./truncation.ts";

/** One text, or two that belong together. */
export type TokenizerInput = string | readonly [string, string];

/** How a text is encoded. */
export interface EncodeOptions {
  readonly addSpecialTokens?: boolean;
  /** What offsets count: UTF-16 units as JavaScript's strings do (the default), or code points as Python's do. */
  readonly offsetUnit?: "utf-16" | "code points";
  /** Cuts off what is too long; true takes the settings of `tokenizer.json`. Nothing is cut unless this says so. */
  readonly truncation?: TruncationOptions | boolean | undefined;
  /** Fills up to one length; true takes the settings of `tokenizer.json`, or the padding token. */
  readonly padding?: Partial<PaddingOptions> | boolean | undefined;
}

/** Turns text into ids and back, in the stages of Hugging Face `tokenizers`, whose files it opens and writes. */
export class Tokenizer {
  readonly parts: TokenizerParts;
  /** How many ids there are, counted to the largest one: the rows that an embedding needs. */
  readonly size: number;
  /** The special tokens by the part that they play, as far as the files beside the vocabulary name them. */
  readonly special: Readonly<Partial<Record<Role, { readonly token: string; readonly id: number }>>>;
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
    const special: Partial<Record<Role, { token: string; id: number }>> = {};
    for (const role of roles) {
      const token = parts.special?.[role]?.content;
      const id = token === undefined ? undefined : this.tokenToId(token);
      if (token !== undefined && id !== undefined) special[role] = { token, id };
    }
    this.special = special;
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

  /** The tokenizer for texts of the language that is translated into; this one, where there is but one. */
  get target(): Tokenizer {
    return this.parts.target ?? this;
  }

  /** The files that Python opens as this tokenizer, by name: those it was opened from, or `tokenizer.json` and its config. */
  files(): ReadonlyMap<string, string | Uint8Array> {
    if (this.parts.files !== undefined) return this.parts.files;
    const config = writeTokenizerConfig(this.parts.special);
    const files = new Map([["tokenizer.json", this.toText()]]);
    return config === undefined ? files : files.set("tokenizer_config.json", config);
  }

  /**
   * The text of a conversation, in the form that the model was trained on, by its chat template. The template writes
   * the special tokens too, so encode the text with `addSpecialTokens: false`.
   * Throws InputError where the model has no such template, or the template refuses the conversation.
   */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): string {
    const named = roles.flatMap((role) => {
      const token = this.special[role]?.token ?? this.parts.special?.[role]?.content;
      return token === undefined ? [] : [[`${role}_token`, token] as const];
    });
    return renderChat(this.parts.chatTemplate, Object.fromEntries(named), messages, options);
  }

  /** What `toText` writes, as an object. */
  toJson(): TokenizerJson {
    return JSON.parse(this.toText()) as TokenizerJson;
  }

  /**
   * Ids, tokens, offsets, masks and words of a text or a pair. Special tokens are added unless told otherwise.
   * Throws InputError where truncation or padding cannot do what it should.
   */
  encode(input: TokenizerInput, options: EncodeOptions = {}): Encoding {
    return this.encodeBatch([input], options)[0]!;
  }

  /** `encode` of each input; with padding, filled up to the longest of them. */
  encodeBatch(inputs: readonly TokenizerInput[], options: EncodeOptions = {}): Encoding[] {
    return this.finish(
      inputs.map((input) => textsOf(input).map((text, i) => this.encodeText(text, i))),
      options,
    );
  }

  /**
   * As `encode`, for a text that is already cut into words: each is encoded as a text of its own, `wordIds` are their
   * places in the list, and offsets count in the word.
   */
  encodeWords(words: readonly string[], options: EncodeOptions = {}): Encoding {
    return this.finish([[this.encodeEach(words)]], options)[0]!;
  }

  /** The ids that `encode` gives, without the work for the rest: the way for training. */
  ids(input: TokenizerInput, { addSpecialTokens = true } = {}): Int32Array {
    const sequences = textsOf(input).map((text) => this.idsOfText(text));
    const parts = this.parts.postProcessor?.processIds(sequences, addSpecialTokens) ?? sequences;
    return Int32Array.from(parts.length === 1 ? parts[0]! : parts.flat());
  }

  /**
   * The text that ids stand for; special tokens are left out unless told otherwise. `cleanUp` takes out the blanks
   * before English marks and short forms, as `clean_up_tokenization_spaces` does in Python.
   * Ids that have no token are left out, as Hugging Face does: many models have more rows than their tokenizer tokens
   * (T5 28 more), and may write these.
   */
  decode(ids: ArrayLike<number>, { skipSpecialTokens = true, cleanUp = false } = {}): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.idToToken(ids[i]!);
      if (token === undefined) continue;
      if (!skipSpecialTokens || !this.addedTokens.isSpecial(token)) tokens.push(token);
    }
    const text = this.parts.decoder?.decode(tokens).join("") ?? tokens.join(" ");
    return cleanUp ? cleanUpText(text) : text;
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

  /** What comes after the model: cutting off, added tokens, padding. */
  private finish(inputs: readonly (readonly Part[])[], options: EncodeOptions): Encoding[] {
    const { addSpecialTokens = true, offsetUnit = "utf-16" } = options;
    const truncation = options.truncation === true ? readTruncation(this.parts.truncation) : options.truncation;
    const encodings = inputs.map((texts) => {
      const added = addSpecialTokens ? this.addedCount(texts.length) : 0;
      const wanted = truncation === undefined || truncation === false ? undefined : truncation;
      const parts =
        wanted === undefined ? texts.map((text) => [text]) : truncate(texts, wanted.maxLength - added, wanted);
      const [first, ...rest] = combine(parts).map((each) => {
        return joinParts(this.parts.postProcessor?.process(each, addSpecialTokens) ?? each, offsetUnit);
      });
      return rest.length === 0 ? first! : { ...first!, overflowing: rest };
    });
    const { padding } = options;
    return padding === undefined || padding === false ? encodings : pad(encodings, this.padding(padding));
  }

  /** How many tokens the post-processor adds to one text or to a pair. */
  private addedCount(texts: number): number {
    const empty = Array.from({ length: texts }, () => []);
    return this.parts.postProcessor?.processIds(empty, true).reduce((sum, ids) => sum + ids.length, 0) ?? 0;
  }

  private padding(options: Partial<PaddingOptions> | true): PaddingOptions {
    const given = options === true ? {} : options;
    const known = readPadding(this.parts.padding);
    const token =
      given.token ??
      this.special.pad?.token ??
      known?.token ??
      ["[PAD]", "<pad>"].find((name) => this.tokenToId(name) !== undefined);
    const id = given.id ?? (token === undefined ? undefined : (this.tokenToId(token) ?? known?.id));
    if (token === undefined || id === undefined) {
      throw new InputError(
        `This tokenizer names no padding token. Say which one: { padding: { token: "…", id: … } }; ` +
          `with an attention mask any token will do.`,
      );
    }
    return { ...known, ...given, token, id };
  }

  private encodeText(text: string, typeId: number): Part {
    const part = emptyPart(typeId, text);
    this.addTokens(text, part, undefined);
    return part;
  }

  private encodeEach(words: readonly string[]): Part {
    const texts: string[] = [];
    const part = emptyPart(0, texts);
    words.forEach((word, i) => {
      this.addTokens(word, part, i);
      while (texts.length < part.ids.length) texts.push(word);
    });
    return part;
  }

  private addTokens(text: string, part: OpenPart, wordId: number | undefined): void {
    const { model } = this.parts;
    let word = 0;
    const add = (id: number, token: string, offsets: [number, number]): void => {
      part.ids.push(id);
      part.tokens.push(token);
      part.offsets.push(offsets);
      part.wordIds.push(wordId ?? word);
    };
    cutText(text, this.pipeline, true, (piece) => {
      if (piece.token >= 0) {
        add(piece.token, piece.text, piece.origin(0, piece.text.length));
      } else {
        const { ids, starts, ends } = model.encode(piece.text);
        ids.forEach((id, i) => {
          add(id, model.idToToken(id)!, piece.origin(starts[i]!, ends[i]!));
        });
      }
      word++;
    });
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

/** A part that tokens are still added to. */
type OpenPart = Part & {
  readonly ids: number[];
  readonly tokens: string[];
  readonly offsets: [number, number][];
  readonly wordIds: (number | undefined)[];
};

function emptyPart(sequence: number, text: string | readonly string[]): OpenPart {
  return { ids: [], tokens: [], offsets: [], wordIds: [], typeId: sequence, sequence, text };
}

function textsOf(input: TokenizerInput): readonly string[] {
  return typeof input === "string" ? [input] : input;
}
