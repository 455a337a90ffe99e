import { z } from "zod";
import { CheckpointError } from "../errors/index.ts";
import { byteTokens } from "./byte-fallback.ts";
import { mergeSymbols, type Symbols } from "./merging.ts";
import { byId, tokensById, type Model, type Pieces } from "./model.ts";
import { PairTable } from "./pair-table.ts";
import { readSettings, type StageJson } from "./stages.ts";
import { readVocabulary } from "./vocabulary.ts";
import { WordCache } from "./word-cache.ts";

/** What a byte-pair encoding consists of besides its vocabulary and merges. */
export interface BpeSettings {
  /** The token for characters that the vocabulary lacks; without one they are left out. */
  readonly unknownToken?: string | undefined;
  /** Whether unknown characters in a row become one token. */
  readonly fuseUnknown?: boolean;
  /** Whether unknown characters become tokens such as `<0x0A>`, one for each byte. */
  readonly byteFallback?: boolean;
  /** Whether a word that is itself in the vocabulary is taken whole. */
  readonly ignoreMerges?: boolean;
  /** Put before every symbol that does not start a word. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** Put after the symbol that ends a word. */
  readonly endOfWordSuffix?: string | undefined;
}

/**
 * Byte-pair encoding (Sennrich et al. 2016): a word starts as characters, and the pair that was learned first is
 * joined first, until no pair is left that was learned.
 */
export class Bpe implements Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  readonly merges: readonly (readonly [string, string])[];
  private readonly settings: BpeSettings;
  private readonly tokens: readonly (string | undefined)[];
  private readonly ranks: PairTable;
  private readonly results: Int32Array;
  private readonly cache = new WordCache();
  private readonly compute = (word: string): Pieces => this.cut(word);

  /** Throws CheckpointError for a merge, or an unknown token, that the vocabulary lacks. */
  constructor(
    vocabulary: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    settings: BpeSettings = {},
  ) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.settings = settings;
    this.tokens = tokensById(vocabulary);
    this.unknownId = settings.unknownToken === undefined ? undefined : this.known(settings.unknownToken, "unk_token");
    this.ranks = new PairTable(merges.length);
    const prefix = settings.continuingSubwordPrefix ?? "";
    this.results = Int32Array.from(merges, ([left, right], rank) => {
      const where = `merge ${rank + 1}`;
      this.ranks.set(this.known(left, where), this.known(right, where), rank);
      return this.known(left + right.slice(prefix.length), where);
    });
  }

  /** Cuts a word into the pieces that the merges, in the order of their ranks, make of it. */
  encode(word: string): Pieces {
    return this.cache.get(word, this.compute);
  }

  knows(word: string): boolean {
    let known = true;
    if (this.settings.ignoreMerges !== true || !this.vocabulary.has(word)) this.symbolsOf(word, () => (known = false));
    return known;
  }

  /** The word as single characters, before any merge; unknown ones are replaced as the settings say. */
  characters(word: string): Pieces {
    return this.symbolsOf(word);
  }

  /** The token of an id; undefined where there is none. */
  idToToken(id: number): string | undefined {
    return this.tokens[id];
  }

  toJson(): StageJson {
    return {
      type: "BPE",
      dropout: null,
      unk_token: this.settings.unknownToken ?? null,
      continuing_subword_prefix: this.settings.continuingSubwordPrefix ?? null,
      end_of_word_suffix: this.settings.endOfWordSuffix ?? null,
      fuse_unk: this.settings.fuseUnknown ?? false,
      byte_fallback: this.settings.byteFallback ?? false,
      ignore_merges: this.settings.ignoreMerges ?? false,
      vocab: byId(this.vocabulary),
      merges: this.merges,
    };
  }

  private cut(word: string): Pieces {
    const whole = this.settings.ignoreMerges === true ? this.vocabulary.get(word) : undefined;
    if (whole !== undefined) return { ids: [whole], starts: [0], ends: [word.length] };
    const symbols = this.symbolsOf(word);
    mergeSymbols(symbols, this.ranks, this.results);
    return symbols;
  }

  /** The word as single characters, unknown ones replaced as the settings say after `missing` has been called. */
  private symbolsOf(word: string, missing?: () => void): Symbols {
    const { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "", fuseUnknown } = this.settings;
    const symbols: Symbols = { ids: [], starts: [], ends: [] };
    let unknown: [start: number, end: number] | undefined;
    const flush = (): void => {
      if (unknown !== undefined) add(symbols, this.unknownId!, ...unknown);
      unknown = undefined;
    };
    for (let start = 0, end = 0; start < word.length; start = end) {
      end = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let symbol = word.slice(start, end);
      if (start > 0) symbol = prefix + symbol;
      if (end === word.length) symbol += suffix;
      const id = this.vocabulary.get(symbol);
      if (id !== undefined) {
        flush();
        add(symbols, id, start, end);
        continue;
      }
      const bytes = this.settings.byteFallback === true ? byteTokens(symbol, this.vocabulary) : undefined;
      if (bytes !== undefined) {
        for (const byte of bytes) add(symbols, byte, start, end);
        continue;
      }
      missing?.();
      if (this.unknownId !== undefined) {
        if (fuseUnknown !== true) flush();
        unknown = [unknown?.[0] ?? start, end];
      }
    }
    flush();
    return symbols;
  }

  private known(token: string, where: string): number {
    const id = this.vocabulary.get(token);
    if (id !== undefined) return id;
    throw new CheckpointError(`model.BPE: ${where} needs the token ${JSON.stringify(token)}, which is not in "vocab".`);
  }
}

function add(symbols: Symbols, id: number, start: number, end: number): void {
  symbols.ids.push(id);
  symbols.starts.push(start);
  symbols.ends.push(end);
}

const schema = z.object({
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: z.unknown().optional(),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
});

/** A byte-pair encoding from `tokenizer.json`. Merges may be pairs or, as in older files, "left right". */
export function readBpe(json: unknown, where: string): Bpe {
  const read = readSettings(schema, json, where);
  if ((read.dropout ?? 0) !== 0) {
    throw new CheckpointError(
      `${where}.dropout: merges that are dropped at random (${read.dropout!}) are not supported; set it to null.`,
    );
  }
  const merges = read.merges
    .filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"))
    .map((merge, i): readonly [string, string] => {
      const pair = typeof merge === "string" ? merge.split(" ") : merge;
      if (pair.length === 2) return [pair[0]!, pair[1]!];
      throw new CheckpointError(`${where}.merges: entry ${i + 1} is ${JSON.stringify(merge)}, expected two tokens.`);
    });
  return new Bpe(readVocabulary(read.vocab, where), merges, {
    unknownToken: read.unk_token ?? undefined,
    continuingSubwordPrefix: read.continuing_subword_prefix ?? undefined,
    endOfWordSuffix: read.end_of_word_suffix ?? undefined,
    fuseUnknown: read.fuse_unk ?? false,
    byteFallback: read.byte_fallback ?? false,
    ignoreMerges: read.ignore_merges ?? false,
  });
}
