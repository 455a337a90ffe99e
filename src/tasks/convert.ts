/** Texts that become other texts: translations and summaries by encoder-decoders. */
import { InputError, nearest } from "../errors/index.ts";
import type { GenerationJson, GenerationOptions } from "../generation/index.ts";
import { forLanguage, languagesOf, type Tokenizer } from "../tokens/index.ts";
import { limited, withoutSegments, Writer, type GeneratedText, type GenerateTextOptions } from "./generate-text.ts";

/** What a conversion is told beside the options of generation. */
export interface ConvertOptions extends GenerateTextOptions {
  /** Written in front of each text, as T5 was trained with: `summarize: `. Default: that of the task in config.json. */
  readonly prefix?: string | undefined;
  /** The most tokens of a text. Default: what the model reads. */
  readonly sourceLength?: number | undefined;
  /** How many texts are read at once. Default: 32. */
  readonly batch?: number | undefined;
}

/** How the texts of a call are read and written. */
interface Way {
  /** What config.json says for the task: options of generation, and a `prefix`. */
  readonly settings?: GenerationJson | undefined;
  /** The tokenizer of the texts, where it is not the model's own. */
  readonly tokenizer?: Tokenizer | undefined;
  /** What the language to write makes of the options. */
  readonly into?: ((options: GenerationOptions) => GenerationOptions) | undefined;
}

/** An encoder-decoder with its tokenizer, which makes texts of texts. */
abstract class TextConverter extends Writer<"conditional-generation"> {
  protected override get writes(): Tokenizer {
    return this.tokenizer.target;
  }

  /** What config.json says for single tasks, by their names there. */
  protected get taskSettings(): Readonly<Record<string, GenerationJson>> {
    const { task_specific_params: params } = this.model.checkpoint?.config.values ?? {};
    return typeof params === "object" && params !== null ? (params as Readonly<Record<string, GenerationJson>>) : {};
  }

  /** What each text becomes, in their order; a text of white space becomes an empty one. */
  protected async convert(texts: readonly string[], given: ConvertOptions, way: Way): Promise<GeneratedText[][]> {
    const { prefix, sourceLength: maxLength, batch = 32, ...options } = given;
    const { prefix: taskPrefix, ...settings } = way.settings ?? {};
    const prefixes = [prefix, taskPrefix, this.model.checkpoint?.config.values["prefix"]];
    const front = prefixes.find((one) => typeof one === "string") ?? "";
    const told = this.options(options, settings);
    const search = { ...told, ...way.into?.(told) };
    const results = texts.map(() => Array.from({ length: search.numReturnSequences ?? 1 }, () => NOTHING));
    const places = [...texts.keys()].filter((place) => texts[place]!.trim() !== "");
    if (places.length === 0) return results;
    const { tokenizer = this.tokenizer } = way;
    const encodings = this.encodings(
      places.map((place) => front + texts[place]!),
      { truncate: options.truncate, maxLength, tokenizer },
    );
    const order = [...places.keys()].sort((a, b) => encodings[a]!.ids.length - encodings[b]!.ids.length);
    for (let start = 0; start < order.length; start += batch) {
      const group = order.slice(start, start + batch);
      const some = group.map((i) => encodings[i]!);
      // As long as a translation of Heed's own may be.
      const limits = some.map(({ ids }) => Math.ceil(1.5 * ids.length) + 20);
      const own = { ...limited(search, limits), places: group.map((i) => places[i]!) };
      const found = await this.write(withoutSegments(this.feeds(some)), own);
      for (const [row, i] of group.entries()) results[places[i]!] = found[row]!;
    }
    return results;
  }
}

/** What an empty text becomes. */
const NOTHING: GeneratedText = {
  ...{ text: "", ids: new Int32Array(0), endId: undefined, score: 0 },
  ...{ logProbabilities: new Float32Array(0), finished: true },
};

/** An encoder-decoder that summarizes, with its tokenizer. */
export class TextSummarizer extends TextConverter {
  /**
   * A summary of each text, or several where they are asked for. Throws InputError for a text that is too long, unless
   * it may be cut off.
   */
  async summarize(texts: readonly string[], options: ConvertOptions = {}): Promise<GeneratedText[][]> {
    return this.convert(texts, options, { settings: this.taskSettings["summarization"] });
  }
}

