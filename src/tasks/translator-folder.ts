/** A translator's folder without an engine: what it holds, and whether its parts fit each other. */
import {
  CONFIG,
  openModel,
  readAllWeights,
  readSettings,
  readWeights,
  stepsOf,
  TOKENIZER,
} from "../checkpoints/index.ts";
import { CheckpointError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { TRANSFORMER, transformerFromJson, type TransformerConfig } from "../models/index.ts";
import { matchWeights, requireAll, type Parameter } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { translationTokens, type Tokenizer } from "../tokens/index.ts";
import { translatorParameters } from "./translator-model.ts";

/** What a translator's folder holds. */
export interface TranslatorFolder {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: readonly Parameter[];
  /** Reads the weights one at a time. Throws CheckpointError where one of them is not a finite number. */
  readonly tensors: () => AsyncGenerator<readonly [string, HostTensor]>;
  /** Reads all weights, as `tensors` does. */
  readonly weights: () => Promise<Map<string, HostTensor>>;
}

/**
 * Opens a folder that a training wrote and checks it without reading the weights: all files are there, the config is
 * valid, the tokenizer is one that the model can have been trained with, and the tensors have the names and shapes of
 * the config. Throws CheckpointError or ConfigError that says which does not.
 */
export async function openTranslatorFolder(folder: ReadableFolder): Promise<TranslatorFolder> {
  const model = await openModel(folder);
  const { tokenizer, weights } = model;
  const config = transformerFromJson(model.config.values, folder.describe("config.json"));
  requireTokenizer(tokenizer, config, folder.describe(TOKENIZER));
  const parameters = translatorParameters(config);
  const match = matchWeights(parameters, weights.tensors);
  requireAll(match, { file: weights.shown });
  const tensors = (): ReturnType<typeof readWeights> => readWeights(weights, match);
  return { config, tokenizer, parameters, tensors, weights: () => readAllWeights(weights, match) };
}

function requireTokenizer(tokenizer: Tokenizer, config: TransformerConfig, file: string): void {
  const advice = "Use the tokenizer that the model was saved with.";
  if (tokenizer.size !== config.vocabulary) {
    throw new CheckpointError(
      `${file} has ${tokenizer.size} tokens, and the model was trained with ${config.vocabulary}. ${advice}`,
    );
  }
  const special = { pad: config.paddingId, start: config.startId, end: config.endId };
  for (const [kind, id] of Object.entries(special) as [keyof typeof special, number][]) {
    const token = translationTokens[kind];
    const found = tokenizer.tokenToId(token);
    if (found === undefined || found === id) continue;
    throw new CheckpointError(
      `${file} gives ${token} the id ${found}, and the model was trained with ${id}. ${advice}`,
    );
  }
}

/**
 * Whether a folder is that of a translator that Heed trained, or of its unfinished training. What is no model folder at
 * all is not.
 */
export async function isTranslatorFolder(folder: ReadableFolder): Promise<boolean> {
  if ((await folder.kind(CONFIG)) !== "file") return (await stepsOf(folder)).length > 0;
  return (await readSettings(folder, CONFIG)).values["model_type"] === TRANSFORMER;
}
