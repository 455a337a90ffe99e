import type { Texts } from "./count-words.ts";
import type { StageJson } from "./stages.ts";
import { templateOf } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { trainBpe } from "./train-bpe.ts";
import type { TrainingProgress } from "./turns.ts";

/** The special tokens of a translator, in the order of their ids from 0. */
export const translationTokens = { pad: "<pad>", start: "<s>", end: "</s>", unknown: "<unk>" } as const;

/** How a translator's tokenizer is learned. */
export interface TranslationTokenizerOptions {
  /** How many tokens the vocabulary should have, the four special ones and the 256 bytes included. */
  readonly size: number;
  /** Whether `<s>` is put before every text. */
  readonly addStart?: boolean;
  /** Whether `</s>` is put after every text; so it is unless told otherwise. */
  readonly addEnd?: boolean;
  readonly minimumFrequency?: number | undefined;
  readonly normalizer?: StageJson | undefined;
  readonly progress?: TrainingProgress | undefined;
}

/**
 * Learns a byte-level byte-pair encoding for both languages of a translator from the texts of both.
 * Nothing is unknown to it, and decoding gives the text back as it was.
 */
export function trainTranslationTokenizer(texts: Texts, options: TranslationTokenizerOptions): Promise<Tokenizer> {
  const { addStart = false, addEnd = true, ...rest } = options;
  const specialTokens = Object.values(translationTokens);
  const { start, end } = translationTokens;
  const around = (text: string, type: string): string =>
    [...(addStart ? [start + type] : []), text + type, ...(addEnd ? [end + type] : [])].join(" ");
  const processors = [
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    templateOf(around("A", ""), `${around("A", "")} ${around("B", ":1")}`, specialTokens),
  ];
  return trainBpe(texts, { ...rest, specialTokens, postProcessor: { type: "Sequence", processors } });
}
