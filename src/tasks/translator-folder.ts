/** A translator's folder without an engine: what it holds, and whether its parts fit each other. */
import { openModel, openSafetensors, TOKENIZER, WEIGHTS, type TensorFile } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { transformerFromJson, type TransformerConfig } from "../models/index.ts";
import { firstNotFinite, requireMatch, type Parameter } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import { translationTokens, type Tokenizer } from "../tokens/index.ts";
import { translatorParameters } from "./translator-model.ts";

/** What a translator's folder holds. */
export interface TranslatorFolder {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: readonly Parameter[];
  /** Reads all weights. Throws CheckpointError where one of them is not a finite number. */
  readonly weights: () => Promise<Map<string, HostTensor>>;
}

/**
 * Opens a folder that a training wrote and checks it without reading the weights: all files are there, the config is
 * valid, the tokenizer is one that the model can have been trained with, and the tensors have the names and shapes of
 * the config. Throws CheckpointError or ConfigError that says which does not.
 */
export async function openTranslatorFolder(folder: ReadableFolder): Promise<TranslatorFolder> {
  const model = await openModel(folder);
  const { tokenizer } = model;
  const config = transformerFromJson(model.config, folder.describe("config.json"));
  requireTokenizer(tokenizer, config, folder.describe(TOKENIZER));
  const parameters = translatorParameters(config);
  const file = folder.describe(WEIGHTS);
  requireMatch(parameters, typesOf(await openSafetensors(folder, WEIGHTS)), file);
  const weights = async (): Promise<Map<string, HostTensor>> => {
    const values = await model.weights();
    const bad = firstNotFinite(values);
    if (bad === undefined) return values;
    throw new CheckpointError(
      `${file}: ${bad} holds a value that is not a finite number, so the model can compute nothing. ` +
        `Use an earlier checkpoint.`,
    );
  };
  return { config, tokenizer, parameters, weights };
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

/** Shapes and dtypes from the header alone. */
function typesOf(file: TensorFile): Map<string, Pick<HostTensor, "dtype" | "shape">> {
  const dtypes: Partial<Record<string, HostTensor["dtype"]>> = { F32: "float32", F16: "float16", BF16: "bfloat16" };
  return new Map(
    file.names.map((name) => {
      const { dtype, shape } = file.place(name);
      return [name, { dtype: dtypes[dtype] ?? "int64", shape }];
    }),
  );
}
