/** A translator's folder without an engine: what it holds, and whether its parts fit each other. */
import { openModel, openSafetensors, WEIGHTS, type TensorFile } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors/index.ts";
import type { ReadableFolder } from "../files/index.ts";
import { transformerFromJson, type TransformerConfig } from "../models/index.ts";
import { requireMatch, Trace, type Parameter } from "../nn/index.ts";
import type { HostTensor } from "../onnx/index.ts";
import type { Tokenizer } from "../tokens/index.ts";
import { translatorForward } from "./translator-model.ts";

export interface TranslatorFolder {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: readonly Parameter[];
  /** Reads all weights. */
  readonly weights: () => Promise<Map<string, HostTensor>>;
}

/**
 * Opens a folder that a training wrote and checks it without reading the weights: all files are there, the config is
 * valid, the tokenizer has as many tokens as the model, and the tensors have the names and shapes of the config.
 * Throws CheckpointError or ConfigError that says which does not.
 */
export async function openTranslatorFolder(folder: ReadableFolder): Promise<TranslatorFolder> {
  const model = await openModel(folder);
  const config = transformerFromJson(model.config, folder.describe("config.json"));
  if (model.tokenizer.size !== config.vocabulary) {
    throw new CheckpointError(
      `${folder.describe("tokenizer.json")} has ${model.tokenizer.size} tokens, and the model was trained with ` +
        `${config.vocabulary}. Use the tokenizer that the model was saved with.`,
    );
  }
  const trace = new Trace("forward");
  translatorForward(config)(trace.scope);
  const parameters = [...trace.parameters.values()];
  requireMatch(parameters, typesOf(await openSafetensors(folder, WEIGHTS)));
  return { config, tokenizer: model.tokenizer, parameters, weights: () => model.weights() };
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
