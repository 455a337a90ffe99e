export { parseAlignment, type Alignment } from "./alignments.ts";
export { dictionaryBaseline, type DictionaryBaseline } from "./dictionary-baseline.ts";
export { decodeImage } from "./image-files.ts";
export { imageSettings, type ImageSettings } from "./image-settings.ts";
export { pixelValues } from "./images.ts";
export type { RawImage } from "./pixels.ts";
export { resamplings, type Resampling } from "./resample.ts";
export {
  describePairReport,
  placesOf,
  textPairs,
  withinLimits,
  type Lines,
  type PairLength,
  type PairReport,
  type SetAside,
  type TextPair,
  type TextPairsOptions,
} from "./text-pairs.ts";
export { tokenBatches, type TokenBatches, type TokenBatchesOptions } from "./token-batches.ts";
export {
  IGNORED,
  padRows,
  translationBatch,
  type TokenMatrix,
  type TokenPair,
  type TranslationBatch,
  type TranslationBatchOptions,
} from "./translation-batch.ts";
export { alignmentWords, contentWords, tokenSpans, type Word } from "./words.ts";
export { parseConll, type TaggedSentence } from "./conll.ts";
export { madePassages, type PassageOptions, type SquadFile } from "./passages.ts";
export { parseJudgements, parseRanking } from "./rankings.ts";
export { parseSquad, type TextQuestion } from "./squad.ts";
export {
  columnOf,
  parseTable,
  TABLE_FORMATS,
  tableFormatOf,
  type Table,
  type TableFormat,
  type TableRow,
} from "./table-rows.ts";
export { instructionRow, withInputs, type InstructionRow } from "./instruction-rows.ts";
export {
  instructionKinds,
  madeInstructions,
  madeSentences,
  type MadeInstruction,
  type MadeOptions,
} from "./made-instructions.ts";
export { parsePreferences, parsePrompts, type Preference, type Said } from "./preferences.ts";
export {
  clustersOf,
  copiesOn,
  findDuplicates,
  type Copies,
  type DuplicateOptions,
  type Duplicates,
  type NearPair,
} from "./duplicates.ts";
export {
  groupSplit,
  parseTimes,
  randomSplit,
  splitSides,
  timeSplit,
  type Split,
  type SplitShares,
  type SplitSide,
} from "./splits.ts";
export {
  addNoise,
  documentRotation,
  sentencePermutation,
  textInfilling,
  tokenDeletion,
  tokenMasking,
  type DocumentNoise,
  type Infilled,
  type InfillingNoise,
  type MaskNoise,
  type NoiseShare,
} from "./document-noise.ts";
export { maskPatches, type PatchMasking } from "./patch-masks.ts";
export {
  corruptedLengths,
  corruptSpans,
  longestText,
  spanCounts,
  spanMask,
  type CorruptedText,
  type SpanCorruption,
  type SpanCounts,
} from "./span-corruption.ts";
