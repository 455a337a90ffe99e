import type { Texts } from "./count-words.ts";
import type { StageJson } from "./stages.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { trainBpe } from "./train-bpe.ts";

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
  readonly minimumFrequency?: number;
  readonly normalizer?: StageJson | undefined;
  readonly progress?: ((tokens: number, size: number) => void) | undefined;
}

/**
 * Learns a byte-level byte-pair encoding for both languages of a translator from the texts of both.
 * Nothing is unknown to it, and decoding gives the text back as it was.
 */
export function trainTranslationTokenizer(texts: Texts, options: TranslationTokenizerOptions): Promise<Tokenizer> {
  const { addStart = false, addEnd = true, ...rest } = options;
  const specialTokens = Object.values(translationTokens);
  const before = addStart ? [translationTokens.start] : [];
  const after = addEnd ? [translationTokens.end] : [];
  const template = [before, after].map((tokens) => tokens.map((id) => special(id)));
  const processors = [
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    {
      type: "TemplateProcessing",
      single: [...template[0]!, sequence("A", 0), ...template[1]!],
      pair: [
        ...[...template[0]!, sequence("A", 0), ...template[1]!],
        ...[...before.map((id) => special(id, 1)), sequence("B", 1), ...after.map((id) => special(id, 1))],
      ],
      special_tokens: Object.fromEntries(
        [...after, ...before].map((token) => [
          token,
          { id: token, ids: [specialTokens.indexOf(token)], tokens: [token] },
        ]),
      ),
    },
  ];
  return trainBpe(texts, { ...rest, specialTokens, postProcessor: { type: "Sequence", processors } });
}

function special(id: string, type_id = 0): unknown {
  return { SpecialToken: { id, type_id } };
}

function sequence(id: "A" | "B", type_id: number): unknown {
  return { Sequence: { id, type_id } };
}
