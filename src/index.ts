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
export { createEngine, type Engine, type EngineOptions } from "./runtime/index.ts";
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
export { alignmentWords, textPairs, type TextPair } from "./data/index.ts";
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
  transformerParts,
  transformerPresets,
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
export { recordNames, recordsOf } from "./insight/index.ts";
export { heatGridSvg, heatGridText, lineChartSvg, lineChartText } from "./figures/index.ts";
export { exportModel, type ExportModelOptions } from "./tasks/export-model.ts";
export { OnnxFile, type InnerTensor } from "./tasks/onnx-file.ts";
export { exportTranslator, type ExportedTranslator } from "./tasks/export-translator.ts";
export { profileTranslator, type ProfileOptions, type StepProfile } from "./tasks/profile-translator.ts";
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