/** What a translation is told. */
export interface TranslateTextOptions extends ConvertOptions {
  /** Languages by the model's codes, as `fr_XX`, `>>fra<<` or `fr`. Default: those that the folder's files say. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** How config.json names the settings of one pair of languages. */
const PAIR = /^translation_(\w+?)_to_(\w+)$/;

/** An encoder-decoder that translates, with its tokenizer. */
export class TextTranslator extends TextConverter {
  /** The language codes that the tokenizer knows; none where it is for one pair of languages. */
  get languages(): readonly string[] {
    return languagesOf(this.tokenizer);
  }

  /** The pairs of languages that config.json has settings for, as T5's do: [from, to]. */
  get pairs(): readonly (readonly [string, string])[] {
    return Object.keys(this.taskSettings).flatMap((name) => {
      const [, from, to] = PAIR.exec(name) ?? [];
      return from === undefined || to === undefined ? [] : [[from, to] as const];
    });
  }

  /**
   * The best translations of each text, in their order; one each unless more are asked for. Throws InputError for a
   * text that is too long, unless it may be cut off, and for languages that the model does not know.
   */
  async translate(texts: readonly string[], options: TranslateTextOptions = {}): Promise<GeneratedText[][]> {
    const { from, to, ...rest } = options;
    const way = this.languages.length > 0 ? this.#byCodes(from, to) : this.#byPair(from, to, rest.prefix);
    return this.convert(texts, rest, way);
  }

  /** T5 is told what to do in words, which stand in config.json. */
  #byPair(from: string | undefined, to: string | undefined, prefix: string | undefined): Way {
    const { pairs } = this;
    const asked = from !== undefined || to !== undefined;
    const fitting = pairs.filter(([a, b]) => (from ?? a) === a && (to ?? b) === b);
    const [pair] = fitting;
    if (pair !== undefined && fitting.length === 1)
      return { settings: this.taskSettings[`translation_${pair.join("_to_")}`] };
    if (pairs.length === 0 && !asked) return { settings: this.taskSettings["translation"] };
    if (prefix !== undefined && !asked) return {};
    const known = pairs.map((one) => one.join(" to ")).join(", ");
    throw new InputError(
      pairs.length === 0
        ? "The model's files name no languages: it translates between the two that it was trained on. Leave from and to out."
        : `The model translates ${known}; got ${from ?? "no from"} and ${to ?? "no to"}. Give one of these pairs, or a prefix.`,
    );
  }

  /** mBART marks the language of a text and that of its translation; Marian the latter, in front of the text. */
  #byCodes(from: string | undefined, to: string | undefined): Way {
    const { source, written } = sideTokenizers(this.tokenizer, { from, to });
    const tokenizer = source === this.tokenizer ? undefined : source;
    if (written === undefined) return { tokenizer };
    const id = this.tokenizer.tokenToId(written);
    // mBART's decoder starts with the language; that of mBART-50 with the end token, and then writes the language.
    const into = ({ decoderStartTokenId: start, eosTokenId: end }: GenerationOptions): GenerationOptions =>
      [end].flat().includes(start) ? { forcedBosTokenId: id } : { decoderStartTokenId: id };
    return { tokenizer, into };
  }
}

/** The tokenizers of both sides. */
export interface SideTokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
  /** The code of the language that is written, where the decoder begins with it. */
  readonly written: string | undefined;
}

/**
 * The tokenizers for texts and for their translations, with the marks of the languages, by the model's codes or the
 * beginnings of them. Throws InputError for a language that the tokenizer does not know.
 */
export function sideTokenizers(
  tokenizer: Tokenizer,
  { from, to }: Pick<TranslateTextOptions, "from" | "to">,
): SideTokenizers {
  const languages = languagesOf(tokenizer);
  const [first, second] = [from, to].map((code) => (code === undefined ? undefined : codeOf(code, languages)));
  const inFront = second?.startsWith(">>") === true;
  const marked = inFront ? second : first;
  const source = marked === undefined ? tokenizer : forLanguage(tokenizer, marked);
  if (second === undefined || inFront) return { source, target: tokenizer.target, written: undefined };
  return { source, target: forLanguage(tokenizer, second), written: second };
}

/** The code of a language as the tokenizer has it, from that code or the beginning of it. */
function codeOf(given: string, languages: readonly string[]): string {
  const fits = (code: string): boolean => code === given || code === `>>${given}<<` || code.startsWith(`${given}_`);
  const found = languages.find(fits);
  if (found !== undefined) return found;
  const near = nearest(given, languages);
  throw new InputError(
    `The model has no language "${given}".${near === undefined ? "" : ` Did you mean "${near}"?`} ` +
      (languages.length === 0 ? "Its tokenizer has none." : `It knows ${languages.join(", ")}.`),
  );
}
