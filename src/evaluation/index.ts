/** Scores of output against references, how sure they are, and how they came about. Pure: runs in Node and in a page. */
export { type Span, type WordLink, alignmentAccuracy, mergeAttention } from "./alignment.ts";
export { type BleuScore, bleu, bleuStatistics, sentenceBleu } from "./bleu.ts";
export { BLEU_SMOOTHINGS, type BleuOptions, type BleuSmoothing } from "./bleu-steps.ts";
export { BLEU_TOKENIZATIONS, type BleuTokenization, tokenizeForBleu } from "./bleu-tokens.ts";
export { type ChrfOptions, type ChrfScore, chrf, chrfStatistics } from "./chrf.ts";
export {
  type BleuExplanation,
  type ExplainBleuOptions,
  type ExplainedNgram,
  type ExplainedOrder,
  type ExplainedPrecision,
  type ExplainedSentence,
  explainBleu,
} from "./explain-bleu.ts";
export { formatBleuExplanation } from "./explain-bleu-text.ts";
export {
  type Interval,
  type PairedBootstrap,
  type PairedTest,
  type ResamplingOptions,
  bootstrap,
  pairedBootstrap,
  pairedRandomization,
} from "./resampling.ts";
export { type ScoreFormat } from "./score-line.ts";
export { type SegmentStatistics, meanStatistics } from "./segments.ts";
export { type Share, type TokenLoss, meanNats, perplexity, sumShares, tokenAccuracy } from "./token-scores.ts";
