/** Heed: Transformers in TypeScript. Train them, run them, look inside them. */
export * from "./errors/index.ts";
export { train, type TrainOptions } from "./tasks/train-translator.ts";
export { Translator, type TranslatorOptions } from "./tasks/translator.ts";
