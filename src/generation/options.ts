/** What generation is told, and what it gives back. The options are those of Hugging Face's `generate`, in camelCase. */
import type { HostTensor } from "../onnx/index.ts";
import type { LogitsProcessor } from "./processors.ts";

/** Asks a search or a training to stop between two steps, with what it has: an AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
}

/** Turns ids into text: a Tokenizer is one. */
export interface Decodes {
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
}

/** How long a sequence may be, and what ends it. */
export interface LengthOptions {
  /** The most new tokens, the end token included: one number, or one a row. Default: 20. */
  readonly maxNewTokens?: number | readonly number[] | undefined;
  /** The most tokens, prompt and its padding included. `maxNewTokens` goes before it. */
  readonly maxLength?: number | undefined;
  /** The fewest new tokens before an end token. Default: 0. */
  readonly minNewTokens?: number | undefined;
  /** The fewest tokens, prompt and its padding included. `minNewTokens` goes before it. */
  readonly minLength?: number | undefined;
  /** The most positions that the model has: no sequence grows beyond them. */
  readonly maxPositions?: number | undefined;
  /** The token that ends a sequence, or several. Without it only lengths and stop strings do. */
  readonly eosTokenId?: number | readonly number[] | undefined;
  /** What prompts are padded with, at the left. Where no mask is given, these places are hidden. */
  readonly padTokenId?: number | undefined;
  /** What a decoder starts from where its prompt is not given. */
  readonly decoderStartTokenId?: number | undefined;
  /** A sequence ends with the token that completes one of these. Needs `tokenizer`. */
  readonly stopStrings?: string | readonly string[] | undefined;
  /** Reads ids for stop strings. */
  readonly tokenizer?: Decodes | undefined;
  /** Ends the search between two steps, with what there is. */
  readonly stop?: StopSignal | undefined;
}

/** What changes scores before a token is chosen, in the order in which it acts. Absent means off. */
export interface ScoreOptions {
  /** Added to the score of a sequence's last token where the others stand in front of it; a single token's always. */
  readonly sequenceBias?: readonly (readonly [readonly number[], number])[] | undefined;
  /** Above 1 makes tokens of the encoder's input (of the prompt, where there is no encoder) more probable. */
  readonly encoderRepetitionPenalty?: number | undefined;
  /** Above 1 makes tokens that are there already less probable (Keskar et al. 2019, section 4.1). */
  readonly repetitionPenalty?: number | undefined;
  /** No run of so many tokens comes twice. */
  readonly noRepeatNgramSize?: number | undefined;
  /** No run of so many tokens of the encoder's input comes. */
  readonly encoderNoRepeatNgramSize?: number | undefined;
  /** Sequences that never come. */
  readonly badWordsIds?: readonly (readonly number[])[] | undefined;
  /** The tokens that may come next, given the input row and its tokens so far, prompt included. */
  readonly prefixAllowedTokens?: ((row: number, ids: readonly number[]) => readonly number[]) | undefined;
  /** The first token after a prompt of one token, as the language of a translation. */
  readonly forcedBosTokenId?: number | undefined;
  /** The last token where the length ends a sequence. */
  readonly forcedEosTokenId?: number | readonly number[] | undefined;
  /** Scores that are not numbers become 0, infinite ones the largest float32. */
  readonly removeInvalidValues?: boolean | undefined;
  /** After so many new tokens, end tokens gain by this factor a step: [start, factor]. */
  readonly exponentialDecayLengthPenalty?: readonly [number, number] | undefined;
  /** Tokens that never come. */
  readonly suppressTokens?: readonly number[] | undefined;
  /** Tokens that do not come first. */
  readonly beginSuppressTokens?: readonly number[] | undefined;
  /** Own processors; they act here. All scores leave the engine then. */
  readonly processors?: readonly LogitsProcessor[] | undefined;
  /** Whether scores are normalized again in the end. */
  readonly renormalizeLogits?: boolean | undefined;
}

