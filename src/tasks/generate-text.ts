/** Text from models: what follows a prompt, or what a text becomes in another form. */
import {
  generate,
  streamText,
  type CachedModel,
  type Generated,
  type GenerationJson,
  type GenerationOptions,
} from "../generation/index.ts";
import { InputError } from "../errors/index.ts";
import type { Values } from "../runtime/index.ts";
import { forLanguage, languagesOf, type ChatMessage, type Tokenizer } from "../tokens/index.ts";
import { cachedModel, modelGenerationOptions } from "./generation.ts";
import { TextModel, type ReadOptions } from "./text-model.ts";

/** Options of a generation, over those of the model's own settings. */
export interface GenerateTextOptions extends GenerationOptions, ReadOptions {
  /** Arguments by Hugging Face's names, as generation_config.json has them. */
  readonly arguments?: GenerationJson | undefined;
}

/** A generated text. */
export interface GeneratedText extends Generated {
  readonly text: string;
}

/** A model that writes text, with its tokenizer. */
abstract class Writer extends TextModel {
  #cached: CachedModel | undefined;

  /** The model with its key-value cache. */
  get cached(): CachedModel {
    return (this.#cached ??= cachedModel(this.model));
  }

  /** The tokenizer of what is written. */
  protected get writes(): Tokenizer {
    return this.tokenizer;
  }

  /** What a call is told: the model's settings, those of `arguments`, and single options, the later ones first. */
  protected options({ arguments: given, ...options }: GenerateTextOptions): GenerationOptions {
    const single = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const { longest } = this.model.architecture;
    return { maxPositions: longest, tokenizer: this.writes, ...modelGenerationOptions(this.model, given), ...single };
  }

  protected async write(feeds: Values, options: GenerationOptions): Promise<GeneratedText[][]> {
    const found = await generate(this.cached, feeds, options);
    return found.map((row) => row.map((one) => ({ ...one, text: this.writes.decode(one.ids) })));
  }

  override async dispose(): Promise<void> {
    await this.#cached?.dispose();
    await super.dispose();
  }
}

/** A causal language model with its tokenizer. */
export class TextGenerator extends Writer {
  /**
   * What follows each prompt; several for each where they are asked for. The texts are without the prompts. An empty
   * prompt is the token that begins texts. Throws InputError for prompts and options that cannot be used.
   */
  async generate(prompts: readonly string[], options: GenerateTextOptions = {}): Promise<GeneratedText[][]> {
    return this.write(this.#prompts(prompts, options), this.options(options));
  }

  /** The text that follows one prompt, as it comes, in pieces of whole characters. */
  stream(prompt: string, options: GenerateTextOptions = {}): AsyncGenerator<string, Generated, undefined> {
    return streamText(this.cached, this.#prompts([prompt], options), {
      ...this.options(options),
      tokenizer: this.tokenizer,
    });
  }

  /** The answer to a conversation, in the form of the model's chat template. Throws InputError where it has none. */
  async chat(messages: readonly ChatMessage[], options: GenerateTextOptions = {}): Promise<GeneratedText> {
    const text = this.tokenizer.chat(messages, { addGenerationPrompt: true });
    const encodings = this.tokenizer.encodeBatch([text], { addSpecialTokens: false });
    const [[answer]] = (await this.write(this.feeds(encodings, "left"), this.options(options))) as [[GeneratedText]];
    return answer;
  }

  #prompts(prompts: readonly string[], options: ReadOptions): Values {
    const begin = this.tokenizer.special.bos?.id ?? this.tokenizer.special.eos?.id;
    const { encodings } = this.encode(prompts, options);
    const filled = encodings.map((encoding) => {
      if (encoding.ids.length > 0) return encoding;
      if (begin === undefined)
        throw new InputError("The prompt is empty, and this tokenizer has no token to begin with.");
      const { tokenizer } = this;
      return { ...encoding, ids: [begin], tokens: [tokenizer.idToToken(begin)!], typeIds: [0], attentionMask: [1] };
    });
    return withoutSegments(this.feeds(filled, "left"));
  }
}

/** What a conversion is told beside the options of generation. */
export interface ConvertOptions extends GenerateTextOptions {
  /** Written in front of each text, as T5 was trained with: `summarize: `. Default: that of the task in config.json. */
  readonly prefix?: string | undefined;
  /** Languages by the model's codes: `fr_XX`, `>>fra<<`. Default: those of the tokenizer's files. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** How many texts are read at once. Default: 32. */
  readonly batch?: number | undefined;
}

/** An encoder-decoder with its tokenizer: it translates, summarizes, or answers, as it was trained. */
export class TextConverter extends Writer {
  protected override get writes(): Tokenizer {
    return this.tokenizer.target;
  }

  /** The language codes that the tokenizer knows; none where it is for one pair of languages. */
  get languages(): readonly string[] {
    return languagesOf(this.tokenizer);
  }

  /** What each text becomes; several for each where they are asked for. Throws InputError for what cannot be used. */
  async convert(texts: readonly string[], options: ConvertOptions = {}): Promise<GeneratedText[][]> {
    if (texts.length === 0) throw new InputError("There is no text to convert. Give at least one.");
    const { prefix = "", from, to, batch = 32, ...rest } = options;
    const source = this.#source(from, to);
    const told = { ...this.options(rest), ...this.#target(to) };
    const order = Array.from(texts.keys()).sort((a, b) => texts[a]!.length - texts[b]!.length);
    const results = new Array<GeneratedText[]>(texts.length);
    for (let start = 0; start < order.length; start += batch) {
      const places = order.slice(start, start + batch);
      const { feeds } = source.encode(
        places.map((place) => prefix + texts[place]!),
        options,
      );
      for (const [i, row] of (await this.write(withoutSegments(feeds), told)).entries()) results[places[i]!] = row;
    }
    return results;
  }

  /** Marian writes the language that it translates into before the text, mBART that of the text itself. */
  #source(from: string | undefined, to: string | undefined): TextModel {
    const code = to?.startsWith(">>") === true ? to : from;
    return code === undefined ? this : new TextModel(this.model, forLanguage(this.tokenizer, code));
  }

  #target(to: string | undefined): GenerationOptions {
    if (to === undefined || to.startsWith(">>")) return {};
    const id = this.tokenizer.tokenToId(to);
    if (id !== undefined && this.languages.includes(to)) return { forcedBosTokenId: id };
    throw new InputError(`The tokenizer has no language "${to}". It knows ${this.languages.join(", ") || "none"}.`);
  }
}

/** Segments mean something else to models that write: who speaks. */
const withoutSegments = (feeds: Values): Values =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== "tokenTypeIds"));
