/** A translator: the Transformer, its tokenizer and its parameters in an engine, as one typed thing. */
import { writeModel } from "../checkpoints/index.ts";
import { padRows, type TextPair } from "../data/index.ts";
import { InputError } from "../errors/index.ts";
import { readText, type Folder, type ReadableFolder } from "../files/index.ts";
import {
  parseConfig,
  transformerConfig,
  transformerPresets,
  transformerToJson,
  type TransformerConfig,
  type TransformerPreset,
} from "../models/index.ts";
import { CachedModel } from "../generation/index.ts";
import { ModelParameters } from "../nn/index.ts";
import type { HostTensor, Quantization } from "../onnx/index.ts";
import { createEngine, type Engine, type EngineOptions } from "../runtime/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { trainTranslationTokenizer, translationTokens } from "../tokens/index.ts";
import { translateAll, type TranslateOptions, type Translation } from "./translate.ts";
import { tokenLabels } from "./token-labels.ts";
import { openTranslatorFolder } from "./translator-folder.ts";
import { translatorForward, translatorParameters } from "./translator-model.ts";

/** How a translator is made. `preset` names a size; single values override it. */
export interface TranslatorOptions extends EngineOptions {
  readonly preset?: TransformerPreset | undefined;
  /** Encoder and decoder layers, both. */
  readonly layers?: number | undefined;
  readonly model?: { readonly [K in keyof TransformerConfig]?: TransformerConfig[K] | undefined } | undefined;
  readonly vocabulary?: number | undefined;
  readonly minimumFrequency?: number | undefined;
  readonly width?: number | undefined;
  readonly heads?: number | undefined;
  readonly feedForward?: number | undefined;
  readonly seed?: number | undefined;
  /** A tokenizer made elsewhere; without it one is trained on the pairs. */
  readonly tokenizer?: Tokenizer | undefined;
}

/** A translator: config, tokenizer, and parameters inside an engine of its own. Dispose of it when done. */
export class Translator {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
  readonly parameters: ModelParameters;
  /** The source words that training saw, in lower case; undefined where a folder does not say. */
  readonly seenWords: ReadonlySet<string> | undefined;
  #cached: CachedModel | undefined;

  constructor(
    config: TransformerConfig,
    tokenizer: Tokenizer,
    parameters: ModelParameters,
    seenWords?: ReadonlySet<string>,
  ) {
    this.config = config;
    this.tokenizer = tokenizer;
    this.parameters = parameters;
    this.engine = parameters.engine;
    this.seenWords = seenWords;
  }

  /** A fresh translator: a tokenizer learned from the pairs, and parameters drawn by the seed. */
  static async create(
    pairs: readonly Pick<TextPair, "source" | "target">[],
    options: TranslatorOptions = {},
  ): Promise<Translator> {
    const { vocabulary = 8000, minimumFrequency = 1, seed = 1 } = options;
    const tokenizer =
      options.tokenizer ??
      (await trainTranslationTokenizer(
        pairs.flatMap(({ source, target }) => [source, target]),
        { size: vocabulary, minimumFrequency },
      ));
    const config = translatorConfig(tokenizer, options);
    const engine = await createEngine(options);
    const parameters = await ModelParameters.initialize(engine, translatorParameters(config), seed);
    const words = pairs.flatMap(({ source }) => tokenizer.words(source)).map((word) => word.toLowerCase());
    return new Translator(config, tokenizer, parameters, new Set(words));
  }

