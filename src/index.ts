/** Heed: Transformers in TypeScript. Train them, run them, look inside them. */
export * from "./errors/index.ts";
export { random, shuffle, type Random } from "./random/index.ts";
export { diskFolder } from "#disk";
export { findModel, pull } from "#hub";
export {
  browserFolder,
  fetchFolder,
  memoryFolder,
  readLines,
  type Folder,
  type ReadableFolder,
} from "./files/index.ts";
export { createEngine, openGroup, type Engine, type EngineOptions, type Group } from "./runtime/index.ts";
export { camelCase, snakeCase } from "./checkpoints/index.ts";
export {
  compareTokenizers,
  Tokenizer,
  tokenizerSteps,
  trainBpe,
  trainTokenizer,
  trainTranslationTokenizer,
  trainUnigram,
  trainWordPiece,
  trainWords,
} from "./tokens/index.ts";
export { alignmentWords, decodeImage, textPairs, type RawImage, type TextPair } from "./data/index.ts";
export {
  bleu,
  bootstrap,
  chrf,
  explainBleu,
  formatBleuExplanation,
  pairedBootstrap,
  type BleuScore,
} from "./evaluation/index.ts";
export {
  adapted,
  architectureOf,
  architectureOfPreset,
  families,
  parametersOf,
  transformerParts,
  transformerPresets,
  type Adaptation,
  type Architecture,
  type Family,
  type ModelTask,
  type ParameterParts,
  type TransformerConfig,
  type TransformerPreset,
} from "./models/index.ts";
export {
  Run,
  Trainer,
  trainingLoop,
  type Batch,
  type Objective,
  type Step,
  type StopSignal,
} from "./training/index.ts";
export { lossOf } from "./objectives/index.ts";
export { countParameters, recordNames, recordsOf, type ParameterCounts } from "./insight/index.ts";
export { heatGridSvg, heatGridText, lineChartSvg, lineChartText } from "./figures/index.ts";
export {
  adaptModel,
  mergeAdapter,
  saveAdapter,
  SwitchableModel,
  withAdapters,
  type NewParameters,
} from "./tasks/adapted-model.ts";
export { loraPlan, type LoraOptions, type LoraPlan } from "./tasks/lora.ts";
export { mergeAdapterFolder } from "./tasks/merge-adapter.ts";
export { exportModel, type ExportModelOptions } from "./tasks/export-model.ts";
export { OnnxFile, type InnerTensor } from "./tasks/onnx-file.ts";
export { QuestionAnswerer, type Answer, type AnswerOptions } from "./tasks/answer.ts";
export { ImageClassifier } from "./tasks/classify-images.ts";
export { TextClassifier, type ClassScore } from "./tasks/classify.ts";
export { cosine, TextEmbedder, type EmbedOptions } from "./tasks/embed.ts";
export { exportTranslator, type ExportedTranslator } from "./tasks/export-translator.ts";
export { MaskFiller, type Filling } from "./tasks/fill.ts";
export { TextSummarizer, TextTranslator, type ConvertOptions, type TranslateTextOptions } from "./tasks/convert.ts";
export { type ForwardOptions, type ForwardResults } from "./tasks/forward.ts";
export { TextGenerator, type GeneratedText, type GenerateTextOptions, type Prompt } from "./tasks/generate-text.ts";
export { cachedModel, modelGenerationOptions } from "./tasks/generation.ts";
export { readGolden, type ForwardCase, type GenerateCase, type Golden } from "./tasks/golden-file.ts";
export { type ImageInput } from "./tasks/image-model.ts";
export { ImageTextMatcher, type Match } from "./tasks/match.ts";
export { Model, type Results, type RunOptions } from "./tasks/model.ts";
export { feedsOf } from "./tasks/model-inputs.ts";
export { open, type OpenTaskOptions, type TaskModels, type TaskName } from "./tasks/open-task.ts";
export {
  createModel,
  inspectCheckpoint,
  openModel,
  saveModel,
  type Checkpoint,
  type CreateOptions,
  type OpenOptions,
} from "./tasks/open.ts";
export { profileTranslator, type ProfileOptions, type StepProfile } from "./tasks/profile-translator.ts";
export { type Answered, type Reward } from "./tasks/answers.ts";
export { RewardModel } from "./tasks/reward-model.ts";
export { TokenTagger, type TaggedSpan, type TaggedWord } from "./tasks/tag.ts";
export { TextModel, type EncodedTexts, type ReadOptions } from "./tasks/text-model.ts";
export { train, type TrainOptions } from "./tasks/train-translator.ts";
export {
  attentionOf,
  evaluateTranslator,
  headAlignments,
  headRows,
  meanOfHeads,
  type AttentionKind,
  type HeadAlignment,
  type TranslateOptions,
  type Translation,
  type TranslatorAttention,
} from "./tasks/translate.ts";
export { openTranslatorFolder, type TranslatorFolder } from "./tasks/translator-folder.ts";
export { Translator, type TranslatorOptions } from "./tasks/translator.ts";
export { verify, verifyModel, type Verification, type VerifyOptions, type VerifyRow } from "./tasks/verify.ts";
