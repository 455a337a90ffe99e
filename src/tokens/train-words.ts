import { InputError } from "../errors/index.ts";
import { compareCodePoints } from "./characters.ts";
import type { Texts } from "./count-words.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkUnknown, trainBetween, type TrainingStages } from "./training.ts";
import { WordLevel } from "./word-level.ts";

/** How a vocabulary of whole words is made. Words are runs of letters and digits, or of other signs, unless told. */
export interface TrainWordsOptions extends TrainingStages {
  /** At most how many tokens the vocabulary has, special ones included. */
  readonly size: number;
  /** Must be one of the special tokens; `<unk>` unless told. */
  readonly unknownToken?: string | undefined;
  /** A word that is seen less often is left out. */
  readonly minimumFrequency?: number | undefined;
}

/**
 * Makes a vocabulary of the most frequent words, of equally frequent ones those first that come first by code point.
 * Throws InputError if there are no words or no room for them, or if the unknown token is not among the special ones.
 */
export async function trainWords(texts: Texts, options: TrainWordsOptions): Promise<Tokenizer> {
  const { unknownToken = "<unk>", specialTokens = [unknownToken] } = options;
  checkUnknown(unknownToken, specialTokens);
  if (!(options.size > specialTokens.length)) {
    throw new InputError(
      `A vocabulary of ${options.size} tokens has no room for words beside the ${specialTokens.length} special tokens.`,
    );
  }
  return trainBetween(texts, { ...options, specialTokens }, { preTokenizer: { type: "Whitespace" } }, (counts) => {
    const words = [...counts]
      .filter(([, count]) => count >= (options.minimumFrequency ?? 0))
      .sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
      .map(([word]) => word);
    const tokens = [...new Set([...specialTokens, ...words])].slice(0, options.size);
    return new WordLevel(new Map(tokens.map((token, id) => [token, id])), unknownToken);
  });
}
