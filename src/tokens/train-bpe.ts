import { Bpe } from "./bpe.ts";
import { byteTokenNames } from "./byte-fallback.ts";
import { byteAlphabet } from "./byte-level.ts";
import type { Texts } from "./count-words.ts";
import { learnMerges, type MergeOptions } from "./learn-merges.ts";
import type { StageJson } from "./stages.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkUnknown, trainBetween, type TrainingStages } from "./training.ts";

/** How a byte-pair encoding is learned. */
export interface TrainBpeOptions extends MergeOptions, TrainingStages {
  /**
   * `byte-level`: words as GPT-2 cuts them, in UTF-8 bytes, so that nothing is unknown; all 256 are in the alphabet
   * unless told otherwise.
   * `metaspace`: words begin with ▁ for the blank before them; characters that training did not see are unknown.
   */
  readonly kind?: "byte-level" | "metaspace" | undefined;
  /** The special token for unknown characters; for the kind `metaspace`. */
  readonly unknownToken?: string | undefined;
  /** Whether unknown characters become tokens such as `<0x0A>`, which then come after the special tokens. */
  readonly byteFallback?: boolean | undefined;
  /** Puts a blank before the text, so that its first word is like any other; for the kind `byte-level`. */
  readonly addPrefixSpace?: boolean | undefined;
}

/**
 * Learns a byte-pair encoding (Sennrich et al. 2016) from texts, with the merges, in the order, that Hugging Face
 * `tokenizers` learns. Throws InputError if there are no words, or if `size` is smaller than the alphabet.
 */
export async function trainBpe(texts: Texts, options: TrainBpeOptions): Promise<Tokenizer> {
  const { kind = "byte-level", specialTokens = [], unknownToken, byteFallback = false } = options;
  const stages = stagesOf(kind, options);
  checkUnknown(unknownToken, specialTokens);
  const initialAlphabet = options.initialAlphabet ?? (kind === "byte-level" ? byteAlphabet() : []);
  return trainBetween(texts, options, stages, async (counts) => {
    const first = byteFallback ? [...specialTokens, ...byteTokenNames()] : specialTokens;
    const { vocabulary, merges } = await learnMerges(counts, first, { ...options, initialAlphabet });
    const { continuingSubwordPrefix, endOfWordSuffix } = options;
    return new Bpe(vocabulary, merges, {
      unknownToken,
      byteFallback,
      fuseUnknown: byteFallback,
      continuingSubwordPrefix,
      endOfWordSuffix,
    });
  });
}

function stagesOf(
  kind: "byte-level" | "metaspace",
  { addPrefixSpace = false, endOfWordSuffix: suffix }: TrainBpeOptions,
): { preTokenizer: StageJson; decoder: StageJson; postProcessor: StageJson | undefined } {
  if (kind === "byte-level") {
    const stage = { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
    return { preTokenizer: stage, decoder: stage, postProcessor: stage };
  }
  const stage = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  const decoder = suffix === undefined ? stage : { type: "BPEDecoder", suffix };
  return { preTokenizer: stage, decoder, postProcessor: undefined };
}
