/** Text from models: what follows a prompt. */
import {
  generate,
  streamText,
  textOf,
  type CachedModel,
  type Generated,
  type GenerationJson,
  type GenerationOptions,
} from "../generation/index.ts";
import { InputError } from "../errors/index.ts";
import type { ModelTask } from "../models/index.ts";
import type { Values } from "../runtime/index.ts";
import type { ChatMessage, Encoding, Tokenizer } from "../tokens/index.ts";
import { cachedModel, modelGenerationOptions } from "./generation.ts";
import { TextModel, type ReadOptions } from "./text-model.ts";

/** Options of a generation; the model's own settings hold where they say nothing. */
export interface GenerateTextOptions extends Omit<GenerationOptions, "tokenizer">, Pick<ReadOptions, "truncate"> {
  /** Arguments by Hugging Face's names, as generation_config.json has them. */
  readonly arguments?: GenerationJson | undefined;
}

/** A generated text: what came before a stop string, where one came. */
export interface GeneratedText extends Generated {
  readonly text: string;
}

/** New tokens where neither the call nor the model says how many. */
const NEW_TOKENS = 50;

/** A model that writes text, with its tokenizer. */
export abstract class Writer<T extends ModelTask> extends TextModel<T> {
  #cached: CachedModel | undefined;

  /** The model with its key-value cache. */
  get cached(): CachedModel {
    return (this.#cached ??= cachedModel(this.model));
  }

  /** The tokenizer of what is written. */
  protected get writes(): Tokenizer {
    return this.tokenizer;
  }

  /** What a call is told: the model's settings, those for the task, those of `arguments`, and single options. */
  protected options(
    { arguments: given, ...options }: Omit<GenerateTextOptions, "truncate">,
    taskSettings?: GenerationJson,
  ): GenerationOptions {
    const single = Object.entries(options).filter(([, value]) => value !== undefined);
    return {
      maxPositions: this.model.architecture.longest,
      ...modelGenerationOptions(this.model, given, taskSettings),
      ...Object.fromEntries(single),
      tokenizer: this.writes,
    };
  }

  protected async write(
    feeds: Values,
    options: GenerationOptions,
    prompts: readonly ArrayLike<number>[] = [],
  ): Promise<GeneratedText[][]> {
    const found = await generate(this.cached, feeds, options);
    const reading = { ...options, tokenizer: this.writes };
    return found.map((row, i) =>
      row.map((one) => ({ ...one, text: textOf(one.ids, { ...reading, before: prompts[i] }) })),
    );
  }

  override async dispose(): Promise<void> {
    await this.#cached?.dispose();
    await super.dispose();
  }
}

/** What a text goes on from: a text, or a conversation in the form of the model's chat template. */
export type Prompt = string | readonly ChatMessage[];

/** A causal language model with its tokenizer. */
export class TextGenerator extends Writer<"causal-lm"> {
  /**
   * What follows each prompt; several for each where they are asked for. The texts are without the prompts. An empty
   * prompt is the token that begins texts; a prompt that is truncated loses its beginning. Throws InputError for prompts
   * and options that cannot be used, and for a conversation where the model has no chat template.
   */
  async generate(prompts: readonly Prompt[], options: GenerateTextOptions = {}): Promise<GeneratedText[][]> {
    const told = limited(this.options(options), NEW_TOKENS);
    const encodings = this.#prompts(prompts, options, told);
    const ids = encodings.map((encoding) => encoding.ids);
    return this.write(withoutSegments(this.feeds(encodings, "left")), told, ids);
  }

  /**
   * The text that follows one prompt, as it comes, in pieces of whole characters. Throws InputError as `generate` does,
   * and for several sequences or beams.
   */
  async *stream(prompt: Prompt, options: GenerateTextOptions = {}): AsyncGenerator<string, Generated, undefined> {
    const told = limited(this.options(options), NEW_TOKENS);
    const encodings = this.#prompts([prompt], options, told);
    const feeds = withoutSegments(this.feeds(encodings, "left"));
    return yield* streamText(this.cached, feeds, { ...told, tokenizer: this.tokenizer, before: encodings[0]!.ids });
  }

  #prompts(prompts: readonly Prompt[], { truncate }: ReadOptions, told: GenerationOptions): Encoding[] {
    if (prompts.length === 0) throw new InputError('There is no prompt. Give one, or "" to begin from nothing.');
    const { longest } = this.model.architecture;
    const news = typeof told.maxNewTokens === "number" ? told.maxNewTokens : 1;
    // What is cut off leaves room for the new tokens, and is the beginning: the end is what the text goes on from.
    const maxLength = truncate === true && longest !== undefined ? Math.max(longest - news, 1) : undefined;
    const begin = this.tokenizer.special.bos?.id ?? this.tokenizer.special.eos?.id;
    return prompts.map((prompt) => {
      const chat = typeof prompt !== "string";
      const text = chat ? this.tokenizer.chat(prompt, { addGenerationPrompt: true }) : prompt;
      const options = { truncate, maxLength, direction: "left", empty: true, addSpecialTokens: !chat } as const;
      const encoding = this.encodings([text], options)[0]!;
      if (encoding.ids.length > 0) return encoding;
      if (begin === undefined) {
        throw new InputError("The prompt is empty, and this tokenizer has no token to begin with. Give some text.");
      }
      return {
        ...encoding,
        ids: [begin],
        tokens: [this.tokenizer.idToToken(begin)!],
        typeIds: [0],
        attentionMask: [1],
      };
    });
  }
}

/** The options with a limit where they have none: the most new tokens, of all rows or of each. */
export function limited(options: GenerationOptions, maxNewTokens: number | readonly number[]): GenerationOptions {
  const has = options.maxNewTokens !== undefined || options.maxLength !== undefined;
  return has ? options : { ...options, maxNewTokens };
}

/** Segments mean something else to models that write: who speaks. */
export const withoutSegments = (feeds: Values): Values =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== "tokenTypeIds"));
