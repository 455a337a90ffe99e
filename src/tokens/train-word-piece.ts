import type { Texts } from "./count-words.ts";
import { learnMerges, type MergeOptions } from "./learn-merges.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkUnknown, trainBetween, type TrainingStages } from "./training.ts";
import { WordPiece } from "./word-piece.ts";

/** How a WordPiece vocabulary is learned. `continuingSubwordPrefix` is `##` unless told. */
export interface TrainWordPieceOptions extends MergeOptions, TrainingStages {
  /** Stands for a word that cannot be written; must be one of the special tokens. */
  readonly unknownToken?: string | undefined;
  /** Longer words, counted in code points, are unknown as a whole; 100 unless told. */
  readonly maxInputCharsPerWord?: number | undefined;
}

const usual = {
  preTokenizer: { type: "BertPreTokenizer" },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
};

/**
 * Learns a WordPiece vocabulary as Hugging Face `tokenizers` does: the tokens of a byte-pair encoding in which all
 * characters but a word's first have the prefix. Throws InputError if there are no words, or if `size` is smaller than
 * the alphabet.
 */
export async function trainWordPiece(texts: Texts, options: TrainWordPieceOptions): Promise<Tokenizer> {
  const { unknownToken = "[UNK]", specialTokens = [unknownToken], continuingSubwordPrefix = "##" } = options;
  checkUnknown(unknownToken, specialTokens);
  const decoder = { ...usual.decoder, prefix: continuingSubwordPrefix };
  return trainBetween(texts, { ...options, specialTokens }, { ...usual, decoder }, async (counts) => {
    const { vocabulary } = await learnMerges(counts, specialTokens, { ...options, continuingSubwordPrefix });
    const { maxInputCharsPerWord } = options;
    return new WordPiece({ vocabulary, unknownToken, continuingSubwordPrefix, maxInputCharsPerWord });
  });
}
