export { specialToken, type AddedToken } from "./added-tokens.ts";
export { Bpe, type BpeSettings } from "./bpe.ts";
export { byteAlphabet } from "./byte-level.ts";
export { compareTokenizers, type TokenizerComparison, type TokenizerMeasures, type WordDifference } from "./compare.ts";
export type { Texts } from "./count-words.ts";
export { makeDecoder, type Decoder } from "./decoders.ts";
export { answerSpans, type AnswerSpan, type ChatText, type TextSpan } from "./answer-spans.ts";
export { fillTemplate, type ChatMessage, type ChatOptions } from "./chat.ts";
export { chatTemplate, chatTemplateNames, withChatTemplate, type ChatTemplateName } from "./chat-templates.ts";
export type { Encoding } from "./encoding.ts";
export type { Model, Pieces } from "./model.ts";
export { forLanguage, languagesOf } from "./languages.ts";
export { makeNormalizer, type Normalizer } from "./normalizers.ts";
export { markedTokenizer, textMarks, type TextMarks } from "./marks.ts";
export { codePointOffsets } from "./offsets.ts";
export { makePostProcessor, type PostProcessor } from "./post-processors.ts";
export { makePreTokenizer, type PreTokenizer } from "./pre-tokenizers.ts";
export type { MatchSteps, MergeSteps, ModelSteps, PathSteps, ScoredPart } from "./model-steps.ts";
export type { StageJson } from "./stages.ts";
export { Tokenizer, type EncodeOptions, type TokenizerInput } from "./tokenizer.ts";
export {
  BINARY_TOKENIZER_FILES,
  openTokenizerFiles,
  PICKLED_TOKENIZER_FILES,
  TEXT_TOKENIZER_FILES,
} from "./tokenizer-files.ts";
export type { Role, TokenForm, TokenizerConfig } from "./tokenizer-config.ts";
export type { TokenizerFiles } from "./family-files.ts";
export type { TokenizerJson, TokenizerParts } from "./tokenizer-json.ts";
export { trainBpe, type TrainBpeOptions } from "./train-bpe.ts";
export type { TrainingStages } from "./training.ts";
export { Turns, type TrainingProgress } from "./turns.ts";
export type { MergeOptions } from "./learn-merges.ts";
export { tokenizerSteps, type StepPart, type StepWord, type TokenizerSteps } from "./steps.ts";
export {
  tokenizerFamilies,
  tokenizerKinds,
  type FamilyPipeline,
  type TokenizerFamily,
  type TokenizerKind,
} from "./tokenizer-families.ts";
export { trainerSettings, trainTokenizer, type TrainTokenizerOptions } from "./train-tokenizer.ts";
export { trainUnigram, type PieceOptions, type TrainUnigramOptions } from "./train-unigram.ts";
export { trainWordPiece, type TrainWordPieceOptions } from "./train-word-piece.ts";
export { trainWords, type TrainWordsOptions } from "./train-words.ts";
export {
  trainTranslationTokenizer,
  translationTokens,
  type TranslationTokenizerOptions,
} from "./translation-tokenizer.ts";
export type { PaddingOptions, TruncationOptions } from "./truncation.ts";
export { Unigram, type UnigramSettings } from "./unigram.ts";
export { WordLevel } from "./word-level.ts";
export { WordPiece, type WordPieceSettings } from "./word-piece.ts";