/** Drawing tokens instead of taking the best. */
export interface SamplingOptions {
  /** Whether tokens are drawn. Default: false. */
  readonly doSample?: boolean | undefined;
  /** The same seed gives the same sequences. Default: 0. */
  readonly seed?: number | undefined;
  /** The place of each row in the whole input, where a batch is a part of it. Default: the place in the batch. */
  readonly places?: readonly number[] | undefined;
  /** Below 1 sharpens the distribution, above 1 flattens it. Default: 1. */
  readonly temperature?: number | undefined;
  /** Keeps the best tokens that hold this share of the distribution's entropy. Default: off. */
  readonly topH?: number | undefined;
  /** Draws from so many of the most probable tokens; 0 means from all. Default: 50. */
  readonly topK?: number | undefined;
  /** Draws from the fewest tokens that together have this probability. Default: 1. */
  readonly topP?: number | undefined;
  /** Draws from tokens with at least this share of the best one's probability. Default: off. */
  readonly minP?: number | undefined;
  /** Draws from the tokens nearest to the entropy that together have this probability. Default: 1. */
  readonly typicalP?: number | undefined;
  /** Draws from tokens of at least this probability. Default: 0. */
  readonly epsilonCutoff?: number | undefined;
  /** As `epsilonCutoff`, lower where the entropy is high. Default: 0. */
  readonly etaCutoff?: number | undefined;
}

/** Following several sequences at once. */
export interface BeamOptions {
  /** How many sequences are followed at once. Default: 1, greedy search. */
  readonly numBeams?: number | undefined;
  /** Scores are divided by the number of tokens to this power; above 0 favors long sequences. Default: 1. */
  readonly lengthPenalty?: number | undefined;
  /**
   * When to stop once `numBeams` sequences are finished: `true`, at once; `false`, when the best open one, at its
   * present length, scores no better than the worst finished one; `"never"`, when it could not do so at any length.
   * Default: false.
   */
  readonly earlyStopping?: boolean | "never" | undefined;
  /** How many sequences a row gets, best first where beams are followed. Default: 1. */
  readonly numReturnSequences?: number | undefined;
}

/** What is told about each token beside its log-probability. */
export interface OutputOptions {
  /** Gives so many of the most probable tokens of each step. Default: 0. */
  readonly alternatives?: number | undefined;
  /** Gives the scores of the whole vocabulary at each step, as processed. Default: false. */
  readonly outputScores?: boolean | undefined;
  /** Told each step of a beam search, as it was; the search is the same with it. */
  readonly onBeamStep?: ((step: BeamStep) => void) | undefined;
}

/** A continuation that a step of a beam search looked at. */
export interface BeamCandidate {
  readonly id: number;
  /** Which of the sequences that were open before the step it goes on from. */
  readonly from: number;
  /** Under the model alone; 0 for a forced token. */
  readonly logProbability: number;
  /** The sum of the sequence's log-probabilities as the processors left them. */
  readonly sum: number;
  /** The sum over the number of tokens to the power of the length penalty. */
  readonly score: number;
  /** Whether the sequence is followed further, has ended among the best ones, or is given up. */
  readonly state: "kept" | "finished" | "pruned";
  readonly ending: "end token" | "stop string" | "length" | undefined;
  /** Its place among the open sequences after the step, where it is kept. */
  readonly place: number | undefined;
}

/** One step of a beam search for one row of the prompts. */
export interface BeamStep {
  readonly row: number;
  /** From 0. */
  readonly step: number;
  /** Whether the search goes on behind it. */
  readonly live: boolean;
  /** In their order: best first, or as they were drawn. */
  readonly candidates: readonly BeamCandidate[];
}

/** All that generation is told. */
export interface GenerationOptions extends LengthOptions, ScoreOptions, SamplingOptions, BeamOptions, OutputOptions {}

/** A token that might have come, and its log-probability under the model. */
export interface Alternative {
  readonly id: number;
  readonly logProbability: number;
}

/** A generated sequence. */
export interface Generated {
  /** The tokens, without the prompt and without the end token. */
  readonly ids: Int32Array;
  /** The end token that came; undefined where a length, a stop string or a signal ended the sequence. */
  readonly endId: number | undefined;
  /**
   * The sum of log-probabilities over their number to the power of the length penalty. Of beams, log-probabilities are
   * those that the processors left.
   */
  readonly score: number;
  /** One a token, in nats, under the model alone; 0 for a forced one. The end token's is the last one. */
  readonly logProbabilities: Float32Array;
  /** Whether an end token or a stop string came; otherwise the length or a signal ended the sequence. */
  readonly finished: boolean;
  /** The most probable tokens of each step, best first, where they were asked for. */
  readonly alternatives?: readonly (readonly Alternative[])[];
  /** Scores of the whole vocabulary at each step, as processed, where they were asked for. */
  readonly scores?: readonly Float32Array[];
}

/** Prompts of one token for `rows` rows: what the decoder of an encoder-decoder starts from. int32[rows, 1]. */
export function startTokens(rows: number, startId: number): HostTensor {
  return { dtype: "int32", shape: [rows, 1], data: new Int32Array(rows).fill(startId) };
}
