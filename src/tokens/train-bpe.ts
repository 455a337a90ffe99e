import { InputError } from "../errors/index.ts";
import { specialToken } from "./added-tokens.ts";
import { Bpe } from "./bpe.ts";
import { byteAlphabet } from "./byte-level.ts";
import { learnMerges } from "./learn-merges.ts";
import { countWords, type Texts } from "./count-words.ts";
import { makeDecoder } from "./decoders.ts";
import { makeNormalizer } from "./normalizers.ts";
import { makePostProcessor } from "./post-processors.ts";
import { makePreTokenizer } from "./pre-tokenizers.ts";
import type { StageJson } from "./stages.ts";
import { Tokenizer } from "./tokenizer.ts";

/** How a byte-pair encoding is learned. */
export interface TrainBpeOptions {
  /** How many tokens the vocabulary should have, special ones and single characters included. */
  readonly size: number;
  /**
   * `byte-level`: words as GPT-2 cuts them, in UTF-8 bytes, so that nothing is unknown.
   * `metaspace`: words begin with ▁ for the blank before them; characters that training did not see are unknown.
   */
  readonly kind?: "byte-level" | "metaspace";
  /** Get the first ids, in this order. */
  readonly specialTokens?: readonly string[];
  /** The special token for unknown characters; for the kind `metaspace`. */
  readonly unknownToken?: string | undefined;
  /** A pair that is seen less often is not joined. */
  readonly minimumFrequency?: number;
  /** Characters to have whether seen or not; for the kind `byte-level` all 256 unless told otherwise. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** At most so many single characters, the most frequent. */
  readonly limitAlphabet?: number | undefined;
  /** Puts a blank before the text, so that its first word is like any other; for the kind `byte-level`. */
  readonly addPrefixSpace?: boolean;
  /** Stages as in `tokenizer.json`; the last two instead of those that the kind has. */
  readonly normalizer?: StageJson | undefined;
  readonly preTokenizer?: StageJson | undefined;
  readonly decoder?: StageJson | undefined;
  readonly postProcessor?: StageJson | undefined;
  /** Called now and then with the number of tokens so far. */
  readonly progress?: ((tokens: number, size: number) => void) | undefined;
}

/**
 * Learns a byte-pair encoding (Sennrich et al. 2016) from texts, with the merges, in the order, that Hugging Face
 * `tokenizers` learns. Throws InputError if there are no words, or if `size` is smaller than the alphabet.
 */
export async function trainBpe(texts: Texts, options: TrainBpeOptions): Promise<Tokenizer> {
  const { kind = "byte-level", specialTokens = [], unknownToken, addPrefixSpace = false } = options;
  const stages = stagesOf(kind, addPrefixSpace);
  const normalizer = options.normalizer === undefined ? undefined : makeNormalizer(options.normalizer);
  const preTokenizer = makePreTokenizer(options.preTokenizer ?? stages.preTokenizer);
  if (unknownToken !== undefined && !specialTokens.includes(unknownToken)) {
    throw new InputError(`The unknown token "${unknownToken}" is not among the special tokens; add it there.`);
  }
  const counts = await countWords(texts, { normalizer, preTokenizer });
  const { vocabulary, merges } = await learnMerges(counts, {
    size: options.size,
    specialTokens,
    minimumFrequency: options.minimumFrequency ?? 0,
    initialAlphabet: options.initialAlphabet ?? (kind === "byte-level" ? byteAlphabet() : []),
    limitAlphabet: options.limitAlphabet,
    progress: options.progress,
  });
  const postProcessor = options.postProcessor ?? stages.postProcessor;
  return new Tokenizer({
    model: new Bpe(vocabulary, merges, { unknownToken }),
    normalizer,
    preTokenizer,
    postProcessor: postProcessor === undefined ? undefined : makePostProcessor(postProcessor),
    decoder: makeDecoder(options.decoder ?? stages.decoder),
    addedTokens: specialTokens.map((content) => specialToken(vocabulary.get(content)!, content)),
  });
}

function stagesOf(
  kind: "byte-level" | "metaspace",
  addPrefixSpace: boolean,
): { preTokenizer: StageJson; decoder: StageJson; postProcessor: StageJson | undefined } {
  if (kind === "byte-level") {
    const stage = { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
    return { preTokenizer: stage, decoder: stage, postProcessor: stage };
  }
  const stage = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  return { preTokenizer: stage, decoder: stage, postProcessor: undefined };
}
