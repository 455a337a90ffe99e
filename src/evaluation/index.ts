/** Scores of output against references, how sure they are, and how they came about. Pure: runs in Node and in a page. */
export {
  type ReliabilityBin,
  brier,
  calibrationStatistics,
  confidences,
  expectedCalibrationError,
  reliabilityBins,
} from "./calibration.ts";
export {
  type ClassificationOptions,
  type ConfusionMatrix,
  type ConfusionMeasure,
  accuracy,
  classificationStatistics,
  confusionMatrix,
  confusionStatistics,
  labelsIn,
  matchCounts,
  matthews,
} from "./classification.ts";
export { pearson, regressionStatistics, spearman } from "./correlation.ts";
export {
  type Average,
  type ClassScore,
  type MatchCounts,
  type PrecisionRecall,
  averagedScores,
  classScores,
  precisionRecall,
} from "./precision-recall.ts";
export { averagePrecision, rankingStatistics, rocAuc, topKStatistics } from "./ranking.ts";
export { type RankedQuery, ndcgAt, recallAt, reciprocalRank, retrievalStatistics } from "./retrieval.ts";
export {
  type RougeOptions,
  type RougeScore,
  type RougeType,
  ROUGE_TYPES,
  rougeScores,
  rougeStatistics,
} from "./rouge.ts";
export { type SpanOptions, type SpanScores, type Tags, spanScores, spanStatistics } from "./span-scores.ts";
export {
  type AnsweredQuestion,
  type SquadOptions,
  type AnswerScores,
  type AnswerShare,
  answerExact,
  answerF1,
  answerScores,
  answerStatistics,
  normalizeAnswer,
} from "./squad.ts";
export { type ReadTags, type TagScheme, type TagSpan, TAG_SCHEMES, readTags } from "./tag-spans.ts";
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
export { type ExampleStatistics, meanStatistics, pairStatistics, scoreOf, summedStatistics } from "./examples.ts";
export {
  type Interval,
  type PairedBootstrap,
  type PairedTest,
  type ResamplingOptions,
  bootstrap,
  pairedBootstrap,
  pairedRandomization,
} from "./resampling.ts";
export {
  type Slice,
  type SliceScore,
  lengthSlices,
  sliceScores,
  statisticsOf,
  valueSlices,
  wordSlices,
} from "./slices.ts";
export { type ScoreFormat } from "./score-line.ts";
export {
  type Share,
  type TokenLoss,
  meanNats,
  perplexity,
  perplexityStatistics,
  sumShares,
  tokenAccuracy,
} from "./token-scores.ts";
