import { InputError } from "../errors/index.ts";
import type { Texts } from "./count-words.ts";
import { learnUnigram, type ScoredPiece } from "./learn-unigram.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkUnknown, trainBetween, type TrainingStages } from "./training.ts";
import type { TrainingProgress } from "./turns.ts";
import { Unigram } from "./unigram.ts";

/** What decides which pieces a Unigram model has. */
export interface PieceOptions {
  /** How many tokens the vocabulary should have, special ones and single characters included. */
  readonly size: number;
  /** Characters to have whether seen or not. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** The share of the pieces that stays when some are dropped; 0.75 unless told. */
  readonly shrinkingFactor?: number | undefined;
  /** No piece has more characters; 16 unless told. */
  readonly maximumPieceLength?: number | undefined;
  /** How often the probabilities are fitted between two times that pieces are dropped; 2 unless told. */
  readonly subIterations?: number | undefined;
  /** With how many candidates learning begins at most; 1,000,000 unless told. */
  readonly seedSize?: number | undefined;
  /** Called now and then with the number of steps that are done, and of all. */
  readonly progress?: TrainingProgress | undefined;
}

/** How a Unigram model is learned. */
export interface TrainUnigramOptions extends PieceOptions, TrainingStages {
  /** Stands for characters that training did not see; must be one of the special tokens. */
  readonly unknownToken?: string | undefined;
}

const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
const usual = { preTokenizer: metaspace, decoder: metaspace };

/**
 * Learns a Unigram language model (Kudo 2018) from texts, with the pieces and, but for rounding, the scores of Hugging
 * Face `tokenizers`. Throws InputError if there are no words, if `size` is smaller than the number of characters, or
 * for a setting out of its range.
 */
export async function trainUnigram(texts: Texts, options: TrainUnigramOptions): Promise<Tokenizer> {
  const { unknownToken = "<unk>", specialTokens = [unknownToken], size, progress } = options;
  checkUnknown(unknownToken, specialTokens);
  const { shrinkingFactor = 0.75, maximumPieceLength = 16, subIterations = 2, seedSize = 1_000_000 } = options;
  if (!(shrinkingFactor > 0 && shrinkingFactor < 1)) {
    throw new InputError(`A shrinking factor of ${shrinkingFactor} drops no pieces or all; take one between 0 and 1.`);
  }
  checkCount("sub-iterations", subIterations);
  checkCount("characters in a piece", maximumPieceLength);
  checkCount("candidates", seedSize);
  const specials = [...new Set(specialTokens)];
  const initialAlphabet = (options.initialAlphabet ?? []).flatMap(([character]) => character ?? []);
  const found = { shrinkingFactor, maximumPieceLength, subIterations, seedSize, initialAlphabet };
  return trainBetween(texts, { ...options, specialTokens }, usual, async (counts) => {
    const learned = await learnUnigram(counts, { ...found, size, specials: specials.length, progress });
    const pieces: ScoredPiece[] = specials.map((token) => [token, 0]);
    pieces.push(...learned.filter(([piece]) => !specials.includes(piece)));
    return new Unigram({ pieces, unknownId: specials.indexOf(unknownToken) });
  });
}

function checkCount(what: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new InputError(`${value} ${what} cannot be; a whole number of at least 1 was expected.`);
}