  /** A translator from a folder that `save` or a training run wrote; with weights of fewer bits, if asked. */
  static async open(
    folder: ReadableFolder,
    options: EngineOptions & { readonly quantize?: Quantization | undefined } = {},
  ): Promise<Translator> {
    const { config, tokenizer, parameters: specs, tensors } = await openTranslatorFolder(folder);
    const engine = await createEngine(options);
    try {
      const parameters = await ModelParameters.fromStream(engine, specs, tensors());
      parameters.quantize = options.quantize;
      return new Translator(config, tokenizer, parameters, await readWords(folder));
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  /** Writes config.json, model.safetensors and tokenizer.json, and beside them the words that training saw. */
  async save(folder: Folder, weights?: ReadonlyMap<string, HostTensor>): Promise<void> {
    if (this.seenWords !== undefined) await folder.write(SEEN_WORDS, `${[...this.seenWords].sort().join("\n")}\n`);
    await writeModel(folder, transformerToJson(this.config), weights ?? (await this.parameters.read()), this.tokenizer);
  }

  /** Token ids of sentences, the end token included. Throws InputError for one that is longer than the positions. */
  encodeAll(sentences: readonly string[]): Int32Array[] {
    return sentences.map((sentence, i) => {
      const row = this.tokenizer.ids(sentence);
      if (row.length <= this.config.maxPositions) return row;
      throw new InputError(
        `Sentence ${i + 1} has ${row.length} tokens; this model takes at most ${this.config.maxPositions}. ` +
          `Split it: "${sentence.slice(0, 60)}…"`,
      );
    });
  }

  /** Rows of ids as one tensor, padded at the end: int32[rows, longest]. */
  padded(rows: readonly Int32Array[]): HostTensor {
    const { data, shape } = padRows(rows, this.config.paddingId);
    return { dtype: "int32", shape, data };
  }

  /** Ids as texts for people, one each; see `tokenLabels`. */
  tokensOf(ids: Int32Array): string[] {
    return tokenLabels(this.tokenizer, ids);
  }

  /** The words of a sentence that training never saw, in any case of letters; empty where they are not known. */
  unseenWords(sentence: string): string[] {
    if (this.seenWords === undefined) return [];
    const words = this.tokenizer.words(sentence).filter((word) => /\p{L}/u.test(word));
    return [...new Set(words.filter((word) => !this.seenWords!.has(word.toLowerCase())))];
  }

  /** Generates with a cache. */
  get cached(): CachedModel {
    this.#cached ??= new CachedModel(this.parameters, translatorForward(this.config));
    return this.#cached;
  }

  /** The best translation of a sentence, or of each of several. */
  translate(sentence: string, options?: TranslateOptions): Promise<Translation>;
  translate(sentences: readonly string[], options?: TranslateOptions): Promise<Translation[]>;
  async translate(
    given: string | readonly string[],
    options: TranslateOptions = {},
  ): Promise<Translation | Translation[]> {
    const found = await translateAll(this, typeof given === "string" ? [given] : given, options);
    const best = found.map(([first]) => first!);
    return typeof given === "string" ? best[0]! : best;
  }

  /** Frees the engine and all that it holds. */
  async dispose(): Promise<void> {
    await this.engine.dispose();
  }
}

/** One word a line. */
const SEEN_WORDS = "source-words.txt";

async function readWords(folder: ReadableFolder): Promise<ReadonlySet<string> | undefined> {
  if ((await folder.kind(SEEN_WORDS)) !== "file") return undefined;
  return new Set((await readText(folder, SEEN_WORDS)).split("\n").filter((word) => word !== ""));
}

function translatorConfig(tokenizer: Tokenizer, options: TranslatorOptions): TransformerConfig {
  const { preset = "tiny", layers, width, heads, feedForward } = options;
  const id = (token: string): number => tokenizer.tokenToId(token)!;
  const sizes = { encoderLayers: layers, decoderLayers: layers, width, heads, feedForward, ...options.model };
  const given = Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
  const chosen = {
    normalization: "pre" as const,
    ...transformerPresets[preset],
    ...given,
    vocabulary: tokenizer.size,
    paddingId: id(translationTokens.pad),
    startId: id(translationTokens.start),
    endId: id(translationTokens.end),
  };
  return parseConfig(transformerConfig, chosen, "The translator's model config", Object.keys(chosen));
}
