import { InputError } from "../errors/index.ts";
import { specialToken } from "./added-tokens.ts";
import type { Texts } from "./count-words.ts";
import type { MergeOptions } from "./learn-merges.ts";
import { Tokenizer } from "./tokenizer.ts";
import {
  familyOfKind,
  pipelineOf,
  tokenizerFamilies,
  type FamilyPipeline,
  type TokenizerFamily,
  type TokenizerKind,
} from "./tokenizer-families.ts";
import { trainBpe } from "./train-bpe.ts";
import { trainUnigram, type PieceOptions } from "./train-unigram.ts";
import { trainWordPiece } from "./train-word-piece.ts";
import { trainWords } from "./train-words.ts";
import type { TrainingStages } from "./training.ts";

/** How a whole tokenizer is trained. Settings of another kind are refused. */
export interface TrainTokenizerOptions extends MergeOptions, PieceOptions, TrainingStages {
  /** How the vocabulary is learned; that of the family unless told, or words or characters as they are. */
  readonly kind?: TokenizerKind | undefined;
  /** Whose pipeline it gets, or, of words and characters, special tokens; see `familyOfKind` for those of each kind. */
  readonly family?: TokenizerFamily | undefined;
  /** Come after the special tokens that the family has. */
  readonly specialTokens?: readonly string[] | undefined;
}

const mergeSettings = [
  "minimumFrequency",
  "initialAlphabet",
  "limitAlphabet",
  "continuingSubwordPrefix",
  "endOfWordSuffix",
  "maximumTokenLength",
] as const;
const pieceSettings = [
  "initialAlphabet",
  "shrinkingFactor",
  "maximumPieceLength",
  "subIterations",
  "seedSize",
] as const;

/** The settings beside the size that the trainer of each kind has. */
export const trainerSettings = {
  bpe: mergeSettings,
  "byte-level-bpe": mergeSettings,
  wordpiece: mergeSettings,
  unigram: pieceSettings,
  words: ["minimumFrequency"],
  characters: ["minimumFrequency"],
} as const satisfies Readonly<Record<TokenizerKind, readonly (keyof TrainTokenizerOptions)[]>>;

type TrainerOptions = TrainTokenizerOptions & FamilyPipeline & { readonly unknownToken: string | undefined };

const trainers = {
  bpe: (texts: Texts, options: TrainerOptions) => trainBpe(texts, { ...options, kind: "metaspace" }),
  "byte-level-bpe": (texts: Texts, options: TrainerOptions) => trainBpe(texts, { ...options, kind: "byte-level" }),
  wordpiece: trainWordPiece,
  unigram: trainUnigram,
  words: trainWords,
  characters: trainWords,
} as const;

/**
 * Trains a whole tokenizer in the usual pipeline of a family of models: normalizer, pre-tokenizer, vocabulary,
 * post-processor, decoder and special tokens. Each stage may be replaced. Throws InputError for a setting that the kind
 * does not have, and where the vocabulary has no room for what it must hold.
 */
export async function trainTokenizer(texts: Texts, options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { family, pipeline } = pipelineFor(options);
  const { kind, lastTokens = [], roles, maskTakesBlank = false } = pipeline;
  refuseOthers(options, kind);
  if (!(options.size > lastTokens.length)) {
    throw new InputError(
      `A vocabulary of ${options.size} tokens has no room beside the ${lastTokens.length} that ${family} ends with; ` +
        `ask for more.`,
    );
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const specialTokens = [...pipeline.specialTokens, ...(options.specialTokens ?? [])];
  const size = options.size - lastTokens.length;
  const unknownToken = kind === "byte-level-bpe" ? undefined : roles.unk;
  const { parts } = await trainers[kind](texts, { ...pipeline, ...given, kind, size, specialTokens, unknownToken });
  const last = lastTokens.map((content, i) => specialToken(parts.model.vocabulary.size + i, content));
  const addedTokens = [...(parts.addedTokens ?? []), ...last].map((token) => {
    return { ...token, lstrip: maskTakesBlank && token.content === roles.mask };
  });
  const special = Object.fromEntries(
    Object.entries(roles).map(([role, content]) => [role, addedTokens.find((token) => token.content === content)!]),
  );
  return new Tokenizer({ ...parts, addedTokens, special });
}

function pipelineFor({ kind, family }: TrainTokenizerOptions): {
  readonly family: TokenizerFamily;
  readonly pipeline: FamilyPipeline;
} {
  const chosen = family ?? (kind === undefined ? undefined : familyOfKind[kind]);
  if (chosen === undefined) {
    throw new InputError("Neither the kind of tokenizer nor a family of models is given; one of them was expected.");
  }
  const own = tokenizerFamilies[chosen].kind;
  const pipeline = pipelineOf(kind ?? own, chosen);
  if (pipeline !== undefined) return { family: chosen, pipeline };
  throw new InputError(`A tokenizer of ${chosen} is ${own}, not ${kind!}; leave one of the two out.`);
}

function refuseOthers(options: TrainTokenizerOptions, kind: TokenizerKind): void {
  const own: readonly string[] = trainerSettings[kind];
  const wrong = [...mergeSettings, ...pieceSettings].find((name) => options[name] !== undefined && !own.includes(name));
  if (wrong === undefined) return;
  throw new InputError(`${wrong} is no setting of ${kind}. It has ${own.join(", ")}.`);
}
