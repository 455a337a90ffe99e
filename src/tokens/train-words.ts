import { InputError } from "../errors/index.ts";
import { specialToken } from "./added-tokens.ts";
import { compareCodePoints } from "./characters.ts";
import { countWords, type Texts } from "./count-words.ts";
import { makeNormalizer } from "./normalizers.ts";
import { makePostProcessor } from "./post-processors.ts";
import { makePreTokenizer } from "./pre-tokenizers.ts";
import type { StageJson } from "./stages.ts";
import { Tokenizer } from "./tokenizer.ts";
import { WordLevel } from "./word-level.ts";

/** How a vocabulary of whole words is made. */
export interface TrainWordsOptions {
  /** At most how many tokens the vocabulary has, special ones included. */
  readonly size: number;
  /** Get the first ids, in this order; the unknown token must be one of them. */
  readonly specialTokens?: readonly string[];
  readonly unknownToken?: string;
  /** A word that is seen less often is left out. */
  readonly minimumFrequency?: number;
  /** Stages as in `tokenizer.json`. Words are runs of letters and digits, or of other signs, unless told otherwise. */
  readonly normalizer?: StageJson | undefined;
  readonly preTokenizer?: StageJson | undefined;
  readonly postProcessor?: StageJson | undefined;
}

/**
 * Makes a vocabulary of the most frequent words, of equally frequent ones those first that come first by code point.
 * Throws InputError if there are no words or no room for them, or if the unknown token is not among the special ones.
 */
export async function trainWords(texts: Texts, options: TrainWordsOptions): Promise<Tokenizer> {
  const { unknownToken = "<unk>", specialTokens = [unknownToken] } = options;
  if (!specialTokens.includes(unknownToken)) {
    throw new InputError(`The unknown token "${unknownToken}" is not among the special tokens; add it there.`);
  }
  if (!(options.size > specialTokens.length)) {
    throw new InputError(
      `A vocabulary of ${options.size} tokens has no room for words beside the ${specialTokens.length} special tokens.`,
    );
  }
  const normalizer = options.normalizer === undefined ? undefined : makeNormalizer(options.normalizer);
  const preTokenizer = makePreTokenizer(options.preTokenizer ?? { type: "Whitespace" });
  const counts = await countWords(texts, { normalizer, preTokenizer });
  const words = [...counts]
    .filter(([, count]) => count >= (options.minimumFrequency ?? 0))
    .sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
    .map(([word]) => word);
  const tokens = [...new Set([...specialTokens, ...words])].slice(0, options.size);
  const { postProcessor } = options;
  const vocabulary = new Map(tokens.map((token, id) => [token, id]));
  return new Tokenizer({
    model: new WordLevel(vocabulary, unknownToken),
    normalizer,
    preTokenizer,
    postProcessor: postProcessor === undefined ? undefined : makePostProcessor(postProcessor),
    addedTokens: specialTokens.map((content) => specialToken(vocabulary.get(content)!, content)),
  });
}
