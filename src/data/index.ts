export { parseAlignment } from "./alignments.ts";
export type { Alignment } from "./alignments.ts";
export { dictionaryBaseline } from "./dictionary-baseline.ts";
export type { DictionaryBaseline } from "./dictionary-baseline.ts";
export { decodeImage } from "./image-files.ts";
export { imageSettings, type ImageSettings } from "./image-settings.ts";
export { pixelValues } from "./images.ts";
export type { RawImage } from "./pixels.ts";
export { resamplings, type Resampling } from "./resample.ts";
export { describePairReport, placesOf, textPairs, withinLimits } from "./text-pairs.ts";
export type { Lines, PairLength, PairReport, SetAside, TextPair, TextPairsOptions } from "./text-pairs.ts";
export { tokenBatches } from "./token-batches.ts";
export type { TokenBatches, TokenBatchesOptions } from "./token-batches.ts";
export { IGNORED, padRows, translationBatch } from "./translation-batch.ts";
export type { TokenMatrix, TokenPair, TranslationBatch, TranslationBatchOptions } from "./translation-batch.ts";
export { alignmentWords, contentWords, tokenSpans } from "./words.ts";
export type { Word } from "./words.ts";
export { parseConll } from "./conll.ts";
export type { TaggedSentence } from "./conll.ts";
export { parseJudgements, parseRanking } from "./rankings.ts";
export { parseSquad } from "./squad.ts";
export type { TextQuestion } from "./squad.ts";
export { columnOf, parseTable, TABLE_FORMATS, tableFormatOf } from "./table-rows.ts";
export type { Table, TableFormat, TableRow } from "./table-rows.ts";
export {
  addNoise,
  documentRotation,
  sentencePermutation,
  textInfilling,
  tokenDeletion,
  tokenMasking,
} from "./document-noise.ts";
export type { DocumentNoise, Infilled, InfillingNoise, MaskNoise, NoiseShare } from "./document-noise.ts";
export { maskPatches, type PatchMasking } from "./patch-masks.ts";
export { corruptedLengths, corruptSpans, longestText, spanCounts, spanMask } from "./span-corruption.ts";
export type { CorruptedText, SpanCorruption, SpanCounts } from "./span-corruption.ts";
